/**
  Turns JSON Schemas (2020-12) into options of the module system.

  A type is written once, as a struct of the provider; its schema says what NixOps checks, and here
  the same schema becomes the options that a user sees. Two rooms divide the work: `valid.nix` says
  whether finished data fits a schema, and `types.nix` finds the option type that comes nearest, so
  that definitions merge, defaults apply, and errors name options.

  What an option type cannot say, such as the least number of elements, is looked at once the
  definitions are merged. Attributes that a schema does not name pass through, unless it is closed.

  # Inputs

  `lib`

  : the `lib` of the nixpkgs in use, old or new
*/
{ lib }:
let
  clean = import ./clean.nix { inherit lib; };
  lenient = import ./types.nix {
    inherit lib clean;
    strict = false;
  };
  strict = import ./types.nix {
    inherit lib clean;
    strict = true;
  };
  valid = import ./valid.nix { inherit lib; };

  succeeds = value: (builtins.tryEval (builtins.deepSeq value true)).success;
in
{
  /**
    A module that declares an option for each property of a schema.

    A property that is neither required nor has a default is null where the schema allows null.
    Elsewhere its option has no value: apply `cleanConfig` to what `evalModules` gives.

    # Type

    ```
    schemaToOptions :: Schema -> Module
    ```
  */
  schemaToOptions = lenient.moduleOf;

  /**
    The option type of a schema, such as that of `deployment.<backend>`.

    # Type

    ```
    schemaToType :: Schema -> OptionType
    ```
  */
  schemaToType = lenient.typeOf;

  /**
    The configuration that `evalModules` gives, without the options that have no value.

    # Type

    ```
    cleanConfig :: { options, config, ... } -> AttrSet
    ```
  */
  cleanConfig = clean;

  /**
    Whether the option type of a schema takes a value.

    # Type

    ```
    accepts :: Schema -> Any -> Bool
    ```
  */
  accepts =
    schema: value:
    succeeds
      (lib.evalModules {
        modules = [
          {
            options.value = lib.mkOption { type = strict.typeOf schema; };
            config = { inherit value; };
          }
        ];
      }).config.value;

  /**
    Whether modules take a value as their configuration, and give all of it.

    # Type

    ```
    acceptsModules :: [Module] -> AttrSet -> Bool
    ```
  */
  acceptsModules =
    modules: value:
    succeeds
      (lib.evalModules {
        modules = modules ++ [ { config = value; } ];
      }).config;

  /**
    Whether finished data fits a schema.

    # Type

    ```
    isValid :: Schema -> Data -> Bool
    ```
  */
  isValid = schema: valid.valid schema schema;
}
