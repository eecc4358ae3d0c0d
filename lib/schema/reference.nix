/**
  Follows references and makes one schema of several that hold together.

  A schema is put into a form in which its own keywords say everything but `allOf`, which keeps
  what could not be joined.
*/
{ lib }:
let
  inherit (builtins)
    attrNames
    intersectAttrs
    isAttrs
    isBool
    isList
    isString
    ;

  # Keywords that say nothing of values.
  annotations = [
    "$anchor"
    "$comment"
    "$defs"
    "$id"
    "$schema"
    "$vocabulary"
    "contentEncoding"
    "contentMediaType"
    "contentSchema"
    "default"
    "definitions"
    "deprecated"
    "description"
    "examples"
    "format"
    "readOnly"
    "title"
    "writeOnly"
  ];
  isAnnotation = name: builtins.elem name annotations || lib.hasPrefix "x-" name;

  constraints = lib.filterAttrs (name: _: !isAnnotation name);
  says = schema: constraints schema != { };

  unescape = lib.replaceStrings [ "~1" "~0" "%25" "%20" "%22" ] [ "/" "~" "%" " " "\"" ];

  segments = pointer: map unescape (lib.tail (lib.splitString "/" pointer));

  descend =
    fail: value: segment:
    if isAttrs value && value ? ${segment} then
      value.${segment}
    else if
      isList value
      && builtins.match "0|[1-9][0-9]*" segment != null
      && lib.toInt segment < lib.length value
    then
      lib.elemAt value (lib.toInt segment)
    else
      fail;

  # The schema to which a `$ref` points. Only the schema itself is looked into.
  resolve = resolveAt "#";

  resolveAt =
    at: root: reference:
    let
      what = "the schema at ${at} has the `$ref' ${builtins.toJSON reference}, which";
    in
    if reference == "#" then
      root
    else if !(isString reference && lib.hasPrefix "#/" reference) then
      throw "${what} cannot be followed: only references into the schema itself can, such as \"#/$defs/Size\""
    else
      lib.foldl' (descend (throw "${what} points to nothing")) root (segments reference);

  # Keywords by which two schemas can be joined though both have them.
  joined = [
    "properties"
    "required"
    "type"
  ];

  # Keywords whose meaning depends on others beside them.
  contextual = [
    "contains"
    "if"
    "items"
    "prefixItems"
    "unevaluatedItems"
    "unevaluatedProperties"
  ];

  naming = schema: schema ? properties || schema ? patternProperties;
  leavesOpen = schema: other: schema.additionalProperties or true == true || !naming other;

  # Whether one schema with the keywords of both means what the two mean together. What `a` says
  # of properties that nothing else looks at covers what `b` looks at, but not the reverse.
  joinable =
    a: b:
    lib.subtractLists joined (attrNames (intersectAttrs (constraints a) (constraints b))) == [ ]
    && leavesOpen a b
    && leavesOpen b a
    && !lib.any (name: b ? ${name} && lib.any (other: a ? ${other}) contextual) contextual
    && !(b ? unevaluatedProperties && says a);

  types = schema: if schema ? type then lib.toList schema.type else null;

  narrower =
    a: b:
    let
      both = lib.filter (type: builtins.elem type b || (type == "integer" && builtins.elem "number" b)) a;
      swapped = lib.filter (type: type == "integer" && builtins.elem "number" a) b;
    in
    lib.unique (both ++ swapped);

  joinProperties =
    a: b:
    a
    // b
    // lib.mapAttrs (name: one: {
      allOf = [
        one
        b.${name}
      ];
    }) (intersectAttrs b a);

  join =
    a: b:
    a
    // b
    // lib.optionalAttrs (a ? properties && b ? properties) {
      properties = joinProperties a.properties b.properties;
    }
    // lib.optionalAttrs (a ? required && b ? required) {
      required = lib.unique (a.required ++ b.required);
    }
    // lib.optionalAttrs (a ? type && b ? type) { type = narrower (types a) (types b); };

  # The structure is that of the first one where they cannot be joined.
  both =
    a: b:
    if !says a || !says b then
      b // a
    else if joinable a b then
      join b a
    else
      a // { allOf = a.allOf or [ ] ++ [ b ]; };

  normaliseIn =
    seen: context: schema:
    if isBool schema then
      if schema then { } else { enum = [ ]; }
    else if schema ? "$dynamicRef" then
      throw "the schema at ${context.at} has a `$dynamicRef', which has no counterpart among option types"
    else if schema ? "$ref" && builtins.elem schema."$ref" seen then
      throw "the schema at ${context.at} has the `$ref' ${builtins.toJSON schema."$ref"}, which leads back to itself"
    else
      let
        own = removeAttrs schema [
          "$ref"
          "allOf"
        ];
        followed = normaliseIn (seen ++ [ schema."$ref" ]) context (
          resolveAt context.at context.root schema."$ref"
        );
        parts =
          lib.optional (schema ? "$ref") followed ++ map (normaliseIn seen context) (schema.allOf or [ ]);
      in
      lib.foldl' both own parts;

  /**
    A schema without `$ref`, and with `allOf` only where it had to stay.

    # Type

    ```
    normalise :: { root :: Schema, at :: String, ... } -> Schema -> Schema
    ```
  */
  normalise = normaliseIn [ ];

  # The context of a schema below another one.
  below = context: path: context // { at = "${context.at}/${path}"; };
in
{
  inherit
    below
    both
    constraints
    normalise
    resolve
    says
    ;
}
