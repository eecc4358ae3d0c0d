{ lib, ... }:
{
  options.deployment.zones = lib.mkOption {
    type = lib.types.attrsOf lib.types.attrs;
    default = { };
    description = "Zones.";
  };
}
