# Kernel and boot loader: what networks set. Nothing of it boots; see `toplevel.nix`.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  strings =
    description:
    mkOption {
      type = types.listOf types.str;
      default = [ ];
      inherit description;
    };
in
{
  options.boot = mkOption {
    description = "How the machine boots.";
    default = { };
    type = types.submodule {
      freeformType = types.attrsOf types.anything;
      options = {
        isContainer = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the machine is a container, without a kernel of its own.";
        };
        kernelModules = strings "Kernel modules loaded at start.";
        kernelParams = strings "Parameters of the kernel's command line.";
        initrd = mkOption {
          description = "The first stage.";
          default = { };
          type = types.submodule {
            freeformType = types.attrsOf types.anything;
            options = {
              kernelModules = strings "Kernel modules loaded in the first stage.";
              availableKernelModules = strings "Kernel modules at hand in the first stage.";
            };
          };
        };
        loader = mkOption {
          description = "The boot loader.";
          default = { };
          type = types.submodule {
            freeformType = types.attrsOf types.anything;
            options.grub = mkOption {
              description = "GRUB.";
              default = { };
              type = types.submodule {
                freeformType = types.attrsOf types.anything;
                options = {
                  enable = mkOption {
                    type = types.bool;
                    default = true;
                    description = "Whether GRUB is installed.";
                  };
                  device = mkOption {
                    type = types.str;
                    default = "";
                    description = "The device with the boot sector.";
                  };
                  devices = strings "The devices with a boot sector.";
                };
              };
            };
          };
        };
      };
    };
  };
}
