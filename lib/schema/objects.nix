/**
  Objects: a set of options, a map of one type, or both.
*/
{
  clean,
  lib,
  strict,
  typeIn,
}:
let
  inherit (builtins)
    attrNames
    elem
    isAttrs
    isFunction
    ;
  inherit (lib) mkOption types;

  reference = import ./reference.nix { inherit lib; };
  validity = import ./valid.nix { inherit lib; };

  textOf = schema: schema.description or (schema.title or "");

  # What a schema says that is no constraint; what stands beside a `$ref` goes before.
  noted =
    context: schema:
    if isAttrs schema then
      lib.optionalAttrs (schema ? "$ref") (reference.resolve context.root schema."$ref") // schema
    else
      { };

  # A schema that says nothing allows null too, but does not ask for it.
  allowsNull =
    context: schema:
    let
      normal = reference.normalise context schema;
    in
    reference.says normal && validity.valid context.root normal null;

  default =
    context: required: notes: schema:
    if notes ? default then
      { inherit (notes) default; }
    else if !required && allowsNull context schema then
      { default = null; }
    else
      { };

  optionOf =
    context: object: name:
    let
      schema = object.properties.${name};
      notes = noted context schema;
      inner = reference.below context "properties/${name}";
    in
    mkOption (
      {
        type = typeIn inner schema;
        description = textOf notes;
      }
      // default inner (elem name (object.required or [ ])) notes schema
      // lib.optionalAttrs (notes.examples or [ ] != [ ]) { example = lib.head notes.examples; }
    );

  isClosed =
    object:
    object.additionalProperties or true == false || object.unevaluatedProperties or true == false;

  # The type of attributes that the schema does not name.
  freeform =
    context: object:
    let
      other = object.additionalProperties or true;
    in
    types.lazyAttrsOf (
      if object ? patternProperties || !isAttrs other then
        types.anything
      else
        typeIn (reference.below context "additionalProperties") other
    );

  declarations =
    context: object:
    {
      options = lib.genAttrs (attrNames (object.properties or { })) (optionOf context object);
    }
    // lib.optionalAttrs (!isClosed object || object ? patternProperties) {
      config._module.freeformType = freeform context object;
    };

  asModule =
    { file, value, ... }:
    {
      _file = file;
    }
    // (if isAttrs value then { config = value; } else { imports = [ value ]; });

  merge =
    context: object: loc: definitions:
    let
      evaluated = lib.evalModules {
        prefix = loc;
        modules = [
          (declarations context object)
          { _module.args.name = lib.last loc; }
        ]
        ++ map asModule definitions;
      };
      value = clean evaluated;
      missing = lib.filter (name: !value ? ${name}) (object.required or [ ]);
    in
    if strict && missing != [ ] then
      throw "The option `${
        lib.showOption (loc ++ [ (lib.head missing) ])
      }' was accessed but has no value defined. Try setting the option."
    else
      value;

  isMap = object: object.properties or { } == { };

  record =
    context: object:
    # Older nixpkgs do not know the class as an argument.
    lib.mkOptionType {
      name = "record";
      description = if object ? title then "submodule ${object.title}" else "submodule";
      check = value: isAttrs value || isFunction value;
      merge = merge context object;
      getSubOptions =
        prefix:
        (lib.evalModules {
          inherit prefix;
          modules = [
            (declarations context object)
            { _module.check = false; }
          ];
        }).options;
    }
    // {
      descriptionClass = "noun";
    };

  map' =
    context: object:
    let
      other = object.additionalProperties or true;
    in
    types.attrsOf (
      if other == true then
        types.anything
      else
        typeIn (reference.below context "additionalProperties") other
    );

  /*
    A union as one set of options, for a module, which cannot be one of several: each form's
    properties, none of which is asked for.
  */
  flattened =
    context: object:
    let
      forms = map (flattened context) (
        map (reference.normalise context) (object.oneOf or [ ] ++ object.anyOf or [ ])
      );
      properties = lib.zipAttrsWith (_: schemas: { anyOf = schemas; }) (
        map (form: form.properties or { }) forms
      );
    in
    if forms == [ ] then
      object
    else
      removeAttrs object [
        "anyOf"
        "oneOf"
      ]
      // {
        properties = properties // object.properties or { };
      }
      // lib.optionalAttrs (lib.all isClosed forms) { additionalProperties = false; };
in
{
  typeOf =
    context: object:
    if
      isMap object
      && object.required or [ ] == [ ]
      && object.additionalProperties or true != false
      && !object ? patternProperties
    then
      map' context object
    else
      record context object;

  moduleOf =
    context: schema: declarations context (flattened context (reference.normalise context schema));
}
