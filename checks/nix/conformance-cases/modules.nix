# How modules are found, read and evaluated.
{
  lib,
  configOf,
  evaluate,
  option,
  optionWith,
  throws,
  ...
}:
let
  inherit (lib) types;
  declareX = {
    options.x = option types.int;
  };
  declareList = {
    options.x = optionWith (types.listOf types.int) [ ];
  };
in
{
  "a module may be written without config" = {
    expr =
      (configOf [
        declareX
        { x = 1; }
      ]).x;
    expected = 1;
  };
  "a module may be a function" = {
    expr =
      (configOf [
        declareX
        (
          {
            lib,
            config,
            options,
            ...
          }:
          {
            x = if options ? x && config ? x then 1 else 0;
          }
        )
      ]).x;
    expected = 1;
  };
  "a module may be a function without named arguments" = {
    expr =
      (configOf [
        declareX
        (arguments: { x = if arguments ? lib then 1 else 0; })
      ]).x;
    expected = 1;
  };
  "a module may be a path" = {
    expr =
      (configOf [
        declareX
        ./modules/sets-x.nix
      ]).x;
    expected = 7;
  };
  "a module may be a path as a string" = {
    expr =
      (configOf [
        declareX
        (toString ./modules/sets-x.nix)
      ]).x;
    expected = 7;
  };
  "a module may be a property" = {
    expr =
      (configOf [
        declareX
        (lib.mkIf true { x = 1; })
      ]).x;
    expected = 1;
  };
  "config beside other attributes is refused" = {
    expr = throws (configOf [
      declareX
      {
        config.x = 1;
        y = 2;
      }
    ]);
    expected = true;
  };
  "a list is no module" = {
    expr = throws (configOf [ [ declareX ] ]);
    expected = true;
  };
  "a value with another type is no module" = {
    expr = throws (configOf [ { _type = "flake"; } ]);
    expected = true;
  };
  "a path is imported once" = {
    expr =
      (configOf [
        declareList
        ./modules/adds-one.nix
        { imports = [ ./modules/adds-one.nix ]; }
      ]).x;
    expected = [ 1 ];
  };
  "modules of the same key are imported once" = {
    expr =
      (configOf [
        declareList
        {
          key = "k";
          x = [ 1 ];
        }
        {
          imports = [
            {
              key = "k";
              x = [ 2 ];
            }
          ];
        }
      ]).x;
    expected = [ 1 ];
  };
  "modules without a key are imported each time" = {
    expr =
      let
        module = {
          x = [ 1 ];
        };
      in
      (configOf [
        declareList
        module
        module
      ]).x;
    expected = [
      1
      1
    ];
  };
  "disabledModules takes a path away" = {
    expr =
      (configOf [
        declareList
        ./modules/adds-one.nix
        { disabledModules = [ ./modules/adds-one.nix ]; }
      ]).x;
    expected = [ ];
  };
  "disabledModules takes away a module by its key" = {
    expr =
      (configOf [
        declareList
        {
          key = "k";
          x = [ 1 ];
        }
        { disabledModules = [ { key = "k"; } ]; }
      ]).x;
    expected = [ ];
  };
  "keys that are no strings count as strings" = {
    expr =
      (configOf [
        declareList
        {
          key = 123;
          config.x = [ 1 ];
        }
        { disabledModules = [ 123 ]; }
      ]).x;
    expected = [ ];
  };
  "disabledModules takes away a path below modulesPath" = {
    expr =
      (lib.evalModules {
        specialArgs.modulesPath = ./modules;
        modules = [
          declareList
          ./modules/adds-one.nix
          { disabledModules = [ "adds-one.nix" ]; }
        ];
      }).config.x;
    expected = [ ];
  };
  "disabledModules takes away what a disabled module imports" = {
    expr =
      (configOf [
        declareList
        {
          key = "k";
          imports = [ { x = [ 1 ]; } ];
        }
        { disabledModules = [ { key = "k"; } ]; }
      ]).x;
    expected = [ ];
  };
  "specialArgs may decide imports" = {
    expr =
      (lib.evalModules {
        specialArgs.which = ./modules/sets-x.nix;
        modules = [
          declareX
          ({ which, ... }: { imports = [ which ]; })
        ];
      }).config.x;
    expected = 7;
  };
  "specialArgs win over _module.args" = {
    expr =
      (lib.evalModules {
        specialArgs.n = 1;
        modules = [
          declareX
          { _module.args.n = 2; }
          ({ n, ... }: { x = n; })
        ];
      }).config.x;
    expected = 1;
  };
  "specialArgs reach modules as an argument of their own" = {
    expr =
      (lib.evalModules {
        specialArgs.n = 1;
        modules = [
          declareX
          ({ specialArgs, ... }: { x = specialArgs.n; })
        ];
      }).config.x;
    expected = 1;
  };
  "_module.args gives modules arguments" = {
    expr =
      (configOf [
        declareX
        { _module.args.n = 3; }
        ({ n, ... }: { x = n; })
      ]).x;
    expected = 3;
  };
  "_module.args may depend on the configuration" = {
    expr =
      (configOf [
        declareX
        { options.y = option types.int; }
        ({ config, ... }: { _module.args.n = config.y; })
        ({ n, ... }: { x = n; })
        { y = 4; }
      ]).x;
    expected = 4;
  };
  "arguments that nobody uses are not looked at" = {
    expr =
      (configOf [
        declareX
        { _module.args.n = throw "looked"; }
        ({ n, ... }: { x = 1; })
      ]).x;
    expected = 1;
  };
  "an argument with a default still comes from _module.args" = {
    expr =
      (configOf [
        declareX
        { _module.args.n = 2; }
        (
          {
            n ? 1,
            ...
          }:
          {
            x = n;
          }
        )
      ]).x;
    expected = 2;
  };
  "an option that does not exist is refused" = {
    expr = throws (configOf [
      declareX
      {
        x = 1;
        y = 2;
      }
    ]);
    expected = true;
  };
  "an unknown option is refused whatever is read" = {
    expr = throws (
      (configOf [
        declareX
        {
          x = 1;
          a.b.c = 2;
        }
      ]).x
    );
    expected = true;
  };
  "_module.check = false lets unknown options pass" = {
    expr = configOf [
      declareX
      {
        x = 1;
        y = 2;
        _module.check = false;
      }
    ];
    expected.x = 1;
  };
  "the configuration does not show _module" = {
    expr = (configOf [ declareX ]) ? _module;
    expected = false;
  };
  "a condition that is false still names options" = {
    expr = throws (configOf [
      declareX
      {
        x = 1;
        y = lib.mkIf false 1;
      }
    ]);
    expected = true;
  };
  "an option without a value is an error when it is read" = {
    expr = throws (configOf [ declareX ]).x;
    expected = true;
  };
  "an option without a value is no error when it is not read" = {
    expr = builtins.attrNames (configOf [ declareX ]);
    expected = [ "x" ];
  };
  "a freeform type takes what has no option" = {
    expr = configOf [
      {
        freeformType = types.attrsOf types.int;
        options.x = option types.str;
      }
      {
        x = "a";
        y = 1;
      }
    ];
    expected = {
      x = "a";
      y = 1;
    };
  };
  "a freeform type checks what it takes" = {
    expr = throws (configOf [
      { freeformType = types.attrsOf types.int; }
      { y = "a"; }
    ]);
    expected = true;
  };
  "a freeform type merges what it takes" = {
    expr =
      (configOf [
        { freeformType = types.attrsOf (types.listOf types.int); }
        { y = [ 1 ]; }
        { y = lib.mkBefore [ 0 ]; }
      ]).y;
    expected = [
      0
      1
    ];
  };
  "a freeform type takes nested values beside options" = {
    expr = configOf [
      {
        freeformType = types.attrsOf types.anything;
        options.a.b = option types.int;
      }
      {
        a.b = 1;
        a.c = 2;
      }
    ];
    expected.a = {
      b = 1;
      c = 2;
    };
  };
  "extendModules adds modules" = {
    expr =
      (
        (evaluate [
          declareX
          { x = lib.mkDefault 1; }
        ]).extendModules
        { modules = [ { x = 2; } ]; }
      ).config.x;
    expected = 2;
  };
  "extendModules may be repeated" = {
    expr =
      (((evaluate [ declareList ]).extendModules { modules = [ { x = [ 1 ]; } ]; }).extendModules {
        modules = [ { x = [ 2 ]; } ];
      }).config.x;
    expected = [
      2
      1
    ];
  };
  "extendModules adds special arguments" = {
    expr =
      (
        (evaluate [
          declareX
          ({ n, ... }: { x = n; })
        ]).extendModules
        { specialArgs.n = 5; }
      ).config.x;
    expected = 5;
  };
  "extendModules leaves the first evaluation as it was" = {
    expr =
      let
        first = evaluate [
          declareX
          { x = lib.mkDefault 1; }
        ];
      in
      builtins.seq (first.extendModules { modules = [ { x = 2; } ]; }).config.x first.config.x;
    expected = 1;
  };
  "modules reach extendModules as an argument" = {
    expr =
      (configOf [
        declareX
        { options.y = optionWith types.int 0; }
        (
          { extendModules, ... }:
          {
            x = (extendModules { modules = [ { y = 8; } ]; }).config.y;
          }
        )
      ]).x;
    expected = 8;
  };
  "an evaluation knows that it is a configuration" = {
    expr = (evaluate [ declareX ])._type;
    expected = "configuration";
  };
  "a module of the right class is taken" = {
    expr =
      (lib.evalModules {
        class = "nixos";
        modules = [
          declareX
          {
            _class = "nixos";
            x = 1;
          }
        ];
      }).config.x;
    expected = 1;
  };
  "a module of another class is refused" = {
    expr =
      throws
        (lib.evalModules {
          class = "nixos";
          modules = [
            declareX
            {
              _class = "darwin";
              x = 1;
            }
          ];
        }).config;
    expected = true;
  };
  "mkRenamedOptionModule forwards the value" = {
    expr =
      (configOf [
        { options.new.x = option types.int; }
        (lib.mkRenamedOptionModule [ "old" ] [ "new" "x" ])
        { old = 1; }
      ]).new.x;
    expected = 1;
  };
  "mkRenamedOptionModule keeps the priority" = {
    expr =
      (configOf [
        { options.new = option types.int; }
        (lib.mkRenamedOptionModule [ "old" ] [ "new" ])
        { old = lib.mkForce 1; }
        { new = 2; }
      ]).new;
    expected = 1;
  };
  "mkRenamedOptionModule warns where there are warnings" = {
    expr =
      (configOf [
        { options.new = option types.int; }
        { options.warnings = optionWith (types.listOf types.str) [ ]; }
        (lib.mkRenamedOptionModule [ "old" ] [ "new" ])
        (lib.setDefaultModuleLocation "user.nix" { old = 1; })
      ]).warnings;
    expected = [ "The option `old' defined in `user.nix' has been renamed to `new'." ];
  };
  "mkAliasOptionModule makes two names of one option" = {
    expr =
      let
        modules = [
          { options.new = option types.int; }
          (lib.mkAliasOptionModule [ "other" ] [ "new" ])
        ];
      in
      [
        (configOf (modules ++ [ { other = 1; } ])).new
        (configOf (modules ++ [ { new = 2; } ])).other
      ];
    expected = [
      1
      2
    ];
  };
  "mkAliasOptionModule merges definitions of both names" = {
    expr =
      lib.naturalSort
        (configOf [
          { options.new = option (types.listOf types.str); }
          (lib.mkAliasOptionModule [ "other" ] [ "new" ])
          { other = [ "1" ]; }
          { new = [ "2" ]; }
        ]).new;
    expected = [
      "1"
      "2"
    ];
  };
  "mkRemovedOptionModule makes an assertion that fails on use" = {
    expr =
      let
        assertions =
          definition:
          (configOf [
            { options.assertions = option (types.listOf types.unspecified); }
            (lib.mkRemovedOptionModule [ "old" ] "Use something else.")
            definition
          ]).assertions;
      in
      map (definition: (builtins.head (assertions definition)).assertion) [
        { }
        { old = 1; }
      ];
    expected = [
      true
      false
    ];
  };
  "mkRemovedOptionModule lets nobody read the option" = {
    expr = throws (
      (configOf [
        { options.assertions = option (types.listOf types.unspecified); }
        (lib.mkRemovedOptionModule [ "old" ] "Use something else.")
        { old = 1; }
      ]).old
    );
    expected = true;
  };
  "mkChangedOptionModule translates the value" = {
    expr =
      (configOf [
        { options.new = option types.str; }
        { options.warnings = optionWith (types.listOf types.str) [ ]; }
        (lib.mkChangedOptionModule [ "old" ] [ "new" ] (config: if config.old > 1 then "many" else "one"))
        { old = 5; }
      ]).new;
    expected = "many";
  };
  "importApply gives a module its arguments" = {
    expr =
      (configOf [
        declareX
        (lib.modules.importApply ./modules/applied.nix { n = 9; })
      ]).x;
    expected = 9;
  };
}
