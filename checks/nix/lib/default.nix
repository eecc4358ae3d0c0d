# Unit tests of `lib/`, as `{ expr; expected; }` named as sentences.
#
# `nixpkgsLib` is the `lib` to use: that of the pocket, or a real one.
{ nixpkgsLib }:
let
  scope = import ./scope.nix { inherit nixpkgsLib; };

  cases =
    import ./definitions.nix scope
    // import ./flake-outputs.nix scope
    // import ./flakes.nix scope
    // import ./health.nix scope
    // import ./keys.nix scope
    // import ./machines.nix scope
    // import ./nodes.nix scope
    // import ./outputs.nix scope
    // import ./platform.nix scope
    // import ./plugin-discovery.nix scope
    // import ./plugin-schemas.nix scope
    // import ./plugins.nix scope
    // import ./questions.nix scope
    // import ./records.nix scope
    // import ./resources.nix scope
    // import ./schema.nix scope
    // import ./scrub.nix scope;

  failures = nixpkgsLib.filterAttrs (_: case: case.expr != case.expected) cases;
in
{
  passed = builtins.length (builtins.attrNames cases) - builtins.length (builtins.attrNames failures);
  inherit failures;
}
