# Mounts and swap.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  escape = builtins.replaceStrings [ " " "\t" ] [ "\\040" "\\011" ];

  line =
    fileSystem:
    lib.concatStringsSep " " [
      (escape (
        if fileSystem.device != null then
          fileSystem.device
        else if fileSystem.label != null then
          "/dev/disk/by-label/${fileSystem.label}"
        else
          throw "No device specified for mount point `${fileSystem.mountPoint}'."
      ))
      (escape fileSystem.mountPoint)
      fileSystem.fsType
      (lib.concatStringsSep "," fileSystem.options)
      "0"
      "0"
    ];

  fileSystem =
    { name, ... }:
    {
      freeformType = types.attrsOf types.anything;
      options = {
        mountPoint = mkOption {
          type = types.nonEmptyStr;
          default = name;
          description = "Where it is mounted.";
        };
        device = mkOption {
          type = types.nullOr types.nonEmptyStr;
          default = null;
          description = "The device.";
        };
        label = mkOption {
          type = types.nullOr types.nonEmptyStr;
          default = null;
          description = "The label of the device.";
        };
        fsType = mkOption {
          type = types.nonEmptyStr;
          description = "The kind of file system. Without a default, as in NixOS since 26.05.";
        };
        options = mkOption {
          type = types.nonEmptyListOf types.nonEmptyStr;
          default = [ "defaults" ];
          description = "Mount options.";
        };
        autoFormat = mkOption {
          type = types.bool;
          default = false;
          description = "Whether an empty device is formatted.";
        };
        neededForBoot = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the first stage mounts it.";
        };
        noCheck = mkOption {
          type = types.bool;
          default = false;
          description = "Whether it is left unchecked.";
        };
      };
    };
in
{
  options = {
    fileSystems = mkOption {
      type = types.attrsOf (types.submodule fileSystem);
      default = { };
      description = "The file systems of the machine.";
    };
    swapDevices = mkOption {
      type = types.listOf (
        types.submodule {
          freeformType = types.attrsOf types.anything;
          options.device = mkOption {
            type = types.nonEmptyStr;
            description = "The device or file.";
          };
        }
      );
      default = [ ];
      description = "Swap devices and files.";
    };
  };

  config.environment.etc.fstab = lib.mkIf (config.fileSystems != { }) {
    text = lib.concatMapStrings (fileSystem: line fileSystem + "\n") (
      lib.attrValues config.fileSystems
    );
  };
}
