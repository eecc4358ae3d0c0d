# Option types: what a value must be, and how several definitions become one.
{ lib }:
let
  room = path: import path { inherit lib; };
in
room ./make.nix
// room ./simple.nix
// room ./numbers.nix
// room ./strings.nix
// room ./paths.nix
// room ./collections.nix
// room ./combinators.nix
// room ./tagged.nix
// room ./submodule.nix
// {
  types = lib.types;
}
