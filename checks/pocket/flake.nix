{
  description = "Pocket nixpkgs: the part of nixpkgs' interface that a network of NixOS machines needs";

  # The Rust of this machine, where somebody gives one: see `checks/toolchain`. Following nothing, this
  # input is the root flake itself until it is overridden, and nothing is ever fetched.
  inputs.toolchain.follows = "";

  outputs =
    { toolchain, ... }:
    let
      rust = toolchain.rust or null;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      plainLib = import ./lib;
      forEachSystem = plainLib.genAttrs systems;
      legacyPackages = forEachSystem (system: import ./. { inherit system rust; });

      lib = plainLib.extend (
        _: _: {
          nixosSystem =
            arguments:
            import ./nixos/lib/eval-config.nix (
              {
                inherit lib;
                # The system comes from `nixpkgs.hostPlatform`, as in nixpkgs' own flake.
                system = null;
              }
              // arguments
            );
        }
      );
    in
    {
      inherit lib legacyPackages;

      packages = forEachSystem (system: {
        inherit (legacyPackages.${system}) hello;
        default = legacyPackages.${system}.hello;
      });

      formatter = forEachSystem (system: legacyPackages.${system}.nixfmt);

      checks = forEachSystem (system: {
        machine =
          (lib.nixosSystem { modules = [ { nixpkgs.hostPlatform = system; } ]; })
          .config.system.build.toplevel;
      });

      nixosModules = { };
    };
}
