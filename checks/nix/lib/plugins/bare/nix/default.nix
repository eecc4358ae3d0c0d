let
  pkgs = import <nixpkgs> { };
  inherit (pkgs) lib;
in
{
  config_exporters =
    { optionalAttrs, ... }:
    [ (config: lib.optionalAttrs (config.deployment.targetEnv == "bare") { bare = true; }) ];
  options = [ ];
  resources =
    {
      evalResources,
      zipAttrs,
      resourcesByType,
      ...
    }:
    { };
}
