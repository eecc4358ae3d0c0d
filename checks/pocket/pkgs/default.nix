# The package set: builders, a few real programs, and names that modules refer to.
{
  system,
  lib,
  config ? { },
  overlays ? [ ],
  buildSystem ? system,
  # The toolchain of this machine, as `checks/toolchain` describes it.
  rust ? null,
}:
let
  platform = lib.systems.elaborate system;

  packages =
    pkgs:
    let
      builders = import ./builders.nix { inherit lib buildSystem; };
      text = import ./text.nix {
        inherit lib;
        inherit (pkgs) runCommandLocal runtimeShell;
      };
      trees = import ./trees.nix {
        inherit lib;
        inherit (pkgs) runCommandLocal;
      };
      programs = import ./programs.nix { inherit lib pkgs; };
      rustTools = lib.optionalAttrs (builtins.pathExists ./rust.nix) (
        import ./rust.nix {
          system = buildSystem;
          inherit rust;
        }
      );
    in
    {
      _type = "pkgs";
      inherit
        lib
        config
        overlays
        system
        ;
      path = ../.;
      hostPlatform = platform;
      buildPlatform = lib.systems.elaborate buildSystem;
      targetPlatform = platform;
      # Programs of the host: the pocket has no shell of its own.
      runtimeShell = "/bin/sh";
      stdenv = builders.stdenv // {
        hostPlatform = platform;
        buildPlatform = lib.systems.elaborate buildSystem;
        targetPlatform = platform;
        inherit (platform)
          isLinux
          isDarwin
          isx86_64
          isAarch64
          ;
        inherit system;
      };
      stdenvNoCC = pkgs.stdenv;
      callPackage = lib.callPackageWith pkgs;
      newScope = scope: lib.callPackageWith (pkgs // scope);
      appendOverlays =
        more:
        import ./. {
          inherit
            system
            lib
            config
            buildSystem
            rust
            ;
          overlays = overlays ++ more;
        };
      extend = overlay: pkgs.appendOverlays [ overlay ];
      writers = { };
      buildPackages = pkgs;
      pkgsBuildHost = pkgs;
    }
    // lib.filterAttrs (name: _: name != "stdenv") builders
    // text
    // trees
    // programs
    // rustTools;

  overlaid = builtins.foldl' (f: overlay: lib.extends overlay f) packages overlays;
in
lib.fix overlaid
