# Numbers and texts: types that differ by what else a schema asks of them.
{ lib }:
let
  inherit (lib) types;
  inherit (import ./valid.nix { inherit lib; }) plain;

  # Keywords and what they say, each with the word for its argument.
  ofNumbers = {
    minimum = limit: "at least ${toString limit}";
    maximum = limit: "at most ${toString limit}";
    exclusiveMinimum = limit: "greater than ${toString limit}";
    exclusiveMaximum = limit: "less than ${toString limit}";
    multipleOf = factor: "a multiple of ${toString factor}";
  };
  ofTexts = {
    minLength = limit: "of at least ${toString limit} characters";
    maxLength = limit: "of at most ${toString limit} characters";
    pattern = pattern: "matching the pattern ${pattern}";
  };

  restricted =
    keywords: type: noun: schema:
    let
      present = lib.filter (name: schema ? ${name}) (lib.attrNames keywords);
      tests = map (name: plain.${name} schema.${name}) present;
      clauses = map (name: keywords.${name} schema.${name}) present;
    in
    if present == [ ] then
      type
    else
      lib.types.addCheck type (value: lib.all (test: test value) tests)
      // {
        description = "${noun} ${lib.concatStringsSep " and " clauses}";
        descriptionClass = "nonRestrictiveClause";
      };
in
{
  number = restricted ofNumbers;
  string = restricted ofTexts types.str "string";
}
