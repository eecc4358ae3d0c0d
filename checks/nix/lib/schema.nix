{
  attrNames,
  fails,
  lib,
  nixpkgs,
  ...
}:
let
  schema = import ../../../lib/schema { inherit (nixpkgs) lib; };

  # Schemas with values, on which the binary has to agree: its tests read the same file.
  agreement = lib.importJSON ./schema/agreement.json;

  differing = judge: {
    refused = lib.filter (entry: entry.values != [ ]) (
      map (entry: {
        inherit (entry) name;
        values = lib.filter (value: !judge entry.schema value) entry.accepted;
      }) agreement
    );
    accepted = lib.filter (entry: entry.values != [ ]) (
      map (entry: {
        inherit (entry) name;
        values = lib.filter (judge entry.schema) entry.refused;
      }) agreement
    );
  };

  none = {
    refused = [ ];
    accepted = [ ];
  };

  evaluated =
    given: modules:
    lib.evalModules {
      modules = [ (schema.schemaToOptions given) ] ++ modules;
    };

  configuration = given: config: schema.cleanConfig (evaluated given [ { inherit config; } ]);

  volume = {
    type = "object";
    required = [ "size" ];
    properties = {
      size = {
        type = "integer";
        minimum = 1;
        description = "Size in GiB.";
        examples = [ 20 ];
      };
      label.type = "string";
      region = {
        type = "string";
        default = "eu";
      };
      server = {
        type = [
          "string"
          "null"
        ];
      };
      backup = {
        type = "object";
        properties = {
          keep = {
            type = "integer";
            default = 7;
          };
          at.type = "string";
        };
      };
      source = {
        oneOf = [
          {
            type = "object";
            properties = {
              kind.const = "image";
              image.type = "string";
              format = {
                type = "string";
                default = "raw";
              };
            };
            required = [
              "kind"
              "image"
            ];
          }
          {
            type = "object";
            properties = {
              kind.const = "copy";
              of.type = "string";
            };
            required = [
              "kind"
              "of"
            ];
          }
        ];
      };
      tags = {
        type = "object";
        additionalProperties.type = "string";
        default = { };
      };
    };
  };
in
{
  "option types take what their schema takes, and nothing else" = {
    expr = differing schema.accepts;
    expected = none;
  };

  "validity is what a schema says" = {
    expr = differing schema.isValid;
    expected = none;
  };

  "defaults apply, null stands where it may, and what is not there is absent" = {
    expr = configuration volume { size = 1; };
    expected = {
      size = 1;
      region = "eu";
      server = null;
      tags = { };
    };
  };

  "defaults apply within sets that are there" = {
    expr = (configuration volume { backup = { }; }).backup;
    expected.keep = 7;
  };

  "unnamed attributes pass through" = {
    expr =
      (configuration volume {
        size = 1;
        extra.deep = [
          null
          1
        ];
      }).extra;
    expected.deep = [
      null
      1
    ];
  };

  "a required attribute that is missing is for the binary to report" = {
    expr = attrNames (configuration volume { });
    expected = [
      "region"
      "server"
      "tags"
    ];
  };

  "reading an attribute that has no value fails" = {
    expr = fails (evaluated volume [ ]).config.size;
    expected = true;
  };

  "definitions of one union merge, and its form has defaults" = {
    expr =
      (schema.cleanConfig (
        evaluated volume [
          { source.kind = lib.mkDefault "copy"; }
          { source.kind = "image"; }
          { source = lib.mkIf true { image = lib.mkForce "b"; }; }
          { source.image = "a"; }
        ]
      )).source;
    expected = {
      kind = "image";
      image = "b";
      format = "raw";
    };
  };

  "a tag that no form has is refused" = {
    expr = fails (configuration volume { source.kind = "tape"; }).source;
    expected = true;
  };

  "sets may be modules that know their name" = {
    expr =
      (configuration
        {
          type = "object";
          properties.disks = {
            type = "object";
            additionalProperties = {
              type = "object";
              properties = {
                device.type = "string";
                mount.type = "string";
              };
            };
          };
        }
        {
          disks.data =
            { name, config, ... }:
            {
              device = "/dev/${name}";
              mount = "on ${config.device}";
            };
        }
      ).disks;
    expected.data = {
      device = "/dev/data";
      mount = "on /dev/data";
    };
  };

  "lists of several definitions are counted together" = {
    expr =
      let
        given = {
          type = "object";
          properties.zones = {
            type = "array";
            items.type = "string";
            minItems = 2;
          };
        };
        with' = modules: (evaluated given modules).config.zones;
      in
      {
        both = lib.length (with' [
          { zones = [ "a" ]; }
          { zones = [ "b" ]; }
        ]);
        one = fails (with' [ { zones = [ "a" ]; } ]);
      };
    expected = {
      both = 2;
      one = true;
    };
  };

  "options have descriptions, examples and words for their types" = {
    expr =
      let
        inherit ((evaluated volume [ ]).options) size;
      in
      {
        inherit (size) description example;
        type = size.type.description;
      };
    expected = {
      description = "Size in GiB.";
      example = 20;
      type = "integer at least 1";
    };
  };

  "options of a recursive schema have an end for documentation" = {
    expr =
      let
        tree = {
          "$ref" = "#/$defs/Tree";
          "$defs".Tree = {
            type = "object";
            properties.children = {
              type = "array";
              items."$ref" = "#/$defs/Tree";
            };
          };
        };
        options =
          removeAttrs
            (evaluated {
              type = "object";
              properties.tree = tree;
              "$defs" = tree."$defs";
            } [ ]).options
            [ "_module" ];
      in
      map (option: option.name) (
        lib.filter (option: !option.internal) (lib.optionAttrSetToDocList options)
      );
    expected = [
      "tree"
      "tree.children"
    ];
  };

  "a union at the top becomes one set of options" = {
    expr =
      configuration
        {
          type = "object";
          properties.name.type = "string";
          oneOf = [
            {
              properties.a.type = "integer";
              required = [ "a" ];
            }
            {
              properties.b.type = "integer";
              required = [ "b" ];
            }
          ];
        }
        {
          name = "x";
          b = 1;
        };
    expected = {
      name = "x";
      b = 1;
    };
  };

  "references to other documents, to nothing, and in circles are refused" = {
    expr =
      map
        (
          reference:
          fails (
            schema.accepts { type = "object"; } { }
            &&
              (evaluated {
                type = "object";
                properties.a."$ref" = reference;
                "$defs".b."$ref" = "#/$defs/c";
                "$defs".c."$ref" = "#/$defs/b";
              } [ { a = 1; } ]).config.a == 1
          )
        )
        [
          "https://example.org/schema.json"
          "#/$defs/nothing"
          "#/$defs/b"
        ];
    expected = [
      true
      true
      true
    ];
  };

  "a pattern beyond POSIX is left to the binary" = {
    expr = schema.accepts {
      type = "string";
      pattern = "^(?!-)[a-z-]+$";
    } "-a";
    expected = true;
  };

  "modules of a plugin can be asked what they take" = {
    expr =
      let
        module.options.size = lib.mkOption { type = lib.types.int; };
      in
      map (schema.acceptsModules [ module ]) [
        { size = 1; }
        { size = "1"; }
        { }
        {
          size = 1;
          other = 1;
        }
      ];
    expected = [
      true
      false
      false
      false
    ];
  };
}
