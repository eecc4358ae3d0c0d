{
  description = "A network of two machines";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

    # The tool is an input too, so that everybody who works on this network has
    # the same version of it. It shares our nixpkgs.
    nixops.url = "github:NixOS/nixops"; # or of a clone: git+file:///home/me/nixops
    nixops.inputs.nixpkgs.follows = "nixpkgs";

    # A plugin is one more input. Its options and resources are there then, and
    # the lock file pins it with its provider.
    # neatcloud.url = "github:NixOS/nixops?dir=plugins/neatcloud";
    # neatcloud.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    { nixpkgs, nixops, ... }:
    {
      # What `nixops deploy` deploys. Further networks of the same flake have
      # other names and are chosen with `--flake .#name`.
      nixopsConfigurations.default = import ./network.nix // {
        inherit nixpkgs;
      };

      # So that `nix run .#nixops -- deploy` works here.
      packages = builtins.mapAttrs (_system: packages: { inherit (packages) nixops; }) nixops.packages;
      apps = builtins.mapAttrs (_system: apps: { inherit (apps) nixops; }) nixops.apps;
    };
}
