# Priorities, orders, conditions and merges of definitions.
{
  lib,
  configOf,
  evaluate,
  merged,
  option,
  optionWith,
  throws,
  ...
}:
let
  inherit (lib)
    mkAfter
    mkBefore
    mkDefault
    mkForce
    mkIf
    mkMerge
    mkOptionDefault
    mkOrder
    mkOverride
    mkVMOverride
    types
    ;
  ints = types.listOf types.int;
  x = type: default: { options.x = optionWith type default; };
in
{
  "a definition wins over the default of an option" = {
    expr =
      (configOf [
        (x types.int 1)
        { x = 2; }
      ]).x;
    expected = 2;
  };
  "the default of an option holds without definitions" = {
    expr = (configOf [ (x types.int 1) ]).x;
    expected = 1;
  };
  "mkDefault gives way to a plain definition" = {
    expr = merged types.int [
      (mkDefault 1)
      2
    ];
    expected = 2;
  };
  "mkDefault wins over the default of an option" = {
    expr =
      (configOf [
        (x types.int 1)
        { x = mkDefault 2; }
      ]).x;
    expected = 2;
  };
  "mkForce wins over a plain definition" = {
    expr = merged types.int [
      (mkForce 1)
      2
    ];
    expected = 1;
  };
  "mkVMOverride wins over mkForce" = {
    expr = merged types.int [
      (mkForce 1)
      (mkVMOverride 2)
    ];
    expected = 2;
  };
  "mkImageMediaOverride lies between a plain definition and mkForce" = {
    expr = [
      (merged types.int [
        (lib.mkImageMediaOverride 1)
        2
      ])
      (merged types.int [
        (lib.mkImageMediaOverride 1)
        (mkForce 2)
      ])
    ];
    expected = [
      1
      2
    ];
  };
  "mkOptionDefault joins the default of an option" = {
    expr =
      (configOf [
        (x ints [ 1 ])
        { x = mkOptionDefault [ 2 ]; }
      ]).x;
    expected = [
      1
      2
    ];
  };
  "mkOverride takes any number, the lower the stronger" = {
    expr = merged types.int [
      (mkOverride 900 1)
      (mkDefault 2)
    ];
    expected = 1;
  };
  "a plain definition has the priority 100" = {
    expr = merged ints [
      (mkOverride 100 [ 1 ])
      [ 2 ]
    ];
    expected = [
      2
      1
    ];
  };
  "definitions of equal priority merge" = {
    expr = merged ints [
      (mkDefault [ 1 ])
      (mkDefault [ 2 ])
    ];
    expected = [
      2
      1
    ];
  };
  "weaker definitions are dropped and not merged" = {
    expr = merged ints [
      (mkDefault [ 1 ])
      [ 2 ]
    ];
    expected = [ 2 ];
  };
  "weaker definitions are not looked at" = {
    expr = merged types.int [
      (mkDefault (throw "looked"))
      2
    ];
    expected = 2;
  };
  "a priority lies on the attributes of a set" = {
    expr = configOf [
      {
        options.a.b = option types.int;
        options.a.c = option types.int;
      }
      {
        a = mkDefault {
          b = 1;
          c = 1;
        };
      }
      { a.b = 2; }
    ];
    expected.a = {
      b = 2;
      c = 1;
    };
  };
  "a priority on a value of attrsOf is that of the whole" = {
    expr = merged (types.attrsOf types.int) [
      (mkForce { a = 1; })
      { b = 2; }
    ];
    expected.a = 1;
  };
  "a priority within attrsOf is that of the attribute" = {
    expr = merged (types.attrsOf types.int) [
      {
        a = mkForce 1;
        b = 1;
      }
      { a = 2; }
    ];
    expected = {
      a = 1;
      b = 1;
    };
  };
  "mkBefore comes first and mkAfter last" = {
    expr = merged ints [
      (mkAfter [ 3 ])
      [ 2 ]
      (mkBefore [ 1 ])
    ];
    expected = [
      1
      2
      3
    ];
  };
  "mkOrder sorts by number" = {
    expr = merged ints [
      (mkOrder 1600 [ 4 ])
      (mkOrder 400 [ 1 ])
      (mkAfter [ 3 ])
      [ 2 ]
    ];
    expected = [
      1
      2
      3
      4
    ];
  };
  "order and priority can be combined" = {
    expr = merged ints [
      (mkForce (mkAfter [ 2 ]))
      (mkForce [ 1 ])
      [ 9 ]
    ];
    expected = [
      1
      2
    ];
  };
  "orders hold for lines" = {
    expr = merged types.lines [
      "b"
      (mkBefore "a")
    ];
    expected = "a\nb";
  };
  "later modules come first in lists" = {
    expr = merged ints [
      [ 1 ]
      [ 2 ]
      [ 3 ]
    ];
    expected = [
      3
      2
      1
    ];
  };
  "imported modules come before those that import them" = {
    expr =
      (configOf [
        { options.x = option ints; }
        {
          imports = [ { x = [ 1 ]; } ];
          x = [ 2 ];
        }
      ]).x;
    expected = [
      1
      2
    ];
  };
  "mkIf true is its content" = {
    expr = merged types.int [ (mkIf true 1) ];
    expected = 1;
  };
  "mkIf false is no definition" = {
    expr = merged ints [
      (mkIf false [ 1 ])
      [ 2 ]
    ];
    expected = [ 2 ];
  };
  "mkIf false does not look at its content" = {
    expr = merged types.int [
      (mkIf false (throw "looked"))
      1
    ];
    expected = 1;
  };
  "mkIf wants a boolean" = {
    expr = throws (merged types.int [ (mkIf "yes" 1) ]);
    expected = true;
  };
  "mkIf may depend on the configuration that it is part of" = {
    expr =
      (configOf [
        {
          options.on = option types.bool;
          options.x = optionWith types.int 0;
        }
        ({ config, ... }: mkIf config.on { x = 1; })
        { on = true; }
      ]).x;
    expected = 1;
  };
  "mkIf false removes an attribute of attrsOf" = {
    expr = merged (types.attrsOf types.int) [
      {
        a = mkIf false 1;
        b = 2;
      }
    ];
    expected.b = 2;
  };
  "mkMerge merges definitions of one module" = {
    expr = merged ints [
      (mkMerge [
        [ 1 ]
        (mkIf false [ 2 ])
        (mkMerge [ [ 3 ] ])
      ])
    ];
    expected = [
      1
      3
    ];
  };
  "mkMerge of whole configurations" = {
    expr = configOf [
      {
        options.a = option types.int;
        options.b = option types.int;
      }
      {
        config = mkMerge [
          { a = 1; }
          (mkIf true { b = 2; })
        ];
      }
    ];
    expected = {
      a = 1;
      b = 2;
    };
  };
  "mkIf within mkForce holds" = {
    expr = merged types.int [
      (mkIf true (mkForce 1))
      2
    ];
    expected = 1;
  };
  "mkDerivedConfig keeps the priority of the option" = {
    expr =
      (configOf [
        {
          options.a = option types.int;
          options.b = option types.int;
        }
        (
          { options, ... }:
          {
            a = mkForce 1;
            b = lib.mkDerivedConfig options.a (value: value + 1);
          }
        )
        { b = 9; }
      ]).b;
    expected = 2;
  };
  "mkAliasDefinitions forwards definitions" = {
    expr =
      (configOf [
        {
          options.a = option ints;
          options.b = option ints;
        }
        (
          { options, ... }:
          {
            a = mkMerge [
              [ 1 ]
              [ 2 ]
            ];
            b = lib.mkAliasDefinitions options.a;
          }
        )
      ]).b;
    expected = [
      1
      2
    ];
  };
  "an option shows its strongest priority" = {
    expr =
      map
        (
          definition:
          (evaluate [
            (x types.int 1)
            definition
          ]).options.x.highestPrio
        )
        [
          { }
          { x = mkDefault 2; }
          { x = 2; }
          { x = mkForce 2; }
        ];
    expected = [
      1500
      1000
      100
      50
    ];
  };
  "mergeAttrDefinitionsWithPrio shows the priority of each attribute" = {
    expr =
      lib.modules.mergeAttrDefinitionsWithPrio
        (evaluate [
          { options.x = option (types.attrsOf types.int); }
          {
            x.a = mkForce 1;
            x.b = mkDefault 2;
          }
          { x.a = 3; }
        ]).options.x;
    expected = {
      a = {
        value = 1;
        highestPrio = 50;
      };
      b = {
        value = 2;
        highestPrio = 1000;
      };
    };
  };
  "filterOverrides keeps the strongest" = {
    expr = lib.filterOverrides [
      {
        file = "/1";
        value = mkOverride 10 "a";
      }
      {
        file = "/2";
        value = mkOverride 20 "b";
      }
      {
        file = "/3";
        value = "z";
      }
      {
        file = "/4";
        value = mkOverride 10 "d";
      }
    ];
    expected = [
      {
        file = "/1";
        value = "a";
      }
      {
        file = "/4";
        value = "d";
      }
    ];
  };
}
