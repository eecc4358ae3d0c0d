# What the pocket's `lib` and nixpkgs' have in common: `{ expr; expected; }` by sentence, over any `lib`.
{ lib }:
let
  helpers = rec {
    inherit lib;
    evaluate = modules: lib.evalModules { inherit modules; };
    configOf = modules: (evaluate modules).config;

    # The value of one option `x` of a type, from definitions in as many modules; the last comes first.
    merged =
      type: definitions:
      (configOf (
        [ { options.x = lib.mkOption { inherit type; }; } ] ++ map (x: { inherit x; }) definitions
      )).x;

    # Whether a value, looked at all through, is an error that Nix can catch.
    throws = value: !(builtins.tryEval (builtins.deepSeq value null)).success;
    accepts = type: value: !(throws (merged type [ value ]));

    option = type: lib.mkOption { inherit type; };
    optionWith = type: default: lib.mkOption { inherit type default; };
  };
  cases = path: import path helpers;
in
builtins.foldl'
  (
    all: more:
    assert builtins.intersectAttrs all more == { };
    all // more
  )
  { }
  (
    map cases [
      ./conformance-cases/library.nix
      ./conformance-cases/strings.nix
      ./conformance-cases/definitions.nix
      ./conformance-cases/modules.nix
      ./conformance-cases/options.nix
      ./conformance-cases/submodules.nix
      ./conformance-cases/types.nix
      ./conformance-cases/compound-types.nix
    ]
  )
