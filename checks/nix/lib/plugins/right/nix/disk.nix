{ lib, ... }:
{
  options.right = lib.mkOption {
    type = lib.types.int;
    default = 1;
    description = "How much.";
  };
  config._type = "disk-right";
}
