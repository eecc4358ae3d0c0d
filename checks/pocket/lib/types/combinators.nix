# Types made of other types.
{ lib }:
let
  inherit (builtins)
    all
    concatMap
    elem
    filter
    head
    isInt
    isString
    length
    tail
    ;
  inherit (lib) mkOptionType showFiles showOption;
  inherit (lib.modules) mergeDefinitions;
  inherit (lib.types) defaultFunctor elemTypeFunctor phrase;

  accepts = type: definitions: all (definition: type.check definition.value) definitions;

  showChoice =
    value:
    if isString value then
      "\"${value}\""
    else if isInt value then
      toString value
    else if builtins.isBool value then
      lib.boolToString value
    else
      "<${builtins.typeOf value}>";

  # What a type that only wraps another one passes through.
  passThrough = type: {
    inherit (type) getSubOptions getSubModules;
    nestedTypes.elemType = type;
  };
in
{
  uniq = lib.types.unique { message = ""; };
  unique =
    { message }:
    type:
    mkOptionType (
      passThrough type
      // {
        name = "unique";
        inherit (type)
          description
          descriptionClass
          check
          emptyValue
          ;
        merge = lib.mergeUniqueOption {
          inherit message;
          inherit (type) merge;
        };
        substSubModules = modules: lib.types.unique { inherit message; } (type.substSubModules modules);
        functor = elemTypeFunctor "unique" (lib.types.unique { inherit message; }) type;
      }
    );

  nullOr =
    type:
    mkOptionType (
      passThrough type
      // {
        name = "nullOr";
        description = "null or ${
          phrase [
            "noun"
            "conjunction"
          ] type
        }";
        descriptionClass = "conjunction";
        check = value: value == null || type.check value;
        merge =
          loc: definitions:
          let
            nulls = length (filter (definition: definition.value == null) definitions);
          in
          if nulls == 0 then
            type.merge loc definitions
          else if nulls == length definitions then
            null
          else
            throw "The option `${showOption loc}` is defined both null and not null, in ${showFiles (lib.getFiles definitions)}.";
        emptyValue.value = null;
        substSubModules = modules: lib.types.nullOr (type.substSubModules modules);
        functor = elemTypeFunctor "nullOr" lib.types.nullOr type;
      }
    );

  functionTo =
    type:
    mkOptionType (
      passThrough type
      // {
        name = "functionTo";
        description = "function that evaluates to a(n) ${
          phrase [
            "noun"
            "composite"
          ] type
        }";
        descriptionClass = "composite";
        check = lib.isFunction;
        merge = loc: definitions: {
          __functionArgs = builtins.zipAttrsWith (_: all lib.id) (
            map (definition: lib.functionArgs definition.value) definitions
          );
          __functor =
            _: argument:
            (mergeDefinitions (loc ++ [ "<function body>" ]) type (
              map (definition: definition // { value = definition.value argument; }) definitions
            )).mergedValue;
        };
        getSubOptions = prefix: type.getSubOptions (prefix ++ [ "<function body>" ]);
        substSubModules = modules: lib.types.functionTo (type.substSubModules modules);
        functor = elemTypeFunctor "functionTo" lib.types.functionTo type;
      }
    );

  enum =
    values:
    mkOptionType {
      name = "enum";
      description =
        if values == [ ] then
          "impossible (empty enum)"
        else if length values == 1 then
          "value ${showChoice (head values)} (singular enum)"
        else
          "one of ${lib.concatMapStringsSep ", " showChoice values}";
      descriptionClass = if length values < 2 then "noun" else "conjunction";
      check = value: elem value values;
      merge = lib.mergeEqualOption;
      functor = defaultFunctor "enum" // {
        type = payload: lib.types.enum payload.values;
        payload = { inherit values; };
        binOp = a: b: { values = lib.unique (a.values ++ b.values); };
      };
    };

  either =
    left: right:
    mkOptionType {
      name = "either";
      description =
        if left.descriptionClass or null == "nonRestrictiveClause" then
          "${left.description}, or ${
            phrase [
              "noun"
              "conjunction"
            ] right
          }"
        else
          "${
            phrase [
              "noun"
              "conjunction"
            ] left
          } or ${
            phrase [
              "noun"
              "conjunction"
              "composite"
            ] right
          }";
      descriptionClass = "conjunction";
      check = value: left.check value || right.check value;
      merge =
        loc: definitions:
        if accepts left definitions then
          left.merge loc definitions
        else if accepts right definitions then
          right.merge loc definitions
        else
          lib.mergeOneOption loc definitions;
      typeMerge =
        other:
        let
          pair = other.payload.elemType;
          mergedLeft = left.typeMerge (head pair).functor;
          mergedRight = right.typeMerge (head (tail pair)).functor;
        in
        if other.name == "either" && mergedLeft != null && mergedRight != null then
          lib.types.either mergedLeft mergedRight
        else
          null;
      functor = defaultFunctor "either" // {
        type = payload: lib.types.either (head payload.elemType) (head (tail payload.elemType));
        payload.elemType = [
          left
          right
        ];
      };
      nestedTypes = { inherit left right; };
    };
  oneOf =
    types:
    if types == [ ] then
      throw "types.oneOf needs to get at least one type in its argument"
    else
      builtins.foldl' lib.types.either (head types) (tail types);

  coercedTo =
    from: coerce: to:
    assert lib.assertMsg (
      from.getSubModules == null
    ) "coercedTo: coercedType must not have submodules (it’s a ${from.description})";
    mkOptionType {
      name = "coercedTo";
      description = "${phrase [ "noun" ] to} or ${phrase [ "noun" ] from} convertible to it";
      check = value: (from.check value && to.check (coerce value)) || to.check value;
      merge =
        loc: definitions:
        to.merge loc (
          map (
            definition:
            if from.check definition.value then
              definition // { value = coerce definition.value; }
            else
              definition
          ) definitions
        );
      inherit (to) emptyValue getSubOptions getSubModules;
      substSubModules = modules: lib.types.coercedTo from coerce (to.substSubModules modules);
      typeMerge = _: null;
      nestedTypes = {
        coercedType = from;
        finalType = to;
      };
    };

  # What a serialization format can hold.
  serializableValueWith =
    {
      typeName,
      nullable ? true,
    }:
    let
      base = lib.types.oneOf [
        lib.types.bool
        lib.types.int
        lib.types.float
        lib.types.str
        lib.types.path
        (lib.types.attrsOf value)
        (lib.types.listOf value)
      ];
      value = (if nullable then lib.types.nullOr base else base) // {
        description = "${typeName} value";
      };
    in
    value;
  json = lib.types.serializableValueWith { typeName = "JSON"; };
  toml = lib.types.serializableValueWith {
    typeName = "TOML";
    nullable = false;
  };
}
