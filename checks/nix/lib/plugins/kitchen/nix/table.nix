{
  lib,
  nodes,
  resources,
  ...
}:

with lib;
with import <nixops/lib.nix> lib;

{
  options = {
    keyPair = mkOption {
      type = types.either types.str (resource "kitchen-key");
      apply = x: if builtins.isString x then x else "res-" + x._name;
      description = "Its key.";
    };
    seats = mkOption {
      type = types.list types.str;
      default = attrNames nodes;
      description = "Who sits there.";
    };
    others = mkOption {
      type = types.listOf types.str;
      default = attrNames resources.machines;
      description = "Who else.";
    };
  };

  config._type = "kitchen-table";
}
