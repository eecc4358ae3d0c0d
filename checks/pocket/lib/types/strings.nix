# Strings of several shapes.
{ lib }:
let
  inherit (builtins) isString match;
  inherit (lib.types) defaultFunctor;

  string =
    attributes:
    lib.mkOptionType (
      {
        descriptionClass = "noun";
        check = isString;
        merge = lib.mergeEqualOption;
      }
      // attributes
    );

  separatedString =
    separator:
    string {
      name = "separatedString";
      description = "strings concatenated with ${builtins.toJSON separator}";
      merge = _: definitions: lib.concatStringsSep separator (lib.getValues definitions);
      functor = defaultFunctor "separatedString" // {
        type = payload: separatedString payload.sep;
        payload.sep = separator;
        binOp = a: b: if a == b then a else null;
      };
    };

  strMatching =
    pattern:
    string {
      name = "strMatching ${lib.escapeNixString pattern}";
      description = "string matching the pattern ${pattern}";
      check = value: isString value && match pattern value != null;
      functor = defaultFunctor "strMatching" // {
        type = payload: strMatching payload.pattern;
        payload = { inherit pattern; };
        binOp = a: b: if a == b then a else null;
      };
    };
in
{
  inherit separatedString strMatching;

  str = string {
    name = "str";
    description = "string";
  };
  string = lib.types.separatedString "";
  nonEmptyStr = string {
    name = "nonEmptyStr";
    description = "non-empty string";
    check = value: isString value && match "[ \t\n]*" value == null;
  };
  singleLineStr = string {
    name = "singleLineStr";
    description = "(optionally newline-terminated) single-line string";
    check = value: isString value && match "[^\n\r]*\n?" value != null;
    merge = loc: definitions: lib.removeSuffix "\n" (lib.mergeEqualOption loc definitions);
  };
  lines = separatedString "\n";
  commas = separatedString ",";
  envVar = separatedString ":";
  passwdEntry =
    type:
    lib.types.addCheck type (value: !(lib.hasInfix ":" value || lib.hasInfix "\n" value))
    // {
      name = "passwdEntry ${type.name}";
      description = "${lib.types.phrase [ "noun" ] type}, not containing newlines or colons";
      descriptionClass = "nonRestrictiveClause";
    };
}
