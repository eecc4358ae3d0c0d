# Types without parameters that are neither numbers, strings nor paths.
{ lib }:
let
  inherit (builtins) head isAttrs isBool;
  inherit (lib) mkOptionType;

  noun = attributes: mkOptionType ({ descriptionClass = "noun"; } // attributes);

  kindOf =
    value:
    if isAttrs value && lib.isStringLike value then "stringCoercibleSet" else builtins.typeOf value;

  mergeAnything =
    loc: definitions:
    let
      kind = kindOf (head definitions).value;
      byKind = {
        set = (lib.types.attrsOf lib.types.anything).merge;
        stringCoercibleSet = lib.mergeOneOption;
        lambda =
          loc: functions: argument:
          lib.types.anything.merge (loc ++ [ "<function body>" ]) (
            map (definition: definition // { value = definition.value argument; }) functions
          );
      };
    in
    if builtins.all (definition: kindOf definition.value == kind) definitions then
      (byKind.${kind} or lib.mergeEqualOption) loc definitions
    else
      throw "The option `${lib.showOption loc}' has conflicting option types in ${lib.showFiles (lib.getFiles definitions)}";
in
{
  raw = noun {
    name = "raw";
    description = "raw value";
    merge = lib.mergeOneOption;
  };
  unspecified = noun {
    name = "unspecified";
    description = "unspecified value";
  };
  anything = noun {
    name = "anything";
    merge = mergeAnything;
  };
  bool = noun {
    name = "bool";
    description = "boolean";
    check = isBool;
    merge = lib.mergeEqualOption;
  };
  boolByOr = noun {
    name = "boolByOr";
    description = "boolean (merged using or)";
    check = isBool;
    merge = _: builtins.any (definition: definition.value);
  };
  attrs = mkOptionType {
    name = "attrs";
    description = "attribute set";
    check = isAttrs;
    merge = _: definitions: lib.mergeAttrsList (lib.getValues definitions);
    emptyValue.value = { };
  };
  package = noun {
    name = "package";
    check = value: lib.isDerivation value || lib.isStorePath value;
    merge =
      loc: definitions:
      let
        value = lib.mergeOneOption loc definitions;
      in
      if builtins.isPath value || (builtins.isString value && !(builtins.hasContext value)) then
        lib.toDerivation value
      else
        value;
  };
  shellPackage = lib.types.package // {
    check = value: lib.isDerivation value && value ? shellPath;
  };
  pkgs = noun {
    name = "pkgs";
    description = "Nixpkgs package set";
    check = value: isAttrs value && value._type or null == "pkgs";
    merge = lib.mergeUniqueOption {
      message = "A Nixpkgs pkgs set can not be merged with another pkgs set.";
    };
  };
}
