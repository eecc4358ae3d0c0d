/**
  The option type of a schema.

  # Inputs

  `strict`

  : whether reading a set throws if a required attribute of it has no value. If not, the attribute
    is absent, and whoever validates the set says so together with all else that is wrong.
*/
{
  clean,
  lib,
  strict,
}:
let
  inherit (builtins)
    attrNames
    elem
    filter
    head
    isAttrs
    length
    ;
  inherit (lib) types;

  reference = import ./reference.nix { inherit lib; };
  validity = import ./valid.nix { inherit lib; };
  scalars = import ./scalars.nix { inherit lib; };
  unions = import ./unions.nix { inherit lib typeIn; };
  objects = import ./objects.nix {
    inherit
      clean
      lib
      strict
      typeIn
      ;
  };

  kinds = [
    "null"
    "boolean"
    "integer"
    "number"
    "string"
    "array"
    "object"
  ];

  # The kinds of values that a schema allows; every integer is a number.
  kindsOf =
    schema:
    let
      allowed = lib.toList (schema.type or (lib.remove "integer" kinds));
    in
    if elem "number" allowed then lib.remove "integer" allowed else allowed;

  # Keywords by kind that look at a value as a whole, and are tried on what definitions gave.
  whole = {
    array = [
      "contains"
      "maxItems"
      "minItems"
      "prefixItems"
      "unevaluatedItems"
      "uniqueItems"
    ];
    object = [
      "dependentRequired"
      "dependentSchemas"
      "maxProperties"
      "minProperties"
      "patternProperties"
      "propertyNames"
    ];
    any = [
      "allOf"
      "if"
      "not"
    ];
  };

  # Keywords of those that need no look at the elements.
  shallow = [
    "dependentRequired"
    "maxItems"
    "maxProperties"
    "minItems"
    "minProperties"
  ];

  /*
    The type with a look at the merged value, which is what keywords such as `minItems` speak of:
    each definition may give a part of a list.
  */
  checked =
    context: schema: names: type:
    let
      present = filter (name: schema ? ${name}) names;
      deep = lib.subtractLists shallow present != [ ];
      looked = if deep then schema else lib.getAttrs present schema;
      reason = "does not fit its schema (${lib.concatStringsSep ", " present})";
    in
    if present == [ ] then
      type
    else
      type
      // {
        merge =
          loc: definitions:
          let
            value = type.merge loc definitions;
          in
          if validity.valid context.root looked value then
            value
          else
            throw "The option `${lib.showOption loc}' ${reason}; it is defined in ${lib.showFiles (lib.getFiles definitions)}.";
      };

  ofKind =
    context: schema: kind:
    {
      "null" = types.enum [ null ];
      boolean = types.bool;
      integer = scalars.number types.int "integer" schema;
      number = scalars.number (types.oneOf [
        types.int
        types.float
      ]) "number" schema;
      string = scalars.string schema;
      array = types.listOf (
        if schema ? prefixItems then
          types.anything
        else
          typeIn (reference.below context "items") (schema.items or true)
      );
      object = objects.typeOf context schema;
    }
    .${kind}
      or (throw "the schema at ${context.at} has the type ${builtins.toJSON kind}, which does not exist");

  kindType =
    context: schema: kind:
    checked context schema (whole.${kind} or [ ] ++ whole.any) (ofKind context schema kind);

  # The type for any of several kinds.
  anyKind =
    context: schema: allowed:
    let
      others = lib.remove "null" allowed;
      inner =
        if length others == 1 then
          kindType context schema (head others)
        else
          types.oneOf (map (kindType context schema) others);
    in
    if allowed == [ ] then
      types.enum [ ]
    else if others == [ ] then
      kindType context schema "null"
    else if elem "null" allowed then
      types.nullOr inner
    else
      inner;

  isEnumeration = schema: schema ? enum || schema ? const;

  choices =
    context: schema:
    filter (validity.valid context.root (removeAttrs schema [ "enum" ])) (
      schema.enum or [ schema.const ]
    );

  saysNothing = schema: !reference.says (removeAttrs schema [ "title" ]);

  plainType =
    context: schema:
    if isEnumeration schema then
      types.enum (choices context schema)
    else if saysNothing schema then
      types.anything
    else if schema ? anyOf || schema ? oneOf then
      unions.typeOf context schema
    else
      anyKind context schema (kindsOf schema);

  /*
    What a reference leads to twice on one way is recursive: its description and what can be said
    of its inner options would have no end.
  */
  typeIn =
    context: schema:
    let
      target = schema."$ref" or null;
      recursive = target != null && elem target context.seen;
      inner = context // {
        seen = context.seen ++ lib.optional (target != null) target;
        at = if target == null then context.at else target;
      };
      type = plainType inner (reference.normalise context schema);
    in
    if !isAttrs schema || !recursive then
      type
    else
      type
      // {
        description =
          if target == "#" then
            context.root.title or "values of this type"
          else
            lib.last (lib.splitString "/" target);
        getSubOptions = _: { };
        getSubModules = null;
        nestedTypes = { };
      };

  start = schema: {
    root = schema;
    seen = [ "#" ];
    at = "#";
  };
in
{
  typeOf = schema: typeIn (start schema) schema;
  moduleOf = schema: objects.moduleOf (start schema) schema;
}
