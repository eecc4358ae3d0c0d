{
  evaluate,
  fails,
  lib,
  network,
  nixpkgs,
  web,
  ...
}:
{
  "a machine is named and reached as its attribute" = {
    expr =
      let
        config = web { };
      in
      [
        config.networking.hostName
        config.deployment.targetHost
        config._name
        config._type
      ];
    expected = [
      "web"
      "web"
      "web"
      "machine"
    ];
  };

  "the port is the first one of sshd" = {
    expr =
      (web {
        services.openssh.ports = [
          2222
          22
        ];
      }).deployment.targetPort;
    expected = 2222;
  };

  "without a port of sshd it is the usual one" = {
    expr = (web { services.openssh.ports = [ ]; }).deployment.targetPort;
    expected = 22;
  };

  "a host name does not change where a machine is reached" = {
    expr = (web { networking.hostName = "other"; }).deployment.targetHost;
    expected = "web";
  };

  "modules know the deployment" = {
    expr =
      let
        config = web (
          {
            name,
            uuid,
            deploymentName,
            ...
          }:
          {
            environment.etc.who.text = "${name} ${uuid} ${deploymentName}";
          }
        );
      in
      [
        config.environment.etc.who.text
        config.deployment.uuid
        config.deployment.name
        config.deployment.arguments
      ];
    expected = [
      "web u-u-i-d shop"
      "u-u-i-d"
      "shop"
      { }
    ];
  };

  "machines read each other and the resources" = {
    expr =
      (evaluate {
        resources.commandOutput.date.script = "date";
        db = { };
        web =
          { nodes, resources, ... }:
          {
            environment.etc.db.text = "${nodes.db.config.networking.hostName} ${resources.commandOutput.date.script} ${resources.machines.db._type}";
          };
      }).nodes.web.config.environment.etc.db.text;
    expected = "db date machine";
  };

  "defaults hold for every machine and yield to it" = {
    expr =
      let
        nodes =
          (evaluate {
            defaults.networking.domain = lib.mkDefault "example.org";
            a = { };
            b.networking.domain = "example.net";
          }).nodes;
      in
      map (name: nodes.${name}.config.networking.domain) [
        "a"
        "b"
      ];
    expected = [
      "example.org"
      "example.net"
    ];
  };

  "definitions of several files come together" = {
    expr =
      let
        result = network [
          {
            _file = "a.nix";
            inherit nixpkgs;
            network.description = "first";
            network.owner = "me";
            web.networking.domain = "example.org";
          }
          {
            _file = "b.nix";
            network.description = "second";
            web.networking.firewall.allowedTCPPorts = [ 80 ];
            db = { };
          }
        ];
        config = result.nodes.web.config;
      in
      {
        inherit (result) network;
        machines = result.names.machines;
        domain = config.networking.domain;
        ports = config.networking.firewall.allowedTCPPorts;
      };
    expected = {
      network = {
        description = "second";
        owner = "me";
      };
      machines = [
        "db"
        "web"
      ];
      domain = "example.org";
      ports = [ 80 ];
    };
  };

  "reserved attributes are no machines" = {
    expr =
      (evaluate {
        network.description = "x";
        defaults = { };
        resources = { };
        require = [ ];
        web = { };
      }).names.machines;
    expected = [ "web" ];
  };

  "a machine without a platform has the deployer's" = {
    expr = (web { }).nixpkgs.hostPlatform.system or (web { }).nixpkgs.hostPlatform;
    expected = "x86_64-linux";
  };

  "even a weak platform of a machine counts more" = {
    expr =
      let
        platform = (web { nixpkgs.hostPlatform = lib.mkDefault "aarch64-linux"; }).nixpkgs.hostPlatform;
      in
      platform.system or platform;
    expected = "aarch64-linux";
  };

  "special arguments reach all machines or one" = {
    expr =
      let
        read =
          { here, special, ... }:
          {
            environment.etc.special.text = "${special} ${here}";
          };
        nodes =
          (evaluate {
            network.specialArgs = {
              special = "all";
              here = "none";
            };
            network.nodeSpecialArgs.b.here = "b";
            a = read;
            b = read;
          }).nodes;
      in
      map (name: nodes.${name}.config.environment.etc.special.text) [
        "a"
        "b"
      ];
    expected = [
      "all none"
      "all b"
    ];
  };

  "a machine may have a nixpkgs of its own" = {
    expr =
      let
        other = nixpkgs // {
          lib = nixpkgs.lib // {
            nixosSystem =
              arguments:
              nixpkgs.lib.nixosSystem (
                arguments // { modules = arguments.modules ++ [ { networking.domain = "other"; } ]; }
              );
          };
        };
      in
      (evaluate {
        network.nodeNixpkgs.web = other;
        web = { };
      }).nodes.web.config.networking.domain;
    expected = "other";
  };

  "a package set for a machine is of its platform" = {
    expr =
      (evaluate {
        network.nodeNixpkgs.web = import ../../pocket { system = "aarch64-linux"; };
        web = { };
      }).nodes.web.pkgs.stdenv.hostPlatform.system;
    expected = "aarch64-linux";
  };

  "a finished configuration is a machine" = {
    expr =
      let
        result = evaluate {
          web = nixpkgs.lib.nixosSystem {
            modules = [
              {
                nixpkgs.hostPlatform = "x86_64-linux";
                networking.domain = "finished";
              }
            ];
          };
          defaults.deployment.tags = [ "extended" ];
        };
        config = result.nodes.web.config;
      in
      [
        config.networking.domain
        config.networking.hostName
        config.deployment.tags
      ];
    expected = [
      "finished"
      "web"
      [ "extended" ]
    ];
  };

  "a finished configuration may have allowed options that do not exist" = {
    expr =
      (evaluate {
        web = nixpkgs.lib.nixosSystem {
          check = false;
          modules = [ { nosuch.option = 1; } ];
        };
      }).nodes.web.config.networking.hostName;
    expected = "web";
  };

  "a network may allow options that do not exist" = {
    expr =
      (
        (import ../../../lib/network {
          definitions = [
            {
              _file = "net.nix";
              inherit nixpkgs;
              web.nosuch.option = 1;
            }
          ];
          checkConfigurationOptions = false;
          uuid = "u";
          deploymentName = "d";
          system = "x86_64-linux";
        }).machines.web
        { }
      ).config.networking.hostName;
    expected = "web";
  };

  "a name that no shell or URL would like is refused" = {
    expr = fails (evaluate { "a b" = { }; }).names;
    expected = true;
  };

  "an option that does not exist is refused" = {
    expr = fails (web { nosuch.option = 1; }).networking.hostName;
    expected = true;
  };

  "a machine may allow options that do not exist" = {
    expr =
      (web {
        environment.checkConfigurationOptions = false;
        nosuch.option = 1;
      }).networking.hostName;
    expected = "web";
  };

  "NixOS need not know how options that do not exist are allowed" = {
    expr =
      (web {
        disabledModules = [ ../../pocket/nixos/modules/environment.nix ];
        _module.check = false;
      })._type;
    expected = "machine";
  };

  "a network without nixpkgs is refused in pure evaluation and named" = {
    expr =
      fails
        (network [
          {
            _file = "x";
            nixpkgs = { };
            web = { };
          }
        ]).lib;
    expected = true;
  };

  "special arguments and a nixpkgs for a machine that is not there are refused" = {
    expr =
      map
        (
          network:
          fails
            (evaluate {
              inherit network;
              web = { };
            }).names
        )
        [
          { nodeSpecialArgs.wbe.x = 1; }
          { nodeNixpkgs.wbe = nixpkgs; }
          { nodeSpecialArgs.web.x = 1; }
        ];
    expected = [
      true
      true
      false
    ];
  };
}
