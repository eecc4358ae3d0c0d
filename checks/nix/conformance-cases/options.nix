# What is known of an option, and declarations that meet.
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
  inherit (lib) mkOption types;
  located = file: module: lib.setDefaultModuleLocation file module;
  optionX = modules: (evaluate modules).options.x;
in
{
  "an option shows where it is declared" = {
    expr = (optionX [ (located "a.nix" { options.x = option types.int; }) ]).declarations;
    expected = [ "a.nix" ];
  };
  "an option shows the positions of its declarations" = {
    expr =
      map (position: builtins.baseNameOf position.file)
        (optionX [ ./modules/declares-x.nix ]).declarationPositions;
    expected = [ "declares-x.nix" ];
  };
  "an option shows where it is defined" = {
    expr =
      (optionX [
        { options.x = option (types.listOf types.int); }
        (located "a.nix" { x = [ 1 ]; })
        (located "b.nix" { x = [ 2 ]; })
      ]).files;
    expected = [
      "b.nix"
      "a.nix"
    ];
  };
  "an option shows its definitions with their files" = {
    expr =
      (optionX [
        { options.x = option (types.listOf types.int); }
        (located "a.nix" { x = lib.mkForce [ 1 ]; })
        (located "b.nix" { x = [ 2 ]; })
      ]).definitionsWithLocations;
    expected = [
      {
        file = "a.nix";
        value = [ 1 ];
      }
    ];
  };
  "a path is the location of its module" = {
    expr =
      map builtins.baseNameOf
        (optionX [
          { options.x = option types.int; }
          ./modules/sets-x.nix
        ]).files;
    expected = [ "sets-x.nix" ];
  };
  "_file is the location of a module" = {
    expr =
      (optionX [
        { options.x = option types.int; }
        {
          _file = "mine.nix";
          x = 1;
        }
      ]).files;
    expected = [ "mine.nix" ];
  };
  "modules without a location are unknown" = {
    expr =
      (optionX [
        { options.x = option types.int; }
        { x = 1; }
      ]).files;
    expected = [ "<unknown-file>" ];
  };
  "an imported module without a location has that of its importer" = {
    expr =
      (optionX [
        { options.x = option types.int; }
        {
          _file = "mine.nix";
          imports = [ { x = 1; } ];
        }
      ]).files;
    expected = [ "mine.nix" ];
  };
  "isDefined tells whether there is a value" = {
    expr =
      map
        (
          definition:
          (optionX [
            { options.x = option types.int; }
            definition
          ]).isDefined
        )
        [
          { }
          { x = 1; }
          { x = lib.mkIf false 1; }
        ];
    expected = [
      false
      true
      false
    ];
  };
  "a default counts as a definition" = {
    expr = (optionX [ { options.x = optionWith types.int 1; } ]).isDefined;
    expected = true;
  };
  "an option has its value and place" = {
    expr =
      let
        x =
          (evaluate [
            { options.a.x = option types.int; }
            { a.x = 1; }
          ]).options.a.x;
      in
      [
        x.value
        x.loc
        x._type
        "${x}"
      ];
    expected = [
      1
      [
        "a"
        "x"
      ]
      "option"
      "a.x"
    ];
  };
  "apply changes the value and not the definitions" = {
    expr =
      let
        x = optionX [
          {
            options.x = mkOption {
              type = types.int;
              apply = n: n + 1;
            };
          }
          { x = 1; }
        ];
      in
      [
        x.value
        x.definitions
      ];
    expected = [
      2
      [ 1 ]
    ];
  };
  "apply holds for the default" = {
    expr =
      (configOf [
        {
          options.x = mkOption {
            default = 1;
            apply = toString;
          };
        }
      ]).x;
    expected = "1";
  };
  "a read-only option may be set once" = {
    expr =
      (configOf [
        {
          options.x = mkOption {
            type = types.int;
            readOnly = true;
          };
        }
        { x = 1; }
      ]).x;
    expected = 1;
  };
  "a read-only option with a default may not be set" = {
    expr = throws (
      (configOf [
        {
          options.x = mkOption {
            type = types.int;
            readOnly = true;
            default = 1;
          };
        }
        { x = 2; }
      ]).x
    );
    expected = true;
  };
  "an option without a type merges by kind" = {
    expr =
      (configOf [
        { options.x = mkOption { }; }
        { x = [ 1 ]; }
        { x = [ 2 ]; }
      ]).x;
    expected = [
      2
      1
    ];
  };
  "an option may be declared twice if the types agree" = {
    expr =
      (configOf [
        { options.x = option types.int; }
        { options.x = mkOption { description = "x"; }; }
        { x = 1; }
      ]).x;
    expected = 1;
  };
  "an option declared with two types is refused" = {
    expr = throws (configOf [
      { options.x = option types.int; }
      { options.x = option types.str; }
    ]);
    expected = true;
  };
  "an option with two defaults is refused" = {
    expr = throws (configOf [
      { options.x = optionWith types.int 1; }
      { options.x = optionWith types.int 1; }
    ]);
    expected = true;
  };
  "a second declaration may bring the default" = {
    expr =
      (configOf [
        { options.x = option types.int; }
        { options.x = mkOption { default = 4; }; }
      ]).x;
    expected = 4;
  };
  "enumerations declared twice are joined" = {
    expr =
      (configOf [
        { options.x = option (types.enum [ "a" ]); }
        { options.x = option (types.enum [ "b" ]); }
        { x = "b"; }
      ]).x;
    expected = "b";
  };
  "an option cannot be the parent of another one" = {
    expr = throws (configOf [
      { options.x = option types.int; }
      { options.x.y = option types.int; }
    ]);
    expected = true;
  };
  "a type is no option" = {
    expr = throws (configOf [ { options.x = types.int; } ]);
    expected = true;
  };
  "a value that is no set cannot hold options" = {
    expr = throws (configOf [
      { options.a.x = optionWith types.int 0; }
      { a = 1; }
    ]);
    expected = true;
  };
  "mkEnableOption is off" = {
    expr =
      let
        enable = lib.mkEnableOption "it";
      in
      [
        enable.default
        enable.type.name
        enable.description
      ];
    expected = [
      false
      "bool"
      "Whether to enable it."
    ];
  };
  "mkPackageOption takes the package of its name" = {
    expr =
      let
        package = lib.mkPackageOption {
          hello = "h";
          a.b = "ab";
        };
      in
      [
        (package "hello" { }).default
        (package [ "a" "b" ] { }).default
        (package "x" { default = "hello"; }).default
        (package "hello" { }).defaultText.text
        (package "hello" { nullable = true; }).type.name
      ];
    expected = [
      "h"
      "ab"
      "h"
      "pkgs.hello"
      "nullOr"
    ];
  };
  "showOption quotes what needs it" = {
    expr = lib.showOption [
      "a"
      "b c"
      "*"
      "<name>"
    ];
    expected = "a.\"b c\".*.<name>";
  };
  "literalExpression keeps its text" = {
    expr = lib.literalExpression "pkgs.hello";
    expected = {
      _type = "literalExpression";
      text = "pkgs.hello";
    };
  };
  "scrubOptionValue leaves the names of derivations" = {
    expr = lib.scrubOptionValue {
      a = [
        {
          type = "derivation";
          name = "d";
          secret = 1;
        }
      ];
      b = 1;
    };
    expected = {
      a = [
        {
          type = "derivation";
          name = "d";
          drvPath = "d";
          outPath = "d";
        }
      ];
      b = 1;
    };
  };
  "optionAttrSetToDocList describes every option" = {
    expr = map (doc: doc.name) (
      lib.optionAttrSetToDocList (
        removeAttrs
          (evaluate [
            {
              options.a.x = option types.int;
              options.b = option (types.attrsOf (types.submodule { options.y = option types.int; }));
            }
          ]).options
          [ "_module" ]
      )
    );
    expected = [
      "a.x"
      "b"
      "b.<name>._module.args"
      "b.<name>._module.check"
      "b.<name>._module.freeformType"
      "b.<name>._module.specialArgs"
      "b.<name>.y"
    ];
  };
}
