# Names, hosts and firewall.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.networking;

  ports =
    description:
    mkOption {
      type = types.listOf types.port;
      default = [ ];
      apply = numbers: lib.unique (builtins.sort builtins.lessThan numbers);
      inherit description;
    };

  hostLine = address: names: "${address} ${lib.concatStringsSep " " names}\n";
in
{
  options.networking = {
    hostName = mkOption {
      type = types.strMatching "|[[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?";
      default = "nixos";
      description = "The name of the machine.";
    };
    domain = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The domain of the machine.";
    };
    fqdn = mkOption {
      type = types.str;
      readOnly = true;
      default =
        if cfg.hostName != "" && cfg.domain != null then
          "${cfg.hostName}.${cfg.domain}"
        else
          throw "The FQDN is required but cannot be determined. Please make sure that networking.hostName and networking.domain are set.";
      defaultText = lib.literalExpression ''"''${networking.hostName}.''${networking.domain}"'';
      description = "The full name of the machine.";
    };
    hosts = mkOption {
      type = types.attrsOf (types.listOf types.str);
      default = { };
      example = {
        "192.168.0.2" = [ "fileserver" ];
      };
      description = "Host names by address, for /etc/hosts.";
    };
    extraHosts = mkOption {
      type = types.lines;
      default = "";
      description = "Further lines of /etc/hosts.";
    };
    useDHCP = mkOption {
      type = types.bool;
      default = true;
      description = "Whether addresses come by DHCP.";
    };
    nameservers = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "The addresses of name servers.";
    };
    interfaces = mkOption {
      type = types.attrsOf (types.submodule { freeformType = types.attrsOf types.anything; });
      default = { };
      description = "The interfaces.";
    };
    firewall = mkOption {
      description = "The firewall.";
      default = { };
      type = types.submodule {
        freeformType = types.attrsOf types.anything;
        options = {
          enable = mkOption {
            type = types.bool;
            default = true;
            description = "Whether packets are filtered.";
          };
          allowedTCPPorts = ports "TCP ports open to everybody.";
          allowedUDPPorts = ports "UDP ports open to everybody.";
          allowPing = mkOption {
            type = types.bool;
            default = true;
            description = "Whether the machine answers pings.";
          };
          trustedInterfaces = mkOption {
            type = types.listOf types.str;
            default = [ ];
            description = "Interfaces from which everything is accepted.";
          };
          extraCommands = mkOption {
            type = types.lines;
            default = "";
            description = "Further commands of the firewall's start.";
          };
        };
      };
    };
    hostId = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The number of the host, in eight hexadecimal digits.";
    };
    search = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "The domains in which short names are looked up.";
    };
    useNetworkd = mkOption {
      type = types.bool;
      default = false;
      description = "Whether systemd-networkd configures the network.";
    };
    defaultGateway = mkOption {
      type = types.nullOr types.unspecified;
      default = null;
      description = "The gateway.";
    };
  };

  config = {
    networking.hosts = {
      "127.0.0.1" = [ "localhost" ];
      "::1" = [ "localhost" ];
      "127.0.0.2" = lib.mkIf (cfg.hostName != "") (
        lib.optional (cfg.domain != null) cfg.fqdn ++ [ cfg.hostName ]
      );
    };
    environment.etc = {
      hosts.text = lib.concatStrings (lib.mapAttrsToList hostLine cfg.hosts) + cfg.extraHosts;
      hostname = lib.mkIf (cfg.hostName != "") { text = cfg.hostName + "\n"; };
      "resolv.conf" = lib.mkIf (cfg.nameservers != [ ]) {
        text = lib.concatMapStrings (address: "nameserver ${address}\n") cfg.nameservers;
      };
      "nixos-firewall.conf".text = lib.optionalString cfg.firewall.enable ''
        tcp ${toString cfg.firewall.allowedTCPPorts}
        udp ${toString cfg.firewall.allowedUDPPorts}
        trusted ${toString cfg.firewall.trustedInterfaces}
      '';
    };
  };
}
