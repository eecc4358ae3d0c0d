# What the tests of `lib/` have in common: a nixpkgs with the given `lib`, and networks on it.
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

  networkWith =
    more: definitions:
    import ../../../lib/network (
      {
        inherit definitions;
        arguments = { };
        uuid = "u-u-i-d";
        deploymentName = "shop";
        system = "x86_64-linux";
      }
      // more
    );

  network = networkWith { };

  # A network of one file.
  evaluate = evaluateWith { };

  # The same, with other arguments of `lib/network` beside the usual ones.
  evaluateWith =
    more: attributes:
    networkWith more [
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
in
{
  inherit
    evaluate
    evaluateWith
    network
    nixpkgs
    web
    ;
  inherit (nixpkgs) lib;
  fails = expr: !(builtins.tryEval (builtins.deepSeq expr expr)).success;
  inherit (nixpkgs.lib) attrNames;
  inherit (import ../../../lib) mkPlugin;
}
