# Branches of NixOS that networks set and that mean nothing to a host of the rig: any value is taken.
{ lib, ... }:
let
  open =
    description:
    lib.mkOption {
      type = lib.types.submodule { freeformType = lib.types.attrsOf lib.types.anything; };
      default = { };
      inherit description;
    };
in
{
  options = {
    console = open "The text console.";
    documentation = open "Documentation on the machine.";
    fonts = open "Fonts.";
    hardware = open "Hardware.";
    i18n = open "Languages.";
    location = open "Where the machine is.";
    power = open "Power management.";
    powerManagement = open "Power management.";
    programs = open "Programs with settings of their own.";
    virtualisation = open "Containers and virtual machines.";
    xdg = open "The directories of desktops.";
    security.acme = open "Certificates.";
    security.pam = open "Authentication.";
    security.pki = open "Certificate authorities.";
    services = {
      cron = open "Cron.";
      httpd = open "The Apache web server.";
      journald = open "The journal.";
      logrotate = open "Rotated logs.";
      nginx = open "The nginx web server.";
      postgresql = open "PostgreSQL.";
      prometheus = open "Prometheus.";
      timesyncd = open "The clock.";
      udev = open "Device rules.";
      xserver = open "The X server.";
    };
    time.timeZone = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "Europe/Amsterdam";
      description = "The time zone of the machine.";
    };
  };
}
