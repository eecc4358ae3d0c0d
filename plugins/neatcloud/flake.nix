{
  description = "NeatCloud, a cloud that fits in a laptop, as a plugin of NixOps";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEachSystem =
        attributes: lib.genAttrs systems (system: attributes nixpkgs.legacyPackages.${system});

      # The provider is a crate of the repository's workspace.
      repository = ../..;

      # What cargo reads, as in the flake of NixOps: so the build is the same, and made once.
      source = builtins.path {
        name = "nixops-source";
        path = repository;
        filter =
          path: _type:
          let
            inside = lib.removePrefix "${toString repository}/" path;
            isUnder = directory: inside == directory || lib.hasPrefix "${directory}/" inside;
          in
          builtins.any isUnder [
            "Cargo.lock"
            "Cargo.toml"
            "build.rs"
            "checks"
            "lib"
            "plugins"
            "src"
            "templates"
          ]
          && !builtins.any isUnder [
            "checks/networks"
            "checks/nix"
            "checks/pocket"
            "plugins/neatcloud/nix"
            "plugins/neatcloud/schemas"
          ];
      };

      providerFor =
        pkgs:
        pkgs.rustPlatform.buildRustPackage {
          pname = "nixops-neatcloud";
          inherit ((lib.importTOML "${toString repository}/Cargo.toml").workspace.package) version;
          src = source;
          cargoLock.lockFile = repository + "/Cargo.lock";
          cargoBuildFlags = [
            "--package"
            "nixops-neatcloud"
          ];
          # The tests want a Nix, an sshd and hosts of their own: ./check has them.
          doCheck = false;
          meta = {
            description = "NeatCloud, a cloud that fits in a laptop, and its provider for NixOps";
            license = lib.licenses.lgpl3Plus;
            mainProgram = "nixops-neatcloud";
          };
        };
    in
    {
      nixopsPlugin = {
        name = "neatcloud";
        version = "1.0";
        nixexprs = [ ./nix ];
        schemas = ./schemas;
        providers = forEachSystem (pkgs: "${providerFor pkgs}/bin/nixops-neatcloud");
      };

      packages = forEachSystem (pkgs: rec {
        nixops-neatcloud = providerFor pkgs;
        default = nixops-neatcloud;
      });

      checks = forEachSystem (pkgs: {
        # The schemas are those that the provider has.
        schemas = pkgs.runCommand "neatcloud-schemas" { } ''
          ${providerFor pkgs}/bin/nixops-neatcloud schema --check --dir ${./schemas}
          touch $out
        '';
      });
    };
}
