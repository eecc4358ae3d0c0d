/**
  Finds the nixpkgs of a network and of its machines.

  A network names it as `nixpkgs` (a flake, the way of flakes) or `network.nixpkgs` (a package set
  or a path, the way of classic networks); a classic network without either takes `<nixpkgs>`.
  `network.nodeNixpkgs.<machine>` overrides it for one machine.

  # Output

  `{ lib, path, pkgs, evalConfigFor }`, where `evalConfigFor name` evaluates the NixOS configuration of
  that machine from `{ modules, specialArgs }`.
*/
{
  definitions,
  network,
  system,
}:

let
  named = builtins.catAttrs "nixpkgs" definitions;

  chosen =
    if named != [ ] then
      builtins.head named
    else if network ? nixpkgs then
      network.nixpkgs
    else if builtins ? currentSystem then
      <nixpkgs>
    else
      throw "the network has no nixpkgs; add the flake input to it: `nixpkgs = inputs.nixpkgs;'";

  instantiate = path: import path { inherit system; };

  fromFlake =
    flake:
    let
      pkgs =
        flake.legacyPackages.${system}
          or (throw "`nixpkgs' of the network has no packages for ${system}, the platform of this computer");
    in
    {
      inherit pkgs;
      inherit (flake) lib;
      path = flake.outPath or pkgs.path;
      evalConfig = flake.lib.nixosSystem;
    };

  # A package set has a platform, which need not be the deployer's.
  fromPackages = pkgs: {
    inherit pkgs;
    inherit (pkgs) lib path;
    evalConfig =
      arguments:
      import "${toString pkgs.path}/nixos/lib/eval-config.nix" (
        arguments // { inherit (pkgs.stdenv.hostPlatform) system; }
      );
  };

  normalise =
    nixpkgs:
    if builtins.isAttrs nixpkgs && nixpkgs ? legacyPackages then
      fromFlake nixpkgs
    else if builtins.isAttrs nixpkgs && nixpkgs ? lib && nixpkgs ? path then
      fromPackages nixpkgs
    else if
      if builtins.isAttrs nixpkgs then
        !nixpkgs ? outPath
      else
        !(builtins.isPath nixpkgs || builtins.isString nixpkgs)
    then
      throw "`nixpkgs' of the network must be the nixpkgs flake, a package set or a path"
    else
      fromPackages (instantiate nixpkgs);

  common = normalise chosen;
  nodeNixpkgs = network.nodeNixpkgs or { };
in
{
  inherit (common) lib path pkgs;
  evalConfigFor =
    name: (if nodeNixpkgs ? ${name} then normalise nodeNixpkgs.${name} else common).evalConfig;
}
