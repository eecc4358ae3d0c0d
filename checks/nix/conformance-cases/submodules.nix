# Options that are evaluations of their own.
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
  inherit (lib) types;
  point = types.submodule {
    options.a = optionWith types.int 1;
    options.b = optionWith types.int 2;
  };
in
{
  "a submodule has the defaults of its options" = {
    expr = merged point [ { a = 5; } ];
    expected = {
      a = 5;
      b = 2;
    };
  };
  "definitions of a submodule merge" = {
    expr = merged point [
      { a = 5; }
      { b = 6; }
    ];
    expected = {
      a = 5;
      b = 6;
    };
  };
  "a submodule may be set by a function" = {
    expr = merged point [
      ({ config, ... }: { b = config.a + 10; })
    ];
    expected = {
      a = 1;
      b = 11;
    };
  };
  "a submodule turns the order of its lists once more" = {
    expr =
      let
        lists = types.submodule { options.l = option (types.listOf types.int); };
        definitions = [
          { l = [ 1 ]; }
          { l = [ 2 ]; }
        ];
      in
      [
        (merged lists definitions).l
        (merged (types.attrsOf lists) (map (a: { inherit a; }) definitions)).a.l
      ];
    expected = [
      [
        1
        2
      ]
      [
        1
        2
      ]
    ];
  };
  "a submodule that nobody defines has its defaults" = {
    expr = (configOf [ { options.x = option point; } ]).x;
    expected = {
      a = 1;
      b = 2;
    };
  };
  "priorities hold within submodules" = {
    expr = merged point [
      { a = lib.mkForce 5; }
      { a = 6; }
    ];
    expected = {
      a = 5;
      b = 2;
    };
  };
  "a submodule refuses what has no option" = {
    expr = throws (merged point [ { c = 1; } ]);
    expected = true;
  };
  "a submodule refuses what is no module" = {
    expr = throws (merged point [ 1 ]);
    expected = true;
  };
  "a submodule knows its name" = {
    expr =
      (merged (types.attrsOf (
        types.submodule ({ name, ... }: { options.n = optionWith types.str name; })
      )) [ { web = { }; } ]).web.n;
    expected = "web";
  };
  "a submodule in a list has a name too" = {
    expr =
      builtins.isString
        (builtins.head (
          merged (types.listOf (types.submodule ({ name, ... }: { options.n = optionWith types.str name; })))
            [
              [ { } ]
            ]
        )).n;
    expected = true;
  };
  "a submodule does not see the arguments of its parent" = {
    expr =
      (configOf [
        { _module.args.outer = 1; }
        {
          options.x = option (
            types.submodule (
              { config, ... }: { options.y = optionWith types.bool (config._module.args ? outer); }
            )
          );
        }
        { x = { }; }
      ]).x.y;
    expected = false;
  };
  "submoduleWith gives special arguments" = {
    expr = merged (types.submoduleWith {
      specialArgs.n = 3;
      modules = [ ({ n, ... }: { options.a = optionWith types.int n; }) ];
    }) [ { } ];
    expected.a = 3;
  };
  "submoduleWith takes imports" = {
    expr = merged (types.submoduleWith { modules = [ { options.a = option types.int; } ]; }) [
      { imports = [ { a = 4; } ]; }
    ];
    expected.a = 4;
  };
  "submoduleWith takes a path" = {
    expr = merged (types.submoduleWith { modules = [ { options.x = option types.int; } ]; }) [
      ./modules/sets-x.nix
    ];
    expected.x = 7;
  };
  "a submodule may have an option named config" = {
    expr = merged (types.submodule { options.config = option types.int; }) [ { config = 1; } ];
    expected.config = 1;
  };
  "a freeform submodule takes what has no option" = {
    expr = merged (types.submodule {
      freeformType = types.attrsOf types.int;
      options.a = optionWith types.str "x";
    }) [ { b = 1; } ];
    expected = {
      a = "x";
      b = 1;
    };
  };
  "submodules declared twice have the options of both" = {
    expr =
      (configOf [
        { options.x = option (types.attrsOf (types.submodule { options.a = optionWith types.int 1; })); }
        { options.x = option (types.attrsOf (types.submodule { options.b = optionWith types.int 2; })); }
        { x.y = { }; }
      ]).x.y;
    expected = {
      a = 1;
      b = 2;
    };
  };
  "plain options extend a submodule of the same name" = {
    expr =
      (configOf [
        { options.x = option (types.submodule { options.a = optionWith types.int 1; }); }
        { options.x.b = optionWith types.int 2; }
        { x.b = 3; }
      ]).x;
    expected = {
      a = 1;
      b = 3;
    };
  };
  "a submodule of a module declared in another file is merged with it" = {
    expr =
      (configOf [
        { options.x = option (types.submodule { options.a = optionWith types.int 1; }); }
        {
          options.x = option (
            types.submodule ({ config, ... }: { options.b = optionWith types.int (config.a + 1); })
          );
        }
        { x.a = 5; }
      ]).x;
    expected = {
      a = 5;
      b = 6;
    };
  };
  "nested submodules know their place" = {
    expr =
      let
        evaluated = evaluate [
          {
            options.x = option (
              types.attrsOf (
                types.submodule (
                  { options, ... }:
                  {
                    options.a = optionWith types.int 1;
                    options.place = optionWith (types.listOf types.str) options.a.loc;
                  }
                )
              )
            );
          }
          { x.y = { }; }
        ];
      in
      evaluated.config.x.y.place;
    expected = [
      "x"
      "y"
      "a"
    ];
  };
  "getSubOptions shows the options of a submodule" = {
    expr = builtins.attrNames (removeAttrs ((types.attrsOf point).getSubOptions [ "x" ]) [ "_module" ]);
    expected = [
      "a"
      "b"
    ];
  };
  "getSubOptions places them" = {
    expr = ((types.attrsOf point).getSubOptions [ "x" ]).a.loc;
    expected = [
      "x"
      "<name>"
      "a"
    ];
  };
  "the type of an evaluation is a submodule" = {
    expr =
      (configOf [
        {
          options.x = option (evaluate [ { options.a = optionWith types.int 1; } ]).type;
        }
        { x.a = 2; }
      ]).x;
    expected.a = 2;
  };
  "a deferred module is kept for its importer" = {
    expr =
      let
        deferred = merged types.deferredModule [
          { a = 1; }
          ({ lib, ... }: { b = lib.mkDefault 2; })
        ];
      in
      configOf [
        {
          options.a = option types.int;
          options.b = option types.int;
        }
        deferred
      ];
    expected = {
      a = 1;
      b = 2;
    };
  };
  "an optionType can be given as a value" = {
    expr =
      let
        type = merged types.optionType [ types.int ];
      in
      [
        (type.check 1)
        (type.check "a")
      ];
    expected = [
      true
      false
    ];
  };
}
