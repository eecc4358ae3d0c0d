# Strings as parts of other languages: Nix, shell, XML, regular expressions.
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    isAttrs
    match
    replaceStrings
    ;

  # The characters that a search for a fixed text must not take for an operator.
  regexOperators = lib.stringToCharacters "\\[{()^$?*+|.";

  nixKeywords = [
    "assert"
    "else"
    "if"
    "in"
    "inherit"
    "let"
    "or"
    "rec"
    "then"
    "with"
  ];
in
{
  escape = characters: replaceStrings characters (map (character: "\\${character}") characters);
  escapeRegex = lib.escape regexOperators;
  escapeNixString = text: lib.escape [ "$" ] (builtins.toJSON text);
  escapeNixIdentifier =
    name:
    if match "[a-zA-Z_][a-zA-Z0-9_'-]*" name != null && !(builtins.elem name nixKeywords) then
      name
    else
      lib.escapeNixString name;
  escapeShellArg =
    value:
    let
      text = toString value;
    in
    if match "[[:alnum:],._+:@%/-]+" text != null then
      text
    else
      "'${replaceStrings [ "'" ] [ "'\\''" ] text}'";
  escapeShellArgs = lib.concatMapStringsSep " " lib.escapeShellArg;
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  isValidPosixName = name: match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;
  toShellVar =
    name: value:
    lib.throwIfNot (lib.isValidPosixName name) "toShellVar: ${name} is not a valid shell variable name"
      (
        if isAttrs value && !(lib.isStringLike value) then
          "declare -A ${name}=(${
            concatStringsSep " " (
              lib.mapAttrsToList (key: item: "[${lib.escapeShellArg key}]=${lib.escapeShellArg item}") value
            )
          })"
        else if builtins.isList value then
          "declare -a ${name}=(${lib.escapeShellArgs value})"
        else
          "${name}=${lib.escapeShellArg value}"
      );
  toShellVars = set: concatStringsSep "\n" (lib.mapAttrsToList lib.toShellVar set);
}
