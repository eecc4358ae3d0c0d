# Assertions that say what is wrong.
{ lib }:
{
  assertMsg = condition: message: condition || throw message;
  assertOneOf =
    name: value: valid:
    lib.assertMsg (builtins.elem value valid) "${name} must be one of ${
      lib.generators.toPretty { } valid
    }, but is: ${lib.generators.toPretty { } value}";
  assertEachOneOf =
    name: values: valid:
    builtins.all (value: lib.assertOneOf name value valid) values;
  # A module with assertions in `assertions` is refused; others give their value.
  checkAssertWarn =
    assertions: warnings: value:
    let
      failed = map (entry: entry.message) (builtins.filter (entry: !entry.assertion) assertions);
    in
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (message: "- ${message}") failed}"
    else
      lib.showWarnings warnings value;
}
