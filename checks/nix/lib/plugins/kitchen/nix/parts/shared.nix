# Imported twice, which must count once.
{ lib, ... }:
{
  options.deployment.kitchen.shared = lib.mkOption {
    type = lib.types.listOf lib.types.str;
    description = "Once.";
  };
  config.deployment.kitchen.shared = [ "shared" ];
}
