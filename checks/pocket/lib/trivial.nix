# Small functions on numbers, booleans, functions and messages.
{ lib }:
let
  release = "26.05";
in
{
  inherit (builtins)
    add
    bitAnd
    bitOr
    bitXor
    ceil
    deepSeq
    div
    floor
    genericClosure
    isBool
    isFloat
    isInt
    lessThan
    mul
    pathExists
    readFile
    seq
    sub
    ;

  inherit release;
  version = "${release}pre-pocket";
  versionSuffix = "pre-pocket";
  codeName = "Pocket";
  nixpkgsVersion = lib.version;
  revisionWithDefault = default: default;
  oldestSupportedRelease = 2511;
  oldestSupportedReleaseIsAtLeast = number: 2511 >= number;
  isInOldestRelease = lib.oldestSupportedReleaseIsAtLeast;
  inNixShell = builtins.getEnv "IN_NIX_SHELL" != "";
  inPureEvalMode = !(builtins ? currentSystem);

  id = value: value;
  const = value: _: value;
  flip =
    f: a: b:
    f b a;
  pipe = builtins.foldl' (value: f: f value);
  concat = a: b: a ++ b;
  "or" = a: b: a || b;
  and = a: b: a && b;
  xor = a: b: (!a) != (!b);
  bitNot = builtins.sub (-1);
  boolToString = value: if value then "true" else "false";
  boolToYesNo = value: if value then "yes" else "no";
  mergeAttrs = a: b: a // b;
  defaultTo = default: value: if value == null then default else value;
  mapNullable = f: value: if value == null then null else f value;

  min = a: b: if a < b then a else b;
  max = a: b: if a > b then a else b;
  mod = base: by: base - by * (builtins.div base by);
  compare =
    a: b:
    if a < b then
      (-1)
    else if a > b then
      1
    else
      0;
  splitByAndCompare =
    predicate: yes: no: a: b:
    if predicate a then
      (if predicate b then yes a b else (-1))
    else if predicate b then
      1
    else
      no a b;

  importJSON = path: builtins.fromJSON (builtins.readFile path);
  importTOML = path: builtins.fromTOML (builtins.readFile path);

  # An attrset with `__functor` is a function too.
  isFunction =
    value: builtins.isFunction value || (value ? __functor && lib.isFunction (value.__functor value));
  toFunction = value: if lib.isFunction value then value else _: value;
  setFunctionArgs = f: arguments: {
    __functor = self: f;
    __functionArgs = arguments;
  };
  functionArgs =
    f:
    if f ? __functor then
      f.__functionArgs or (lib.functionArgs (f.__functor f))
    else
      builtins.functionArgs f;
  mirrorFunctionArgs =
    f:
    let
      arguments = lib.functionArgs f;
    in
    g: lib.setFunctionArgs g arguments;

  warn = message: builtins.trace "evaluation warning: ${message}";
  warnIf = condition: message: if condition then lib.warn message else lib.id;
  warnIfNot = condition: lib.warnIf (!condition);
  info = message: builtins.trace "INFO: ${message}";
  showWarnings =
    messages: value: builtins.foldl' (rest: message: lib.warn message rest) value messages;
  throwIf = condition: message: if condition then throw message else lib.id;
  throwIfNot = condition: lib.throwIf (!condition);
  checkListOfEnum =
    message: valid: given:
    let
      unexpected = lib.subtractLists valid given;
    in
    lib.throwIfNot (unexpected == [ ]) (
      "${message}: ${lib.concatStringsSep ", " (map toString unexpected)} unexpected; "
      + "valid ones: ${lib.concatStringsSep ", " (map toString valid)}"
    );

  # Digits of a number, most significant first.
  toBaseDigits =
    base: number:
    let
      go = rest: if rest < base then [ rest ] else go (rest / base) ++ [ (lib.mod rest base) ];
    in
    go number;
  toHexString =
    number:
    lib.concatMapStrings (digit: builtins.substring digit 1 "0123456789ABCDEF") (
      lib.toBaseDigits 16 number
    );
}
