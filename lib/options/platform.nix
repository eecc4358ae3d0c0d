# The platform of a machine that says nothing about it: that of the deployer.
{
  lib,
  nixopsSystem,
  options,
  ...
}:
let
  known = options.nixpkgs or { };

  # NixOS counts the definitions of a read-only option, also those that come to nothing.
  isOurs = known ? hostPlatform && !(known.hostPlatform.readOnly or false);

  isSet = name: (known.${name}.highestPrio or 1500) < 1500;

  # The legacy options say a platform too, and NixOS refuses a configuration that sets both them
  # and the new one. `nixpkgs.pkgs` is not looked at: it may well be chosen by the platform, and
  # where it is not, the platform has no effect.
  isSaid = lib.any isSet [
    "crossSystem"
    "localSystem"
    "system"
  ];
in
{
  # Weaker than `mkDefault`, which generated hardware configurations use, and stronger than the
  # default of an option.
  nixpkgs = lib.optionalAttrs isOurs {
    hostPlatform = lib.mkIf (!isSaid) (lib.mkOverride 1250 nixopsSystem);
  };
}
