# The secure shell: the keys of other hosts, and what the daemon would be told.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.openssh;

  knownHost =
    { name, ... }:
    {
      options = {
        certAuthority = mkOption {
          type = types.bool;
          default = false;
          description = "Whether the key signs those of hosts.";
        };
        hostNames = mkOption {
          type = types.listOf types.str;
          default = [ name ];
          description = "Names and addresses of the host.";
        };
        extraHostNames = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Further names and addresses.";
        };
        publicKey = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "The key.";
        };
        publicKeyFile = mkOption {
          type = types.nullOr types.path;
          default = null;
          description = "A file with the key.";
        };
      };
    };

  knownHostLine =
    host:
    lib.optionalString host.certAuthority "@cert-authority "
    + lib.concatStringsSep "," (host.hostNames ++ host.extraHostNames)
    + " "
    + (if host.publicKey != null then host.publicKey else lib.fileContents host.publicKeyFile)
    + "\n";

  knownHosts = builtins.attrValues cfg.knownHosts;
in
{
  options.services.openssh = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the daemon runs.";
    };
    ports = mkOption {
      type = types.listOf types.port;
      default = [ 22 ];
      description = "The ports on which it listens.";
    };
    openFirewall = mkOption {
      type = types.bool;
      default = true;
      description = "Whether its ports are open.";
    };
    settings = mkOption {
      type = types.submodule { freeformType = types.attrsOf types.anything; };
      default = { };
      description = "Settings of sshd_config.";
    };
    hostKeys = mkOption {
      type = types.listOf types.attrs;
      default = [ ];
      description = "The keys of the host.";
    };
    authorizedKeysFiles = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Files with keys that may log in.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Further lines of sshd_config.";
    };
    knownHosts = mkOption {
      type = types.attrsOf (types.submodule knownHost);
      default = { };
      description = "The keys of other hosts.";
    };
  };

  config = {
    assertions = map (host: {
      assertion = (host.publicKey == null) != (host.publicKeyFile == null);
      message = "services.openssh.knownHosts: ${toString host.hostNames} needs either publicKey or publicKeyFile.";
    }) knownHosts;
    environment.etc."ssh/ssh_known_hosts" = lib.mkIf (knownHosts != [ ]) {
      text = lib.concatMapStrings knownHostLine knownHosts;
    };
    networking.firewall.allowedTCPPorts = lib.mkIf (cfg.enable && cfg.openFirewall) cfg.ports;
  };
}
