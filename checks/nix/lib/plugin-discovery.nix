# Which plugins a network has, and what the binary is told of them.
{
  fails,
  lib,
  mkPlugin,
  nixpkgs,
  ...
}:
let
  evaluate =
    inputs: attributes:
    import ../../../lib/network {
      inherit inputs;
      definitions = [
        (
          {
            _file = "net.nix";
            inherit nixpkgs;
          }
          // attributes
        )
      ];
      uuid = "u-u-i-d";
      deploymentName = "shop";
      system = "x86_64-linux";
    };

  flake = outPath: outputs: {
    isFlake = true;
    locked.narHash = "hash of ${outPath}";
    value = outputs // {
      _type = "flake";
      inherit outPath;
      narHash = "hash of ${outPath}";
      sourceInfo = {
        inherit outPath;
        narHash = "hash of ${outPath}";
        rev = "0123456789abcdef0123456789abcdef01234567";
        lastModified = 7;
        shortRev = "0123456";
      };
    };
  };

  plugin = name: flake "/nix/store/${name}" { nixopsPlugin = { inherit name; }; };

  side =
    name:
    flake "/nix/store/${name}" {
      nixopsPlugin = {
        inherit name;
        nixexprs = [ (./plugins + "/${name}/nix") ];
        backends = [ "sides" ];
      };
    };

  unfetched = isFlake: {
    inherit isFlake;
    locked.narHash = "another hash";
    value = throw "this input was fetched";
  };

  # Values in which these two win or lose.
  left = (side "left").value;
  right = (side "right").value;

  both =
    plugins: attributes:
    evaluate {
      left = side "left";
      right = side "right";
    } ({ network = { inherit plugins; }; } // attributes);

  told = network: map (plugin: "${plugin.name} of ${toString plugin.input}") network.plugins.records;
in
{
  "inputs with the output are plugins, in the order of their names" = {
    expr = told (
      evaluate {
        b = plugin "second";
        a = plugin "third";
        c = plugin "first";
        nixpkgs = flake "/nix/store/nixpkgs" { };
        self' = unfetched false;
      } { }
    );
    expected = [
      "third of a"
      "second of b"
      "first of c"
    ];
  };

  "an input that throws is left out" = {
    expr = told (
      evaluate {
        a = unfetched true;
        b = flake "/nix/store/b" { nixopsPlugin = throw "not today"; };
        c = plugin "cloud";
      } { }
    );
    expected = [ "cloud of c" ];
  };

  "inputs that follow each other are one plugin" = {
    expr = told (
      evaluate {
        a = plugin "cloud";
        b = plugin "cloud";
      } { }
    );
    expected = [ "cloud of a" ];
  };

  "plugins that are named replace those that are found, in their order" = {
    expr = told (
      evaluate
        {
          a = plugin "one";
          b = plugin "two";
          c = unfetched true;
        }
        {
          network.plugins = [
            (plugin "two").value
            (mkPlugin { name = "value"; })
            (plugin "one").value
          ];
        }
    );
    expected = [
      "two of b"
      "value of "
      "one of a"
    ];
  };

  "a plugin that overrides comes last" = {
    expr = told (
      evaluate { } {
        network.plugins = [
          {
            plugin = mkPlugin { name = "a"; };
            override = true;
          }
          (mkPlugin { name = "b"; })
        ];
      }
    );
    expected = [
      "b of "
      "a of "
    ];
  };

  "a record tells all of a plugin" = {
    expr =
      (evaluate {
        cloud = flake "/nix/store/cloud" {
          nixopsPlugin = {
            name = "cloud";
            version = "1.0";
            protocol = 2;
            nixexprs = [ ./plugins/left/nix ];
            backends = [ "cloud" ];
            colour = "red";
            providers.x86_64-linux = "/nix/store/1i0mxfj5w1ldlxh6s6k1j2q7j7z0q0n1-nixops-cloud/bin/nixops-cloud";
          };
        };
      } { }).plugins.records;
    expected = [
      {
        name = "cloud";
        version = "1.0";
        input = "cloud";
        override = false;
        locked = {
          narHash = "hash of /nix/store/cloud";
          rev = "0123456789abcdef0123456789abcdef01234567";
          lastModified = 7;
        };
        source = "/nix/store/cloud";
        attributes = [
          "backends"
          "colour"
          "name"
          "nixexprs"
          "protocol"
          "providers"
          "version"
        ];
        protocol = 2;
        nixexprs = [ (toString ./plugins/left/nix) ];
        schemas = null;
        types = [ "disks" ];
        backends = [ "cloud" ];
        provider = {
          program = "/nix/store/1i0mxfj5w1ldlxh6s6k1j2q7j7z0q0n1-nixops-cloud/bin/nixops-cloud";
          drv = null;
          out = "/nix/store/1i0mxfj5w1ldlxh6s6k1j2q7j7z0q0n1-nixops-cloud";
        };
      }
    ];
  };

  "the derivation of a provider is that of its program" = {
    expr =
      let
        build =
          name:
          derivation {
            inherit name;
            system = "x86_64-linux";
            builder = "/bin/sh";
          };
        provider = import ../../../lib/plugins/provider.nix "plugin" (
          lib.addContextFrom "${build "a-dependency"}" "${build "nixops-cloud"}/bin/nixops-cloud"
        );
      in
      builtins.match ".*-nixops-cloud[.]drv" provider.drv == [ ]
      && !builtins.hasContext provider.program
      && lib.hasPrefix "${provider.out}/" provider.program;
    expected = true;
  };

  "a provider for other systems only is told with those" = {
    expr =
      let
        record =
          builtins.head
            (evaluate { } {
              network.plugins = [
                (mkPlugin {
                  name = "far";
                  providers.riscv64-linux = "/bin/far";
                })
              ];
            }).plugins.records;
      in
      [
        record.provider
        record.providerSystems
      ];
    expected = [
      null
      [ "riscv64-linux" ]
    ];
  };

  "of two plugins with one type, backend and option the one that overrides wins" = {
    expr =
      let
        network =
          both
            [
              {
                plugin = left;
                override = true;
              }
              right
            ]
            {
              web = { };
              resources.disks.d = { };
            };
        record = network.record.options "web" network.nodes.web.config;
      in
      {
        told = map (plugin: [
          plugin.name
          plugin.types
          plugin.backends
        ]) network.plugins.records;
        disk = (network.resources.disks.d { }).value._type;
        inherit (network.nodes.web.config.deployment) sides;
        inherit (record) side only-left only-right;
      };
    expected = {
      told = [
        [
          "right"
          [ ]
          [ ]
        ]
        [
          "left"
          [ "disks" ]
          [ "sides" ]
        ]
      ];
      disk = "disk-left";
      sides = {
        side = "left";
        left = true;
        right = true;
      };
      side = "left";
      only-left = true;
      only-right = true;
    };
  };

  "two plugins may both extend file systems" = {
    expr =
      let
        part = name: [ (./plugins + "/${name}/nix/options.nix") ];
        options = import ../../../lib/plugins/options.nix {
          inherit lib;
          pkgs = { };
        };
        of = name: {
          modules = part name;
          options = options.treeOf (part name);
        };
      in
      options.clashes (of "left") (of "right");
    expected = [
      [
        "deployment"
        "sides"
        "side"
      ]
    ];
  };

  "a network without plugins needs no input" = {
    expr =
      (evaluate { a = unfetched false; } {
        resources.commandOutput.c = { };
        web = { };
      }).names;
    expected = {
      machines = [ "web" ];
      resources.commandOutput = [ "c" ];
    };
  };

  "plugins at odds stop the network" = {
    expr =
      fails
        (both [
          left
          right
        ] { web = { }; }).nodes.web.config.networking.hostName;
    expected = true;
  };
}
