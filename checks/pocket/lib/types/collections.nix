# Lists and attribute sets of one type.
{ lib }:
let
  inherit (builtins)
    concatMap
    isAttrs
    isList
    mapAttrs
    zipAttrsWith
    ;
  inherit (lib.modules) mergeDefinitions;
  inherit (lib.types) elemTypeFunctor phrase;

  plain = [
    "noun"
    "composite"
  ];

  # { name = [ { file; value; } ]; } of definitions that are sets.
  byName =
    merge: definitions:
    zipAttrsWith merge (
      map ({ file, value, ... }: mapAttrs (_: value: { inherit file value; }) value) definitions
    );

  mergeList =
    elemType: loc: definitions:
    let
      entry =
        n: file: m: value:
        (mergeDefinitions (loc ++ [ "[definition ${toString n}-entry ${toString m}]" ]) elemType [
          { inherit file value; }
        ]).optionalValue;
      entries = lib.concatLists (
        lib.imap1 (n: definition: lib.imap1 (entry n definition.file) definition.value) definitions
      );
    in
    concatMap (result: if result ? value then [ result.value ] else [ ]) entries;

  # Strict: whether an attribute exists depends on its conditions.
  mergeAttrs =
    elemType: loc: definitions:
    let
      merged = byName (
        name: values: (mergeDefinitions (loc ++ [ name ]) elemType values).optionalValue
      ) definitions;
    in
    mapAttrs (_: result: result.value) (lib.filterAttrs (_: result: result ? value) merged);

  # Lazy: every attribute exists; one without a value throws when it is read.
  mergeLazyAttrs =
    elemType: loc:
    byName (name: values: (mergeDefinitions (loc ++ [ name ]) elemType values).mergedValue);

  attrsWith =
    {
      elemType,
      lazy ? false,
      placeholder ? "name",
    }:
    lib.mkOptionType {
      name = if lazy then "lazyAttrsOf" else "attrsOf";
      description = "${
        if lazy then "lazy attribute set" else "attribute set"
      } of ${phrase plain elemType}";
      descriptionClass = "composite";
      check = isAttrs;
      merge = (if lazy then mergeLazyAttrs else mergeAttrs) elemType;
      emptyValue.value = { };
      getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "<${placeholder}>" ]);
      inherit (elemType) getSubModules;
      substSubModules =
        modules:
        attrsWith {
          elemType = elemType.substSubModules modules;
          inherit lazy placeholder;
        };
      functor = elemTypeFunctor "attrsWith" lib.id elemType // {
        type = attrsWith;
        payload = { inherit elemType lazy placeholder; };
        binOp =
          a: b:
          let
            merged = a.elemType.typeMerge b.elemType.functor;
            named = lib.unique (
              lib.remove "name" [
                a.placeholder
                b.placeholder
              ]
            );
          in
          if merged == null || a.lazy != b.lazy || builtins.length named > 1 then
            null
          else
            {
              elemType = merged;
              inherit (a) lazy;
              placeholder = if named == [ ] then "name" else builtins.head named;
            };
      };
      nestedTypes.elemType = elemType;
    };
in
{
  inherit attrsWith;

  attrsOf = elemType: attrsWith { inherit elemType; };
  lazyAttrsOf =
    elemType:
    attrsWith {
      inherit elemType;
      lazy = true;
    };

  listOf =
    elemType:
    lib.mkOptionType {
      name = "listOf";
      description = "list of ${phrase plain elemType}";
      descriptionClass = "composite";
      check = isList;
      merge = mergeList elemType;
      emptyValue.value = [ ];
      getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "*" ]);
      inherit (elemType) getSubModules;
      substSubModules = modules: lib.types.listOf (elemType.substSubModules modules);
      functor = elemTypeFunctor "listOf" lib.types.listOf elemType;
      nestedTypes.elemType = elemType;
    };
  nonEmptyListOf =
    elemType:
    let
      list = lib.types.addCheck (lib.types.listOf elemType) (value: value != [ ]);
    in
    list
    // {
      description = "non-empty ${phrase [ "noun" ] list}";
      emptyValue = { };
      substSubModules = modules: lib.types.nonEmptyListOf (elemType.substSubModules modules);
    };
  # Older name of a list that may also be written as a set.
  loaOf = lib.types.attrsOf;
}
