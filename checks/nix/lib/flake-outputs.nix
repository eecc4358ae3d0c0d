# What the flake of NixOps gives to other flakes.
{
  attrNames,
  evaluate,
  fails,
  lib,
  mkPlugin,
  nixpkgs,
  ...
}:
let
  system = "x86_64-linux";

  base = {
    nixpkgs.hostPlatform = system;
    system.stateVersion = "26.05";
  };

  tiny = mkPlugin {
    name = "tiny";
    schemas = ./plugins/tiny/schemas;
  };

  shop = {
    inherit nixpkgs;
    network.plugins = [ tiny ];
    defaults = base;
    resources.tinyVolumes.data = {
      size = 3;
      colour = "red";
    };
    resources.commandOutput.count.script = "echo 3";
    db.deployment.targetEnv = "tinycloud";
    db.deployment.tinycloud.size = "small";
    web =
      { resources, ... }:
      {
        networking.extraHosts = "${resources.commandOutput.count.value}";
      };
  };

  checksOf =
    more: network:
    import ../../../lib/flake/checks.nix (
      {
        self = {
          outPath = "/nowhere";
          nixopsConfigurations.default = network;
        };
        inherit system;
      }
      // more
    );

  checks = checksOf { } shop;

  # A network whose machine `web` has one thing more.
  checked = module: (checksOf { } (shop // { web = module; })).nixops-default-web.drvPath;

  # As flake-parts calls a module of a flake, as far as ours looks at it.
  flakeOf =
    modules:
    let
      evaluated = lib.evalModules {
        specialArgs = {
          inputs = { inherit nixpkgs; };
          self.outPath = "/nowhere";
        };
        modules = [
          (import ../../../lib/flake/module.nix {
            outPath = "/nixops";
            lib.checks = checksOf': attrNames checksOf'.networks;
          })
          {
            options.flake = lib.mkOption {
              type = lib.types.submodule { freeformType = lib.types.lazyAttrsOf lib.types.raw; };
            };
            options.perSystem = lib.mkOption {
              type = lib.types.functionTo lib.types.raw;
              default = _: { };
            };
          }
        ]
        ++ modules;
      };
    in
    evaluated.config.flake
    // {
      checks = (evaluated.config.perSystem { inherit system; }).checks or null;
    };

  nodesOf =
    modules: (evaluate (removeAttrs (flakeOf modules).nixopsConfigurations.shop [ "nixpkgs" ])).nodes;

  finished =
    module:
    nixpkgs.lib.nixosSystem {
      modules = [
        base
        ../../../lib/options/machine.nix
        module
      ];
    };
in
{
  "a network has a check for each machine and one for its resources" = {
    expr = attrNames checks;
    expected = [
      "nixops-default-db"
      "nixops-default-resources"
      "nixops-default-web"
    ];
  };

  "a check evaluates its machine or the resources" = {
    expr = map (name: lib.hasSuffix ".drv" checks.${name}.drvPath) (attrNames checks);
    expected = [
      true
      true
      true
    ];
  };

  "a check fails where a machine or resource does" = {
    expr = [
      (fails (checked {
        networking.hostName = throw "no name";
      }))
      (fails
        (checksOf { } (
          shop
          // {
            resources.tinyVolumes.data.size = "large";
          }
        )).nixops-default-resources.drvPath
      )
      (fails (checked { }))
    ];
    expected = [
      true
      true
      false
    ];
  };

  "systems are built by checks if that is wanted" =
    let
      systemsIn =
        more:
        lib.filter (lib.hasInfix "nixos-system") (
          attrNames (builtins.getContext (checksOf more shop).nixops-default-db.text)
        );
    in
    {
      expr = [
        (systemsIn { })
        (lib.length (systemsIn {
          build = true;
        }))
      ];
      expected = [
        [ ]
        1
      ];
    };

  "a network that is a function is given arguments" = {
    expr = attrNames (
      checksOf { arguments.name = "web"; } (
        { name }: {
          inherit nixpkgs;
          ${name} = base;
        }
      )
    );
    expected = [
      "nixops-default-resources"
      "nixops-default-web"
    ];
  };

  "modules of flake-parts add machines to one network" = {
    expr =
      let
        nodes = nodesOf [
          { nixops.networks.shop.web.deployment.tags = [ "eu" ]; }
          {
            nixops.networks.shop = {
              defaults = base;
              web.networking.domain = "example.org";
              db = finished { deployment.tags = [ "data" ]; };
            };
          }
        ];
      in
      [
        (attrNames nodes)
        nodes.web.config.deployment.tags
        nodes.web.config.networking.domain
        nodes.db.config.deployment.tags
      ];
    expected = [
      [
        "db"
        "web"
      ]
      [ "eu" ]
      "example.org"
      [ "data" ]
    ];
  };

  "flake-parts checks networks if that is wanted" = {
    expr =
      map
        (
          checks:
          (flakeOf [
            {
              nixops = {
                inherit checks;
                networks.shop.web = base;
              };
            }
          ]).checks
        )
        [
          false
          true
        ];
    expected = [
      null
      [ "shop" ]
    ];
  };

  "a finished configuration cannot be merged with more" = {
    expr = fails (nodesOf [
      { nixops.networks.shop.db = finished { }; }
      { nixops.networks.shop.db = base; }
    ]);
    expected = true;
  };

  "a configuration says how it is deployed and stays one" =
    let
      web = finished {
        deployment.tags = [ "eu" ];
        deployment.targetHost = "web.example.org";
      };
      network = evaluate { inherit web; };
    in
    {
      expr = [
        web.config.deployment.tags
        (lib.hasSuffix ".drv" web.config.system.build.toplevel.drvPath)
        network.nodes.web.config.deployment.targetHost
        (network.record.options "web" network.nodes.web.config).tags
      ];
      expected = [
        [ "eu" ]
        true
        "web.example.org"
        [ "eu" ]
      ];
    };
}
