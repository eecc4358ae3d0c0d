# A service of a realistic shape: some options, a file, and what it says of itself. One of `some` is enabled.
some: index:
{ config, lib, ... }:
let
  self = config.fleet."s${toString index}";
in
{
  options.fleet."s${toString index}" = {
    enable = lib.mkEnableOption "service ${toString index}";
    port = lib.mkOption {
      type = lib.types.port;
      default = 10000 + index;
      description = "Port.";
    };
    settings = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.either lib.types.str (lib.types.either lib.types.int lib.types.bool)
      );
      default = { };
      description = "Settings.";
    };
    users = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.submodule {
          options.name = lib.mkOption {
            type = lib.types.str;
            default = "user";
          };
        }
      );
      default = { };
      description = "Users.";
    };
  };
  config = lib.mkMerge [
    {
      fleet."s${toString index}" = {
        enable = lib.mkDefault (lib.mod index some == 0);
        settings.motto = lib.mkDefault "number ${toString index}";
      };
    }
    (lib.mkIf self.enable {
      fleet."s${toString index}".settings.limit = self.port * 2;
      environment.etc."fleet/s${toString index}".text = builtins.toJSON self.settings;
    })
  ];
}
