# The module system: collect the modules, match definitions with options, merge.
{ lib }:
let
  room = path: import path { inherit lib; };
in
room ./properties.nix
// room ./collect.nix
// room ./merge.nix
// room ./declarations.nix
// room ./option-value.nix
// room ./evaluate.nix
// room ./rename.nix
