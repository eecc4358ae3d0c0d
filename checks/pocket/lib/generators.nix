# Values as text.
{ lib }:
let
  inherit (builtins)
    isAttrs
    isFloat
    isInt
    isList
    isPath
    isString
    ;

  linesOf = text: builtins.filter isString (builtins.split "\n" text);

  prettyString =
    multiline: open: close: text:
    let
      lines = linesOf text;
      escaped = map (builtins.replaceStrings [ "\${" "''" ] [ "''\${" "'''" ]) lines;
      final = lib.last escaped;
    in
    if multiline && builtins.length lines > 1 then
      "''${open}${lib.concatStringsSep open (lib.init escaped)}${
        if final == "" then close else open + final
      }''"
    else
      "\"${
        lib.concatMapStringsSep "\\n" (lib.escape [
          "\\"
          "\""
          "\${"
        ]) lines
      }\"";

  prettyFunction =
    f:
    let
      arguments = lib.mapAttrsToList (name: optional: if optional then "${name}?" else name) (
        lib.functionArgs f
      );
    in
    if arguments == [ ] then
      "<function>"
    else
      "<function, args: {${lib.concatStringsSep ", " arguments}}>";

  # Attributes that give a set its behaviour: cutting them off would change what it is.
  behaviour = [
    "__functor"
    "__functionArgs"
    "__toString"
    "__pretty"
  ];
in
{
  # Replaces what lies deeper than `depthLimit`, so that an endless value can be shown.
  withRecursion =
    {
      depthLimit,
      throwOnDepthLimit ? true,
    }:
    let
      tooDeep = depth: depthLimit != null && depth > depthLimit;
      cut =
        depth: value:
        if !(tooDeep depth) then
          value
        else if throwOnDepthLimit then
          throw "Exceeded maximum eval-depth limit of ${toString depthLimit} while trying to evaluate with `generators.withRecursion'!"
        else
          "<unevaluated>";
      go =
        depth: value:
        let
          inner = item: if tooDeep (depth + 1) then cut (depth + 1) item else go (depth + 1) item;
        in
        if isAttrs value then
          builtins.mapAttrs (name: item: if builtins.elem name behaviour then item else inner item) value
        else if isList value then
          map inner value
        else
          cut (depth + 1) value;
    in
    go 0;

  toPretty =
    {
      allowPrettyValues ? false,
      multiline ? true,
      indent ? "",
    }:
    let
      go =
        indentation: value:
        let
          open = if multiline then "\n${indentation}  " else " ";
          close = if multiline then "\n${indentation}" else " ";
          inner = go "${indentation}  ";
        in
        if isInt value then
          toString value
        else if isFloat value then
          builtins.toJSON value
        else if isString value then
          prettyString multiline open close value
        else if builtins.isBool value then
          lib.boolToString value
        else if value == null then
          "null"
        else if isPath value then
          toString value
        else if isList value then
          if value == [ ] then "[ ]" else "[${open}${lib.concatMapStringsSep open inner value}${close}]"
        else if lib.isFunction value then
          prettyFunction value
        else if allowPrettyValues && value ? __pretty && value ? val then
          value.__pretty value.val
        else if value == { } then
          "{ }"
        else if lib.isDerivation value then
          "<derivation ${value.name or "???"}>"
        else
          "{${open}${
            lib.concatStringsSep open (
              lib.mapAttrsToList (name: item: "${lib.escapeNixIdentifier name} = ${inner item};") value
            )
          }${close}}";
    in
    go indent;

  toJSON = _: builtins.toJSON;
  toYAML = lib.generators.toJSON;

  mkValueStringDefault =
    _: value:
    if isInt value || isFloat value then
      toString value
    else if isString value || isPath value || lib.isDerivation value then
      toString value
    else if builtins.isBool value then
      lib.boolToString value
    else if value == null then
      "null"
    else
      throw "generators.mkValueStringDefault: ${builtins.typeOf value} not supported: ${
        lib.generators.toPretty { } value
      }";
  mkKeyValueDefault =
    {
      mkValueString ? lib.generators.mkValueStringDefault { },
    }:
    separator: key: value:
    "${lib.escape [ separator ] key}${separator}${mkValueString value}";
  toKeyValue =
    {
      mkKeyValue ? lib.generators.mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
      indent ? "",
    }:
    set:
    let
      line = key: value: "${indent}${mkKeyValue key value}\n";
      lines =
        key: value:
        if listsAsDuplicateKeys && isList value then map (line key) value else [ (line key value) ];
    in
    lib.concatStrings (lib.concatLists (lib.mapAttrsToList lines set));
  toINI =
    {
      mkSectionName ? lib.escape [
        "["
        "]"
      ],
      mkKeyValue ? lib.generators.mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
    }:
    sections:
    lib.concatStringsSep "\n" (
      lib.mapAttrsToList (
        name: section:
        "[${mkSectionName name}]\n"
        + lib.generators.toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } section
      ) sections
    );
}
