{ lib, ... }:
{
  options.region = lib.mkOption {
    type = lib.types.string;
    default = "here";
    description = "Its region.";
  };
}
