# plugin `x' (input `a'): there is no directory
{ network, plugin, ... }:
(network {
  a = plugin {
    name = "x";
    schemas = ./nosuch;
  };
} { }).plugins.records
