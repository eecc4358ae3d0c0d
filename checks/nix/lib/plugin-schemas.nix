# Types that a plugin describes by a schema alone.
{
  evaluate,
  fails,
  mkPlugin,
  ...
}:
let
  tiny =
    attributes:
    evaluate (
      {
        network.plugins = [
          (mkPlugin {
            name = "tiny";
            schemas = ./plugins/tiny/schemas;
          })
        ];
      }
      // attributes
    );

  record =
    module:
    let
      network = tiny { web = module; };
    in
    network.record.options "web" network.nodes.web.config;
in
{
  "a schema alone makes a resource type" = {
    expr =
      removeAttrs
        (
          (tiny {
            resources.tinyVolumes.v = {
              size = 3;
              colour = "red";
            };
          }).resources.tinyVolumes.v
          { }
        ).value
        [ "deployment" ];
    expected = {
      _name = "v";
      _type = "tinyVolumes";
      colour = "red";
      label = "data";
      size = 3;
    };
  };

  "a schema alone makes a machine backend" = {
    expr =
      (record {
        deployment.targetEnv = "tinycloud";
        deployment.tinycloud.size = "small";
      }).tinycloud;
    expected = {
      size = "small";
      region = "near";
    };
  };

  "a machine of another backend says nothing of this one" = {
    expr = record { } ? tinycloud;
    expected = false;
  };

  "an option of a schema has its type" = {
    expr =
      fails
        (record {
          deployment.targetEnv = "tinycloud";
          deployment.tinycloud.size = "huge";
        }).tinycloud;
    expected = true;
  };

  "schemas tell types and backends" = {
    expr = map (plugin: { inherit (plugin) backends types; }) (tiny { }).plugins.records;
    expected = [
      {
        backends = [ "tinycloud" ];
        types = [ "tinyVolumes" ];
      }
    ];
  };

  "modules may read a resource of a schema" = {
    expr =
      (tiny {
        resources.tinyVolumes.v.size = 3;
        web =
          { resources, ... }:
          {
            environment.etc.size.text = toString resources.tinyVolumes.v.size;
          };
      }).nodes.web.config.environment.etc.size.text;
    expected = "3";
  };
}
