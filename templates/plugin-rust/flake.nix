{
  description = "A plugin for NixOps with a provider";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

    # The crate `nixops-plugin`, of the same version as the tool.
    nixops.url = "github:NixOS/nixops"; # or of a clone: git+file:///home/me/nixops
    nixops.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    { nixpkgs, nixops, ... }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEachSystem =
        attributes: nixpkgs.lib.genAttrs systems (system: attributes nixpkgs.legacyPackages.${system});

      # The crate with `nixops` beside it, where Cargo.toml looks for it.
      source =
        pkgs:
        pkgs.runCommand "noteboard-source" { } ''
          cp -R ${./.} $out
          chmod -R u+w $out
          ln -s ${nixops} $out/nixops
        '';

      noteboard =
        pkgs:
        pkgs.rustPlatform.buildRustPackage {
          pname = "nixops-noteboard";
          version = "0.1.0";
          src = source pkgs;
          cargoLock.lockFile = ./Cargo.lock;
          meta.mainProgram = "nixops-noteboard";
        };
    in
    {
      nixopsPlugin = {
        name = "noteboard";
        version = "0.1.0";

        # Written by `nixops-noteboard schema --dir schemas`. The options in Nix follow from them.
        schemas = ./schemas;

        # The program that makes, reads, changes and deletes the resources, by the deployer's system.
        providers = builtins.mapAttrs (_system: package: "${package}/bin/nixops-noteboard") (
          forEachSystem noteboard
        );
      };

      packages = forEachSystem (pkgs: rec {
        nixops-noteboard = noteboard pkgs;
        default = nixops-noteboard;
      });

      # `nix develop`, then `cargo build`: the link is what the package has, too.
      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.cargo
            pkgs.clippy
            pkgs.rustc
            pkgs.rustfmt
          ];
          shellHook = "ln -sfn ${nixops} nixops";
        };
      });
    };
}
