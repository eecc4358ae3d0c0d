# What core ships as well, in a version of its own.
{ lib, ... }:
{
  options.deployment.autoLuks = lib.mkOption {
    type = lib.types.attrsOf lib.types.str;
    default = { };
    description = "Volumes.";
  };
}
