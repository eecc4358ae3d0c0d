{ lib, ... }:
{
  options.deployment.sides.side = lib.mkOption {
    default = "left";
    description = "The left side.";
  };
  options.deployment.sides.left = lib.mkOption {
    default = true;
    description = "The left side.";
  };
  options.fileSystems = lib.mkOption {
    type = lib.types.attrsOf (
      lib.types.submodule {
        options.left = lib.mkOption {
          type = lib.types.nullOr lib.types.str;
          default = null;
          description = "What is left.";
        };
      }
    );
  };
}
