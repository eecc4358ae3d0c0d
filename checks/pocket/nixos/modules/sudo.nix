# Sudo.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.security.sudo;
in
{
  options.security.sudo = {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether sudo is on the machine.";
    };
    wheelNeedsPassword = mkOption {
      type = types.bool;
      default = true;
      description = "Whether members of wheel are asked for a password.";
    };
    execWheelOnly = mkOption {
      type = types.bool;
      default = false;
      description = "Whether only members of wheel may run sudo.";
    };
    extraRules = mkOption {
      type = types.listOf types.attrs;
      default = [ ];
      description = "Rules.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Further lines of sudoers.";
    };
  };

  config.environment.etc.sudoers = lib.mkIf cfg.enable {
    mode = "0440";
    text = ''
      root ALL=(ALL:ALL) SETENV: ALL
      %wheel ALL=(ALL:ALL) ${lib.optionalString (!cfg.wheelNeedsPassword) "NOPASSWD: "}SETENV: ALL
      ${cfg.extraConfig}'';
  };
}
