/**
  Options after the schema that the provider wrote.

  `nixops.lib.schemaToOptions` makes all options of a type. Here they are made one by one, because some
  take a resource where the schema has a name.

  # Type

  ```
  lib -> String -> { option :: String -> AttrSet -> Option; references :: String -> String -> Option; }
  ```
*/
lib: type:
let
  inherit ((import <nixops/lib.nix>) lib) resource;

  inherit (builtins.fromJSON (builtins.readFile (../schemas + "/${type}.json"))) properties;

  typeOf =
    property:
    if property ? enum then
      lib.types.enum property.enum
    else if property.type == "integer" then
      lib.types.addCheck lib.types.int (value: value >= property.minimum)
    else
      lib.types.str;

  option =
    name: more:
    let
      property = properties.${name};
    in
    lib.mkOption (
      {
        type = typeOf property;
        inherit (property) description;
      }
      // lib.optionalAttrs (property.default or null != null) { inherit (property) default; }
      // more
    );

  nameOf = value: if builtins.isString value then value else value.name;
in
{
  inherit option;

  # A list of names, in which resources of a type may stand too.
  references =
    name: kind:
    option name {
      type = lib.types.listOf (lib.types.either lib.types.str (resource kind));
      apply = map nameOf;
    };
}
