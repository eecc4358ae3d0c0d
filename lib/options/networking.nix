# Addresses of a machine that a backend computes and that other machines may read.
{ lib, ... }:
{
  options.networking = {
    privateIPv4 = lib.mkOption {
      type = lib.types.str;
      example = "10.1.2.3";
      description = ''
        IPv4 address at which the other machines of the network reach this one. It need not be
        reachable from elsewhere.
      '';
    };

    publicIPv4 = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "198.51.100.123";
      description = "IPv4 address at which this machine is reachable from everywhere.";
    };

    vpnPublicKey = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      description = "Public key of the machine in the network's VPN.";
    };
  };
}
