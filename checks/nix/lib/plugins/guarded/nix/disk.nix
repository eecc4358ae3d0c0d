{ lib, ... }:
{
  options.size = lib.mkOption {
    type = lib.types.ints.positive;
    description = "Its size in GiB.";
  };

  config = {
    _type = "guardedDisks";
    deployment.lifecycle.protect = lib.mkDefault true;
  };
}
