# The database server.
{
  services.postgresql = {
    enable = true;
    enableTCPIP = true;
    ensureDatabases = [ "shop" ];
    settings.port = 5432;
  };
  networking.firewall.allowedTCPPorts = [ 5432 ];
}
