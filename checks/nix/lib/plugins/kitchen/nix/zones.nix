{ lib, ... }:
{
  # `require' is what `imports' was called once.
  require = [ ./parts/shared.nix ];
  deployment.zones.kitchen = { };
}
