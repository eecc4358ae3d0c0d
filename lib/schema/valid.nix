/**
  Whether finished data fits a schema.

  It serves where an option type alone cannot tell: to choose among the forms of a union, and for
  keywords that look at a value as a whole. Numbers are strict: `1.0` is no integer, as it is none
  for Nix and for a provider.
*/
{ lib }:
let
  inherit (builtins)
    all
    any
    attrNames
    elem
    hasAttr
    isAttrs
    isFloat
    isInt
    isList
    isString
    length
    ;

  patterns = import ./pattern.nix { inherit lib; };
  text = import ./text.nix { inherit lib; };
  inherit (import ./reference.nix { inherit lib; }) resolve;

  kindOf =
    value:
    {
      bool = "boolean";
      float = "number";
      int = "integer";
      list = "array";
      null = "null";
      set = "object";
      string = "string";
    }
    .${builtins.typeOf value} or "other";

  isOfType = value: type: kindOf value == type || (type == "number" && isInt value);

  isMultiple =
    factor: value:
    if isInt factor && isInt value then
      value - value / factor * factor == 0
    else
      let
        times = (value * 1.0) / factor;
      in
      times == builtins.floor times;

  onNumbers =
    test: limit: value:
    !(isInt value || isFloat value) || test limit value;
  onStrings =
    test: limit: value:
    !isString value || test limit value;
  onLists =
    test: limit: value:
    !isList value || test limit value;
  onSets =
    test: limit: value:
    !isAttrs value || test limit value;

  # Keywords that look at nothing but a value and their own argument.
  plain = {
    type = type: value: any (isOfType value) (lib.toList type);
    const = wanted: value: value == wanted;
    enum = wanted: value: elem value wanted;
    minimum = onNumbers (limit: value: value >= limit);
    maximum = onNumbers (limit: value: value <= limit);
    exclusiveMinimum = onNumbers (limit: value: value > limit);
    exclusiveMaximum = onNumbers (limit: value: value < limit);
    multipleOf = onNumbers isMultiple;
    minLength = onStrings (limit: value: text.count value >= limit);
    maxLength = onStrings (limit: value: text.count value <= limit);
    pattern = onStrings patterns.matches;
    minItems = onLists (limit: value: length value >= limit);
    maxItems = onLists (limit: value: length value <= limit);
    uniqueItems = onLists (wanted: value: !wanted || lib.unique value == value);
    required = onSets (names: value: all (name: hasAttr name value) names);
    minProperties = onSets (limit: value: length (attrNames value) >= limit);
    maxProperties = onSets (limit: value: length (attrNames value) <= limit);
    dependentRequired = onSets (
      names: value:
      all (name: !hasAttr name value || all (other: hasAttr other value) names.${name}) (attrNames names)
    );
  };

  matching =
    patterns': name: lib.filter (pattern: patterns.matches pattern name) (attrNames patterns');

  # The names of a set that `properties` and `patternProperties` beside them look at.
  named =
    schema: name:
    (schema.properties or { }) ? ${name} || matching (schema.patternProperties or { }) name != [ ];

  # `followed` are the references that led here without a step into the value.
  validIn =
    followed: root: schema: value:
    if builtins.isBool schema then
      schema
    else
      let
        fits = validIn [ ] root;
        same = one: validIn followed root one value;
        rest = first: list: lib.drop (length first) list;

        follow =
          reference:
          if elem reference followed then
            throw "the `$ref' ${builtins.toJSON reference} leads back to itself"
          else
            validIn (followed ++ [ reference ]) root (resolve root reference) value;

        applying = {
          "$ref" = follow;
          allOf = all same;
          anyOf = any same;
          oneOf = schemas: length (lib.filter same schemas) == 1;
          not = one: !same one;
          "if" =
            condition: if same condition then same (schema."then" or true) else same (schema."else" or true);

          properties =
            properties:
            !isAttrs value
            || all (name: fits properties.${name} value.${name}) (
              attrNames (builtins.intersectAttrs value properties)
            );
          patternProperties =
            schemas:
            !isAttrs value
            || all (name: all (pattern: fits schemas.${pattern} value.${name}) (matching schemas name)) (
              attrNames value
            );
          additionalProperties =
            one: !isAttrs value || all (name: named schema name || fits one value.${name}) (attrNames value);
          propertyNames = one: !isAttrs value || all (fits one) (attrNames value);
          dependentSchemas =
            schemas:
            !isAttrs value || all (name: !hasAttr name value || same schemas.${name}) (attrNames schemas);
          unevaluatedProperties =
            one:
            !isAttrs value
            || all (name: elem name (seen root schema value) || fits one value.${name}) (attrNames value);

          prefixItems =
            schemas: !isList value || all (pair: fits pair.fst pair.snd) (lib.zipLists schemas value);
          items = one: !isList value || all (fits one) (rest (schema.prefixItems or [ ]) value);
          contains =
            one:
            !isList value
            || (
              let
                found = length (lib.filter (fits one) value);
              in
              found >= schema.minContains or 1 && found <= schema.maxContains or found
            );
        };

        holds =
          name: argument:
          if plain ? ${name} then
            plain.${name} argument value
          else if applying ? ${name} then
            applying.${name} argument
          else
            true;
      in
      all (name: holds name schema.${name}) (attrNames schema);

  valid = validIn [ ];

  # The names of a set that some keyword of a schema, or of those that it applies to the same set,
  # has looked at.
  seen =
    root: schema: value:
    if builtins.isBool schema then
      [ ]
    else
      let
        through = one: lib.optionals (valid root one value) (seen root one value);
        applied =
          lib.optional (schema ? "$ref") (resolve root schema."$ref")
          ++ schema.allOf or [ ]
          ++ schema.anyOf or [ ]
          ++ schema.oneOf or [ ]
          ++ lib.optional (schema ? "if") schema."if"
          ++ lib.optional (schema ? "if" && valid root schema."if" value) (schema."then" or true)
          ++ lib.optional (schema ? "if" && !valid root schema."if" value) (schema."else" or true)
          ++ lib.attrValues (lib.filterAttrs (name: _: hasAttr name value) (schema.dependentSchemas or { }));
        own =
          if schema ? additionalProperties then
            attrNames value
          else
            lib.filter (named schema) (attrNames value);
      in
      own ++ lib.concatMap through applied;
in
{
  inherit
    isOfType
    kindOf
    plain
    valid
    ;
}
