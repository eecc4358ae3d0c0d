# plugin `x' (input `a'): a provider must be the path of a program, such as "${package}/bin/nixops-neatcloud", but it is a package
{ network, plugin, ... }:
(network {
  a = plugin {
    name = "x";
    providers.x86_64-linux = derivation {
      name = "nixops-x";
      system = "x86_64-linux";
      builder = "/bin/sh";
    };
  };
} { }).plugins.records
