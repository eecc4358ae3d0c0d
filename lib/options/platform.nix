# The platform of a machine that says nothing about it: that of the deployer.
{
  lib,
  nixopsSystem,
  options,
  ...
}:
let
  hasHostPlatform = options ? nixpkgs.hostPlatform;

  # NixOS refuses a configuration that sets both the new option and the legacy ones.
  usesLegacy = (options.nixpkgs.system.highestPrio or 1500) < 1500;
in
{
  # Weaker than `mkDefault`, which generated hardware configurations use, and stronger than the
  # default of an option.
  nixpkgs = lib.optionalAttrs hasHostPlatform {
    hostPlatform = lib.mkIf (!usesLegacy) (lib.mkOverride 1250 nixopsSystem);
  };
}
