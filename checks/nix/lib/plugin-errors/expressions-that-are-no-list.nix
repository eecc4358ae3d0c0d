# the plugin (input `a'): `nixexprs' must be a list of directories, such as `[ ./nix ]', but it is a value of type path
{ network, plugin, ... }:
(network {
  a = plugin {
    name = "x";
    nixexprs = ../plugins/left/nix;
  };
} { }).plugins.records
