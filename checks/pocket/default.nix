# `import <nixpkgs> { inherit system; }` of classic networks.
{
  system ? builtins.currentSystem,
  config ? { },
  overlays ? [ ],
  rust ? null,
  ...
}:
import ./pkgs {
  inherit
    system
    config
    overlays
    rust
    ;
  lib = import ./lib;
}
