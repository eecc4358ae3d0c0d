{
  config,
  lib,
  name,
  uuid,
  ...
}:

with lib;
with import <nixops/lib.nix> lib;

{
  imports = [ ./parts/common-resource.nix ];

  options = {
    name = mkOption {
      default = "charon-${uuid}-${name}";
      type = types.str;
      description = "Its name.";
    };
    short = mkOption {
      default = shorten_uuid uuid;
      type = types.str;
      description = "Without dashes.";
    };
  };

  config._type = "kitchen-key";
}
