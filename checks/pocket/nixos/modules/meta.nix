# Modules may say who keeps them and where they are described.
{ lib, ... }:
{
  options.meta = {
    maintainers = lib.mkOption {
      type = lib.types.listOf lib.types.unspecified;
      internal = true;
      default = [ ];
      description = "Who keeps the module.";
    };
    doc = lib.mkOption {
      type = lib.types.unspecified;
      internal = true;
      default = null;
      description = "Where the module is described.";
    };
  };
}
