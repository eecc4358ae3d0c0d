{
  description = "Deploys networks of NixOS machines and the resources that they need";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forEachSystem =
        attributes: nixpkgs.lib.genAttrs systems (system: attributes nixpkgs.legacyPackages.${system});

      # What cargo reads. The rest of the tree may change without a rebuild.
      source = builtins.path {
        name = "nixops-source";
        path = ./.;
        filter =
          path: _type:
          let
            inside = nixpkgs.lib.removePrefix "${toString ./.}/" path;
            isUnder = directory: inside == directory || nixpkgs.lib.hasPrefix "${directory}/" inside;
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

      # One program of the Cargo workspace.
      program =
        pkgs: pname: description:
        programWith pkgs pname description { };

      # The same, with more attributes.
      programWith =
        pkgs: pname: description: more:
        pkgs.rustPlatform.buildRustPackage (
          {
            inherit pname;
            inherit ((nixpkgs.lib.importTOML ./Cargo.toml).workspace.package) version;
            src = source;
            cargoLock.lockFile = ./Cargo.lock;
            cargoBuildFlags = [
              "--package"
              pname
            ];
            # The tests want a Nix, an sshd and hosts of their own: ./check has them.
            doCheck = false;
            meta = {
              inherit description;
              license = nixpkgs.lib.licenses.lgpl3Plus;
              mainProgram = pname;
            };
          }
          // more
        );

      nixopsFor =
        pkgs:
        programWith pkgs "nixops" "Deploys networks of NixOS machines" {
          # The one that is used where there is none in the user's PATH.
          env.NIXOPS_STRACE = "${pkgs.strace}/bin/strace";
          postInstall = ''
            share=$out/share
            mkdir -p $share/bash-completion/completions $share/zsh/site-functions $share/fish/vendor_completions.d
            $out/bin/nixops completions bash > $share/bash-completion/completions/nixops
            $out/bin/nixops completions zsh > $share/zsh/site-functions/_nixops
            $out/bin/nixops completions fish > $share/fish/vendor_completions.d/nixops.fish
            $out/bin/nixops man --dir $share/man/man1
          '';
        };
      rigFor = pkgs: program pkgs "rig" "Throw-away hosts for tests and the demo";
      neatcloudFor = pkgs: program pkgs "nixops-neatcloud" "NeatCloud, a cloud that fits in a laptop";

      # The unit tests of lib/, with the `lib` of this nixpkgs.
      testedLibrary =
        pkgs:
        let
          inherit (import ./checks/nix/lib { nixpkgsLib = nixpkgs.lib; }) passed failures;
        in
        if failures == { } then
          pkgs.writeText "library-tests" "${toString passed} passed, 0 failed\n"
        else
          throw "tests of lib/ failed: ${builtins.toJSON failures}";

      # What a template's flake.nix gives to its user.
      template =
        directory:
        (import (directory + "/flake.nix")).outputs {
          inherit nixpkgs;
          nixops = self;
        };

      # The systems of a network by machine: evaluated, not built.
      evaluatedSystems =
        pkgs: name: definition:
        let
          network = self.lib.evalNetwork {
            definitions = [ definition ];
            uuid = "template";
            deploymentName = "template";
            inherit (pkgs.stdenv.hostPlatform) system;
          };
          systemOf =
            evaluate: builtins.unsafeDiscardStringContext (evaluate { }).config.system.build.toplevel.drvPath;
        in
        pkgs.writeText "${name}-systems.json" (
          builtins.toJSON (builtins.mapAttrs (_name: systemOf) network.machines)
        );

      # The systems of templates/network as its user has them.
      evaluatedTemplate =
        pkgs:
        evaluatedSystems pkgs "template" (
          (template ./templates/network).nixopsConfigurations.default
          // {
            _file = "templates/network/network.nix";
          }
        );

      # A machine that uses both templates of plugins. Their providers are not built.
      evaluatedPlugins =
        pkgs:
        evaluatedSystems pkgs "template-plugins" {
          _file = "templates";
          inherit nixpkgs;
          network.plugins = map (directory: self.lib.mkPlugin (template directory).nixopsPlugin) [
            ./templates/plugin
            ./templates/plugin-rust
          ];
          resources.greetings.welcome.text = "Welcome";
          resources.notes.first.text = "Buy milk";
          web = {
            nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform.system;
            system.stateVersion = "26.05";
            boot.isContainer = true;
            deployment.greeting = "welcome";
          };
        };
    in
    {
      lib = import ./lib;

      packages = forEachSystem (pkgs: rec {
        nixops = nixopsFor pkgs;
        default = nixops;
      });

      apps = forEachSystem (pkgs: rec {
        nixops = {
          type = "app";
          program = "${nixopsFor pkgs}/bin/nixops";
          meta.description = "Deploys the network of the flake here";
        };
        default = nixops;
        demo = {
          type = "app";
          program = toString (
            pkgs.writeShellScript "nixops-demo" ''
              export NIXOPS=${nixopsFor pkgs}/bin/nixops RIG=${rigFor pkgs}/bin/rig
              export NEATCLOUD=${neatcloudFor pkgs}/bin/nixops-neatcloud
              exec ${pkgs.bash}/bin/bash ${self}/demo "$@"
            ''
          );
          meta.description = "Deploys a network to a cloud on this machine";
        };
      });

      overlays.default = final: prev: { nixops = nixopsFor final; };

      # For a configuration that is put together elsewhere, such as one of `nixosConfigurations`, and is to
      # say how it is deployed.
      nixosModules.default = import ./lib/options/machine.nix;

      flakeModules.default = import ./lib/flake/module.nix self;

      templates = rec {
        network = {
          path = ./templates/network;
          description = "A network of two machines";
        };
        plugin = {
          path = ./templates/plugin;
          description = "A plugin in Nix: options and a type of resources";
        };
        plugin-rust = {
          path = ./templates/plugin-rust;
          description = "A plugin with a provider in Rust";
        };
        default = network;
      };

      checks = forEachSystem (
        pkgs:
        {
          package = nixopsFor pkgs;
          library = testedLibrary pkgs;
          template = evaluatedTemplate pkgs;
          template-plugins = evaluatedPlugins pkgs;
        }
        # What the user of the template would have.
        // self.lib.checks {
          self = template ./templates/network // {
            outPath = ./templates/network;
          };
          inherit (pkgs.stdenv.hostPlatform) system;
        }
      );

      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.cargo
            pkgs.cargo-nextest
            pkgs.clippy
            pkgs.nixfmt
            pkgs.openssh
            pkgs.rustc
            pkgs.rustfmt
            pkgs.strace
          ];
        };
      });

      formatter = forEachSystem (pkgs: pkgs.nixfmt-tree or pkgs.nixfmt);
    };
}
