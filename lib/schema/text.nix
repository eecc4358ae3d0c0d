/**
  Lengths of texts, which JSON Schema counts in characters and Nix in bytes.
*/
{ lib }:
let
  digits = lib.stringToCharacters "0123456789abcdef";

  # The 64 bytes that continue a character in UTF-8: the second ones of U+0080 to U+00BF.
  continuations =
    lib.concatMap
      (high: map (low: builtins.substring 1 1 (builtins.fromJSON "\"\\u00${high}${low}\"")) digits)
      [
        "8"
        "9"
        "a"
        "b"
      ];
in
{
  count =
    text:
    builtins.stringLength (builtins.replaceStrings continuations (map (_: "") continuations) text);
}
