# How a machine or resource begins and ends.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  options = {
    protect = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether it is an error to delete or replace it: a plan that would is refused. It can be
        destroyed once a network that says otherwise is deployed.
      '';
    };

    retain = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether it stays where it is when it would be deleted, and is only known no more.
      '';
    };

    createFirst = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether a new one is made, and used, before the old one is deleted where it has to be
        replaced. Both exist for a while, so they must not need the same name or address.
      '';
    };

    ignoreChanges = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "size"
        "tags.owner"
      ];
      description = ''
        Attributes whose changes are left alone once it is made, whether the network changes them or
        somebody else does. Of a machine, options of its backend: `size` is
        `deployment.<backend>.size`.
      '';
    };

    replaceOn = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "image" ];
      description = ''
        Attributes whose changes replace it, also where its provider could change them in place.
      '';
    };

    aliases = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "data"
        "neatcloudVolumes.data"
      ];
      description = ''
        Names that it had before: `NAME`, or `TYPE.NAME`. What the state has under one of them is
        taken over instead of being made anew.
      '';
    };
  };
in
{
  # One option, and nothing below it where nobody defines it: there may be thousands of resources.
  options.deployment.lifecycle = mkOption {
    type = types.nullOr (types.submodule { inherit options; });
    default = null;
    description = ''
      How the machine or resource begins and ends: what is done with it where it would be replaced or
      deleted, and which changes count. Null is the same as all defaults.
    '';
  };
}
