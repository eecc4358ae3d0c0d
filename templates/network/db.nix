# The database server.
{ config, ... }:
{
  services.postgresql = {
    enable = true;
    enableTCPIP = true;
    ensureDatabases = [ "shop" ];
  };
  networking.firewall.allowedTCPPorts = [ config.services.postgresql.settings.port ];
}
