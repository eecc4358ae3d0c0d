# Plugins: what they bring to machines and resources.
{
  attrNames,
  evaluate,
  fails,
  mkPlugin,
  ...
}:
let
  kitchen = mkPlugin {
    name = "kitchen";
    nixexprs = [ ./plugins/kitchen/nix ];
  };

  with' = plugins: attributes: evaluate ({ network = { inherit plugins; }; } // attributes);

  result = with' [ kitchen ] {
    resources.kitchenKeys.mine = { };
    resources.kitchenTables.round =
      { resources, ... }:
      {
        keyPair = resources.kitchenKeys.mine;
      };
    db = { };
    web =
      { nodes, resources, ... }:
      {
        deployment.targetEnv = "kitchen";
        deployment.kitchen = {
          host = nodes.db.config;
          key = resources.kitchenKeys.mine;
          image = "given";
        };
        fileSystems."/data" = {
          device = "/dev/sdb";
          fsType = "ext4";
          kitchen = "lower";
        };
      };
  };

  inherit (result.nodes) db web;

  record = name: result.record.options name result.nodes.${name}.config;
in
{
  "options of a plugin are those of every machine" = {
    expr = [
      db.config.deployment.kitchen.name
      (attrNames db.config.deployment.zones)
      web.config.networking.domain
    ];
    expected = [
      "nixops-uuid-db"
      [ "kitchen" ]
      "nixops-uuid-web"
    ];
  };

  "a reference to a machine or resource becomes a text" = {
    expr = [
      web.config.deployment.kitchen.host
      web.config.deployment.kitchen.key
      (result.resources.kitchenTables.round { }).value.keyPair
    ];
    expected = [
      "__machine-db"
      "res-mine.kitchen-key"
      "res-mine"
    ];
  };

  "a module that is imported twice counts once" = {
    expr = web.config.deployment.kitchen.shared;
    expected = [ "shared" ];
  };

  "modules in modules come along, with what they were given" = {
    expr = [
      web.config.deployment.kitchen.argument
      web.config.deployment.kitchen.inline
      (builtins.elem 5 web.config.networking.firewall.allowedTCPPorts)
    ];
    expected = [
      "argument"
      "b"
      true
    ];
  };

  "a module of a plugin can be disabled by its path" = {
    expr =
      (with' [ kitchen ] {
        web.disabledModules = [ ./plugins/kitchen/nix/parts/base.nix ];
      }).nodes.web.config.deployment.kitchen
        ? argument;
    expected = false;
  };

  "plugins find their libraries, their files and nixpkgs" = {
    expr = {
      inherit (web.config.deployment.kitchen)
        found
        hasPlatform
        packages
        shouted
        tables
        unit
        ;
    };
    expected = {
      found = [ "list" ];
      hasPlatform = true;
      packages = true;
      shouted = "WEB";
      tables = { };
      unit = "dev-disk";
    };
  };

  "what a plugin would read lazily is read when it is asked for" = {
    expr = fails (with' [ kitchen ] { web = { }; }).nodes.web.config.deployment.kitchen.secret;
    expected = false;
  };

  "a plugin extends file systems" = {
    expr = web.config.fileSystems."/data".kitchen;
    expected = "lower";
  };

  "a resource type of a plugin is evaluated with its own module" = {
    expr = removeAttrs (result.resources.kitchenKeys.mine { }).value [ "deployment" ];
    expected = {
      _name = "mine";
      _type = "kitchen-key";
      name = "charon-u-u-i-d-mine";
      region = "here";
      short = "uuid";
    };
  };

  "a resource sees machines" = {
    expr = {
      inherit ((result.resources.kitchenTables.round { }).value) others seats;
    };
    expected = {
      others = [
        "db"
        "web"
      ];
      seats = [
        "db"
        "web"
      ];
    };
  };

  "a resource tells where it is defined" = {
    expr =
      let
        inherit (result.resources.kitchenKeys.mine { }) files position;
      in
      [
        (map baseNameOf files)
        (baseNameOf position.file)
      ];
    expected = [
      [ "plugins.nix" ]
      "plugins.nix"
    ];
  };

  "a machine tells the files of its deployment options, not those of plugins" = {
    expr = map baseNameOf (result.record.files web.options (record "web"));
    expected = [ "plugins.nix" ];
  };

  "exporters add to what is told of a machine, and core counts more" = {
    expr = [
      (record "web").kitchen.host
      (record "web").zones
      (record "web").targetPort
      (record "db").kitchen
    ];
    expected = [
      "__machine-db"
      [ "kitchen" ]
      22
      { }
    ];
  };

  "a plugin may have neither options nor resources" = {
    expr =
      let
        bare = with' [
          (mkPlugin {
            name = "bare";
            nixexprs = [ ./plugins/bare/nix ];
          })
        ] { web.deployment.targetEnv = "bare"; };
      in
      (bare.record.options "web" bare.nodes.web.config).bare;
    expected = true;
  };

  "automatic volumes are there without a plugin" = {
    expr =
      let
        config =
          (evaluate {
            web = {
              deployment.autoLuks.secret = {
                device = "/dev/xvdf";
                passphrase = "x";
              };
              deployment.autoRaid0.big.devices = [
                "/dev/xvdg"
                "/dev/xvd-h"
              ];
            };
          }).nodes.web.config;
      in
      {
        keys = attrNames config.deployment.keys;
        cryptsetup = config.systemd.services.cryptsetup-secret.requires;
        raid = config.systemd.services.raid0-big.requires;
      };
    expected = {
      keys = [ "luks-secret" ];
      cryptsetup = [
        "dev-xvdf.device"
        "keys.target"
      ];
      raid = [
        "dev-xvdg.device"
        "dev-xvd\\x2dh.device"
      ];
    };
  };

  "a plugin may bring what core ships" = {
    expr =
      (with'
        [
          (mkPlugin {
            name = "beside";
            nixexprs = [ ./plugins/beside/package/nix ];
          })
        ]
        {
          web.deployment.autoLuks.a = "its own";
          web.deployment.autoRaid0.b.devices = [ "/dev/c" ];
        }
      ).nodes.web.config.deployment.autoLuks;
    expected.a = "its own";
  };

  "a type may say how its resources end, also where only its plugin is looked at" =
    let
      guarded = with' [
        (mkPlugin {
          name = "guarded";
          nixexprs = [ ./plugins/guarded/nix ];
        })
      ] { resources.guardedDisks.data.size = 3; };
      disk = guarded.resources.guardedDisks.data { };
      check = builtins.head guarded.plugins.checks;
    in
    {
      expr = [
        disk.lifecycle.protect
        (check.agreement { guardedDisks = [ { size = 3; } ]; })
      ];
      expected = [
        true
        {
          guardedDisks = [
            {
              _name = "<name>";
              _type = "guardedDisks";
              size = 3;
            }
          ];
        }
      ];
    };
}
