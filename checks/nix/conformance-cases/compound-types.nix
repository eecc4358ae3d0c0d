# Types made of other types.
{
  lib,
  accepts,
  configOf,
  merged,
  option,
  throws,
  ...
}:
let
  inherit (lib) types;
  table = type: values: map (accepts type) values;
in
{
  "listOf checks every element" = {
    expr = table (types.listOf types.int) [
      [ ]
      [ 1 ]
      [
        1
        "a"
      ]
      1
    ];
    expected = [
      true
      true
      false
      false
    ];
  };
  "listOf without a value is empty" = {
    expr = (configOf [ { options.x = option (types.listOf types.int); } ]).x;
    expected = [ ];
  };
  "listOf drops elements whose condition is false" = {
    expr = merged (types.listOf types.int) [
      [
        1
        (lib.mkIf false 2)
        3
      ]
    ];
    expected = [
      1
      3
    ];
  };
  "listOf keeps equal elements" = {
    expr = merged (types.listOf types.int) [
      [ 1 ]
      [ 1 ]
    ];
    expected = [
      1
      1
    ];
  };
  "listOf merges each element by itself" = {
    expr = merged (types.listOf (types.submodule { options.a = lib.mkOption { default = 1; }; })) [
      [ { a = 2; } ]
      [ { } ]
    ];
    expected = [
      { a = 1; }
      { a = 2; }
    ];
  };
  "nonEmptyListOf refuses the empty list" = {
    expr = table (types.nonEmptyListOf types.int) [
      [ 1 ]
      [ ]
    ];
    expected = [
      true
      false
    ];
  };
  "nonEmptyListOf has no value by itself" = {
    expr = throws (configOf [ { options.x = option (types.nonEmptyListOf types.int); } ]).x;
    expected = true;
  };
  "attrsOf checks every attribute" = {
    expr = table (types.attrsOf types.int) [
      { }
      { a = 1; }
      { a = "x"; }
      [ ]
    ];
    expected = [
      true
      true
      false
      false
    ];
  };
  "attrsOf merges by name" = {
    expr = merged (types.attrsOf (types.listOf types.int)) [
      { a = [ 1 ]; }
      {
        a = [ 2 ];
        b = [ 3 ];
      }
    ];
    expected = {
      a = [
        2
        1
      ];
      b = [ 3 ];
    };
  };
  "attrsOf without a value is empty" = {
    expr = (configOf [ { options.x = option (types.attrsOf types.int); } ]).x;
    expected = { };
  };
  "lazyAttrsOf shows names without looking at values" = {
    expr = builtins.attrNames (merged (types.lazyAttrsOf types.int) [ { a = throw "looked"; } ]);
    expected = [ "a" ];
  };
  "lazyAttrsOf lets one attribute depend on another" = {
    expr =
      (configOf [
        { options.x = option (types.lazyAttrsOf types.int); }
        (
          { config, ... }:
          {
            x.a = 1;
            x.b = config.x.a + 1;
          }
        )
      ]).x;
    expected = {
      a = 1;
      b = 2;
    };
  };
  "lazyAttrsOf keeps attributes whose condition is false" = {
    expr = builtins.attrNames (merged (types.lazyAttrsOf types.int) [ { a = lib.mkIf false 1; } ]);
    expected = [ "a" ];
  };
  "lazyAttrsOf gives such attributes the empty value of their type" = {
    expr = merged (types.lazyAttrsOf (types.nullOr types.int)) [ { a = lib.mkIf false 1; } ];
    expected.a = null;
  };
  "attrsWith is attrsOf with more to say" = {
    expr =
      let
        type = types.attrsWith {
          elemType = types.int;
          placeholder = "host";
        };
      in
      [
        type.name
        (merged type [ { a = 1; } ])
      ];
    expected = [
      "attrsOf"
      { a = 1; }
    ];
  };
  "nullOr takes null and its type" = {
    expr = table (types.nullOr types.int) [
      null
      1
      "a"
    ];
    expected = [
      true
      true
      false
    ];
  };
  "nullOr without a value is null" = {
    expr = (configOf [ { options.x = option (types.nullOr types.int); } ]).x;
    expected = null;
  };
  "null and a value conflict" = {
    expr = throws (
      merged (types.nullOr types.int) [
        null
        1
      ]
    );
    expected = true;
  };
  "nullOr merges as its type does" = {
    expr = merged (types.nullOr types.lines) [
      "b"
      "a"
    ];
    expected = "a\nb";
  };
  "either takes one or the other" = {
    expr = table (types.either types.int types.str) [
      1
      "a"
      true
    ];
    expected = [
      true
      true
      false
    ];
  };
  "either merges by the type that all have" = {
    expr = merged (types.either types.int (types.listOf types.int)) [
      [ 1 ]
      [ 2 ]
    ];
    expected = [
      2
      1
    ];
  };
  "either does not merge values of both types" = {
    expr = throws (
      merged (types.either types.int types.str) [
        1
        "a"
      ]
    );
    expected = true;
  };
  "oneOf takes any of its types" = {
    expr =
      table
        (types.oneOf [
          types.int
          types.str
          types.bool
        ])
        [
          1
          "a"
          true
          null
        ];
    expected = [
      true
      true
      true
      false
    ];
  };
  "coercedTo converts what it can" = {
    expr = merged (types.coercedTo types.int toString types.str) [ 5 ];
    expected = "5";
  };
  "coercedTo leaves what is right already" = {
    expr = merged (types.coercedTo types.int toString types.str) [ "a" ];
    expected = "a";
  };
  "coercedTo refuses what cannot be converted" = {
    expr = accepts (types.coercedTo types.int toString types.str) true;
    expected = false;
  };
  "coercedTo merges after converting" = {
    expr = merged (types.coercedTo types.str lib.singleton (types.listOf types.str)) [
      "a"
      [ "b" ]
    ];
    expected = [
      "b"
      "a"
    ];
  };
  "coercedTo reaches submodules" = {
    expr =
      merged
        (types.attrsOf (
          types.coercedTo types.str (text: { inherit text; }) (
            types.submodule { options.text = option types.str; }
          )
        ))
        [
          {
            a = "x";
            b.text = "y";
          }
        ];
    expected = {
      a.text = "x";
      b.text = "y";
    };
  };
  "uniq takes one definition" = {
    expr = [
      (merged (types.uniq types.int) [ 1 ])
      (throws (
        merged (types.uniq types.int) [
          1
          1
        ]
      ))
    ];
    expected = [
      1
      true
    ];
  };
  "unique takes one definition and checks it" = {
    expr = [
      (merged (types.unique { message = "Once."; } (types.listOf types.int)) [ [ 1 ] ])
      (accepts (types.unique { message = "Once."; } types.int) "a")
    ];
    expected = [
      [ 1 ]
      false
    ];
  };
  "functionTo merges results" = {
    expr =
      (merged (types.functionTo (types.listOf types.int)) [
        (n: [ n ])
        (n: [ (n + 1) ])
      ])
        1;
    expected = [
      2
      1
    ];
  };
  "functionTo checks results" = {
    expr = throws ((merged (types.functionTo types.int) [ (n: "a") ]) 1);
    expected = true;
  };
  "attrTag takes one known tag" = {
    expr =
      let
        type = types.attrTag {
          number = option types.int;
          text = option types.str;
        };
      in
      [
        (merged type [ { number = 1; } ])
        (accepts type { text = 1; })
        (accepts type { other = 1; })
        (accepts type {
          number = 1;
          text = "a";
        })
      ];
    expected = [
      { number = 1; }
      false
      false
      false
    ];
  };
  "tags declared twice are joined" = {
    expr =
      (configOf [
        { options.x = option (types.attrsOf (types.attrTag { number = option types.int; })); }
        { options.x = option (types.attrsOf (types.attrTag { text = option types.str; })); }
        {
          x.a.number = 1;
          x.b.text = "t";
        }
      ]).x;
    expected = {
      a.number = 1;
      b.text = "t";
    };
  };
  "types of types declared twice are merged" = {
    expr =
      (configOf [
        { options.x = option (types.listOf (types.enum [ "a" ])); }
        { options.x = option (types.listOf (types.enum [ "b" ])); }
        {
          x = [
            "a"
            "b"
          ];
        }
      ]).x;
    expected = [
      "a"
      "b"
    ];
  };
  "lists of different elements are different types" = {
    expr = throws (configOf [
      { options.x = option (types.listOf types.int); }
      { options.x = option (types.listOf types.str); }
    ]);
    expected = true;
  };
  "attrsOf and lazyAttrsOf are different types" = {
    expr = throws (configOf [
      { options.x = option (types.attrsOf types.int); }
      { options.x = option (types.lazyAttrsOf types.int); }
    ]);
    expected = true;
  };
  "mergeTypes joins what can be joined" = {
    expr =
      let
        joined = types.mergeTypes (types.enum [ 1 ]) (types.enum [ 2 ]);
      in
      [
        (joined.check 2)
        (types.mergeTypes types.int types.str)._type
      ];
    expected = [
      true
      "merge-error"
    ];
  };
  "a type knows the types within it" = {
    expr = [
      (types.listOf types.int).nestedTypes.elemType.name
      (types.nullOr types.str).nestedTypes.elemType.name
    ];
    expected = [
      "int"
      "str"
    ];
  };
  "values of a set under nullOr keep their priorities" = {
    expr = merged (types.nullOr (types.submodule { options.a = option types.int; })) [
      { a = lib.mkForce 1; }
      { a = 2; }
    ];
    expected.a = 1;
  };
}
