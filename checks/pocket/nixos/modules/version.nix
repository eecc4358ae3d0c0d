# Which NixOS this is, and since which release the machine keeps its state.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.system = {
    stateVersion = mkOption {
      type = types.str;
      default = lib.trivial.release;
      description = "The release with which the machine was installed.";
    };
    name = mkOption {
      type = types.str;
      default = if config.networking.hostName == "" then "unnamed" else config.networking.hostName;
      description = "The name of the system, used in that of its store path.";
    };
    configurationRevision = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The revision of the repository of the configuration.";
    };
    nixos = {
      release = mkOption {
        type = types.str;
        readOnly = true;
        default = lib.trivial.release;
        description = "The release, such as 26.05.";
      };
      version = mkOption {
        type = types.str;
        internal = true;
        default = lib.version;
        description = "The version, such as 26.05pre-pocket.";
      };
      codeName = mkOption {
        type = types.str;
        readOnly = true;
        default = lib.trivial.codeName;
        description = "The name of the release.";
      };
      label = mkOption {
        type = types.strMatching "[a-zA-Z0-9:_.-]*";
        default = lib.concatStringsSep "-" (
          builtins.sort builtins.lessThan config.system.nixos.tags ++ [ config.system.nixos.version ]
        );
        description = "The label of the configuration in the boot menu.";
      };
      tags = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Words at the beginning of the label.";
      };
    };
  };
}
