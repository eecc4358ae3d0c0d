/**
  Unions: schemas with `oneOf` or `anyOf`.

  A provider's enumerations become unions of sets that a constant or the name of an attribute tells
  apart. Definitions are first merged as plain data; what they say of tags chooses the form, and
  that form's type merges them in earnest, with its defaults and errors. Forms that no tag tells
  apart are tried as a whole.
*/
{ lib, typeIn }:
let
  inherit (builtins)
    any
    attrNames
    concatMap
    filter
    head
    isAttrs
    isFunction
    length
    ;
  inherit (lib) types;

  reference = import ./reference.nix { inherit lib; };
  validity = import ./valid.nix { inherit lib; };

  isEnumeration = schema: schema ? enum || schema ? const;
  isUnion = schema: schema ? oneOf || schema ? anyOf;

  # The forms of a union, each with what the union itself asks for.
  formsOf =
    context: schema:
    let
      base = reference.constraints (
        removeAttrs schema [
          "anyOf"
          "oneOf"
          "unevaluatedProperties"
        ]
      );
      closed = schema.unevaluatedProperties or true == false;
      close =
        form:
        if closed && !form ? additionalProperties && !isUnion form then
          form // { additionalProperties = false; }
        else if closed && isUnion form then
          form // { unevaluatedProperties = false; }
        else
          form;
      form = one: close (reference.both (reference.normalise context one) base);
    in
    map form (schema.oneOf or schema.anyOf);

  # Whether data can be of a form, by its kind and its tags alone.
  resembles =
    context: value: form:
    let
      inner = map (reference.normalise context) (form.oneOf or form.anyOf or [ ]);
      constant =
        name:
        let
          property = reference.normalise context form.properties.${name};
        in
        !isEnumeration property
        || !value ? ${name}
        || validity.valid context.root (lib.getAttrs (filter (key: property ? ${key}) [
          "const"
          "enum"
        ]) property) value.${name};
    in
    (if form ? type then any (validity.isOfType value) (lib.toList form.type) else true)
    && (!isEnumeration form || validity.valid context.root (removeAttrs form [ "default" ]) value)
    && (!isAttrs value || lib.all constant (attrNames (form.properties or { })))
    && (inner == [ ] || any (resembles context value) inner);

  # Whether a set has the attributes that a form asks for, and no other ones if that is closed.
  hasNames =
    value: form:
    !isAttrs value
    || (
      lib.all (name: value ? ${name}) (form.required or [ ])
      && (
        form.additionalProperties or true != false
        || form ? patternProperties
        || lib.all (name: (form.properties or { }) ? ${name}) (attrNames value)
      )
    );

  # Definitions as plain data. Sets may be modules; attributes may hang on conditions.
  rawValue =
    loc: definitions:
    if any (definition: isFunction definition.value || isAttrs definition.value) definitions then
      removeAttrs
        (lib.evalModules {
          prefix = loc;
          modules = [
            {
              _module.freeformType = types.lazyAttrsOf types.anything;
              _module.args.name = lib.last loc;
            }
          ]
          ++ map (
            { file, value, ... }:
            { _file = file; } // (if isAttrs value then { config = value; } else { imports = [ value ]; })
          ) definitions;
        }).config
        [ "_module" ]
    else
      (lib.mergeDefinitions loc types.anything definitions).mergedValue;

  # The words for what tells forms apart.
  tagsOf =
    context: forms:
    let
      constants =
        form:
        concatMap (
          name:
          let
            property = reference.normalise context form.properties.${name};
          in
          map (value: "${name} = ${builtins.toJSON value}") (
            property.enum or (lib.optional (property ? const) property.const)
          )
        ) (attrNames (form.properties or { }));
      words =
        form:
        if isEnumeration form then
          map builtins.toJSON (form.enum or [ form.const ])
        else if constants form != [ ] then
          [ "a set with ${lib.concatStringsSep " or " (constants form)}" ]
        else if form ? properties then
          [ "a set with ${lib.concatStringsSep ", " (form.required or (attrNames form.properties))}" ]
        else
          [ (typeIn context form).description ];
    in
    lib.concatStringsSep ", or " (concatMap words forms);

  /*
    Each step leaves fewer forms, and only takes away what cannot be valid; the first that leaves
    one decides.
  */
  choose =
    context: schema: forms: loc: definitions:
    let
      value = rawValue loc definitions;
      resembling = filter (resembles context value) forms;
      named = filter (hasNames value) resembling;
      fitting = filter (form: validity.valid context.root form value) named;
      refuse =
        why:
        throw "The option `${lib.showOption loc}' ${why}: ${tagsOf context forms}; it is defined in ${lib.showFiles (lib.getFiles definitions)}.";
    in
    if length resembling == 1 then
      head resembling
    else if length named == 1 then
      head named
    else if resembling == [ ] || named == [ ] || fitting == [ ] then
      refuse "is to be one of"
    else if schema ? oneOf && length fitting > 1 then
      refuse "fits more than one of what it is to be only one of"
    else
      head fitting;

  unionType =
    context: schema: forms:
    let
      formTypes = map (typeIn context) forms;
    in
    lib.mkOptionType {
      name = "union";
      description = lib.concatMapStringsSep " or " (
        type: if type.descriptionClass or null == "noun" then type.description else "(${type.description})"
      ) formTypes;
      check = value: any (type: type.check value) formTypes;
      merge =
        loc: definitions:
        (lib.mergeDefinitions loc (typeIn context (
          choose context schema forms loc definitions
        )) definitions).mergedValue;
      getSubOptions =
        prefix: lib.foldl' lib.recursiveUpdate { } (map (type: type.getSubOptions prefix) formTypes);
    }
    // {
      descriptionClass = "conjunction";
    };

  isNull =
    form: form.type or null == "null" || form == { const = null; } || form.enum or [ ] == [ null ];
in
{
  typeOf =
    context: schema:
    let
      forms = formsOf context schema;
      others = filter (form: !isNull form) forms;
      values = concatMap (form: form.enum or [ form.const ]) forms;
      both = schema ? oneOf && schema ? anyOf;
    in
    if both then
      types.addCheck types.anything (validity.valid context.root schema)
    else if lib.all isEnumeration forms then
      types.enum (filter (validity.valid context.root schema) (lib.unique values))
    else if length forms - length others == 1 then
      types.nullOr (
        if length others == 1 then typeIn context (head others) else unionType context schema others
      )
    else if length forms == 1 then
      typeIn context (head forms)
    else
      unionType context schema forms;
}
