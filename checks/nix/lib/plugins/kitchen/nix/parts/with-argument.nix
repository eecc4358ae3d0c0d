{ default }:
{ lib, ... }:
{
  options.deployment.kitchen.argument = lib.mkOption {
    inherit default;
    description = "From an import with an argument.";
  };
}
