# Unit tests of `lib/`, as `{ expr; expected; }` named as sentences.
#
# `nixpkgsLib` is the `lib` to use: that of the pocket, or a real one.
{ nixpkgsLib }:
let
  pocket = ../../pocket;

  nixpkgs = {
    lib = nixpkgsLib // {
      nixosSystem =
        arguments:
        import (pocket + "/nixos/lib/eval-config.nix") (
          {
            lib = nixpkgs.lib;
            system = null;
          }
          // arguments
        );
    };
    legacyPackages.x86_64-linux = import pocket { system = "x86_64-linux"; } // {
      inherit (nixpkgs) lib;
    };
  };

  network =
    attributes:
    import ../../../lib/network {
      definitions = attributes;
      arguments = { };
      uuid = "u-u-i-d";
      deploymentName = "shop";
      system = "x86_64-linux";
    };

  # A network of one file.
  evaluate =
    attributes:
    network [
      (
        {
          _file = "net.nix";
          inherit nixpkgs;
        }
        // attributes
      )
    ];

  # The configuration of the only machine, `web`, of a network.
  web = module: ((evaluate { web = module; }).machines.web { }).config;

  scope = {
    inherit
      evaluate
      network
      nixpkgs
      web
      ;
    inherit (nixpkgs) lib;
    fails = expr: !(builtins.tryEval (builtins.deepSeq expr expr)).success;
    inherit (nixpkgs.lib) attrNames;
  };

  cases =
    import ./definitions.nix scope
    // import ./flakes.nix scope
    // import ./keys.nix scope
    // import ./machines.nix scope
    // import ./nodes.nix scope
    // import ./platform.nix scope
    // import ./records.nix scope
    // import ./resources.nix scope
    // import ./schema.nix scope
    // import ./scrub.nix scope;

  failures = nixpkgsLib.filterAttrs (_: case: case.expr != case.expected) cases;
in
{
  passed = builtins.length (builtins.attrNames cases) - builtins.length (builtins.attrNames failures);
  inherit failures;
}
