# Making types, and merging the types of an option that is declared twice.
{ lib }:
let
  inherit (lib.types) isType defaultFunctor defaultTypeMerge;
in
{
  isType = tag: value: (value._type or "") == tag;
  setType = tag: value: value // { _type = tag; };
  isOptionType = isType "option-type";

  mkOptionType =
    {
      name,
      description ? name,
      descriptionClass ? null,
      check ? (_: true),
      merge ? lib.mergeDefaultOption,
      emptyValue ? { },
      getSubOptions ? (_: { }),
      getSubModules ? null,
      substSubModules ? (_: null),
      functor ? defaultFunctor name,
      typeMerge ? defaultTypeMerge functor,
      deprecationMessage ? null,
      nestedTypes ? { },
    }:
    {
      _type = "option-type";
      description = if description == null then name else description;
      inherit
        name
        descriptionClass
        check
        merge
        emptyValue
        getSubOptions
        getSubModules
        substSubModules
        functor
        typeMerge
        deprecationMessage
        nestedTypes
        ;
    };

  # Types without a parameter: the same name is the same type.
  defaultFunctor = name: {
    inherit name;
    type = lib.types.${name} or null;
    payload = null;
    binOp = _: _: null;
  };
  # Types that differ by one type within them.
  elemTypeFunctor =
    name: make: elemType:
    defaultFunctor name
    // {
      type = payload: make payload.elemType;
      payload = { inherit elemType; };
      binOp =
        a: b:
        let
          merged = a.elemType.typeMerge b.elemType.functor;
        in
        if merged == null then null else { elemType = merged; };
    };
  # The merged type, or null where the two cannot be one.
  defaultTypeMerge =
    a: b:
    let
      payload = a.binOp a.payload b.payload;
    in
    if a.name != b.name then
      null
    else if a.payload == null then
      a.type
    else if payload == null then
      null
    else
      a.type payload;
  mergeTypes =
    a: b:
    let
      merged = a.typeMerge b.functor;
    in
    if merged == null then
      {
        _type = "merge-error";
        error = "Cannot merge types";
      }
    else
      merged;

  addCheck = type: check: type // { check = value: type.check value && check value; };

  # A description within another one, in parentheses unless its class is among `plain`.
  optionDescriptionPhrase =
    plain: type:
    if plain (type.descriptionClass or null) then type.description else "(${type.description})";
  # The same, by the names of the classes.
  phrase = classes: lib.types.optionDescriptionPhrase (class: builtins.elem class classes);

  optionType = lib.mkOptionType {
    name = "optionType";
    description = "optionType";
    descriptionClass = "noun";
    check = value: value._type or null == "option-type";
    merge =
      loc: definitions:
      if builtins.length definitions == 1 then
        (builtins.head definitions).value
      else
        # Only the module system knows how the submodules of several types become one.
        (lib.modules.fixupOptionType loc (
          lib.modules.mergeOptionDecls loc (
            map (definition: {
              _file = definition.file;
              pos = null;
              options = lib.mkOption { type = definition.value; };
            }) definitions
          )
        )).type;
  };
}
