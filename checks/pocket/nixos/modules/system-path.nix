# The system's packages as one tree: `/run/current-system/sw`.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  config = {
    environment.defaultPackages = [
      pkgs.bash
      pkgs.coreutils
      pkgs.findutils
      pkgs.gnugrep
      pkgs.gnused
      pkgs.openssh
      pkgs.systemd
      pkgs.util-linux
      config.nix.package
    ];
    environment.pathsToLink = [
      "/bin"
      "/etc"
      "/lib"
      "/sbin"
      "/share"
    ];
    system.path = pkgs.buildEnv {
      name = "system-path";
      paths = config.environment.systemPackages ++ config.environment.defaultPackages;
      inherit (config.environment) pathsToLink;
    };
  };

  options.system.path = lib.mkOption {
    type = lib.types.package;
    internal = true;
    description = "The tree of all packages of the system.";
  };
}
