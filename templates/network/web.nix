# The web server. `nodes` holds the configurations of all machines of the
# network, so that nothing has to be said twice.
{ nodes, ... }:
let
  database = nodes.db.config;
in
{
  deployment.tags = [ "front" ]; # `nixops deploy --on @front`

  environment.etc."shop/database".text = ''
    host=${database.deployment.targetHost}
    port=${toString database.services.postgresql.settings.port}
  '';

  services.nginx = {
    enable = true;
    virtualHosts.default.root = "/var/www";
  };
  networking.firewall.allowedTCPPorts = [ 80 ];
}
