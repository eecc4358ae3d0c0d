# Traces, and the test runner of `{ expr; expected; }` sets.
{ lib }:
{
  inherit (builtins) trace;
  traceIf =
    condition: message: value:
    if condition then builtins.trace message value else value;
  traceVal = value: builtins.trace value value;
  traceValFn = f: value: builtins.trace (f value) value;
  traceSeq = shown: value: builtins.trace (builtins.deepSeq shown shown) value;
  traceValSeq = value: lib.traceSeq value value;

  # The tests whose `expr` is not `expected`, as [ { name; expected; result; } ].
  runTests =
    tests:
    lib.concatLists (
      lib.mapAttrsToList (
        name: test:
        lib.optional (lib.hasPrefix "test" name && test.expr != test.expected) {
          inherit name;
          inherit (test) expected;
          result = test.expr;
        }
      ) tests
    );
}
