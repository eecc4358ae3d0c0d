# plugin `x' (input `a'): a provider must be the path of a program, such as "${package}/bin/nixops-neatcloud", but it is a package
_:
import ../../../../lib/plugins/provider.nix "plugin `x' (input `a')" (derivation {
  name = "nixops-x";
  system = "x86_64-linux";
  builder = "/bin/sh";
})
