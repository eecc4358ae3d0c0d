{ lib, ... }:
{
  options.deployment.sides.side = lib.mkOption {
    default = "right";
    description = "The right side.";
  };
  options.deployment.sides.right = lib.mkOption {
    default = true;
    description = "The right side.";
  };
  options.fileSystems = lib.mkOption {
    type = lib.types.attrsOf (
      lib.types.submodule {
        options.right = lib.mkOption {
          type = lib.types.nullOr lib.types.str;
          default = null;
          description = "What is right.";
        };
      }
    );
  };
}
