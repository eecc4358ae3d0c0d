# The web server. `nodes` holds the configurations of all machines of the
# network, so that nothing has to be said twice; `name` is this machine's name.
{ name, nodes, ... }:
let
  inherit (nodes.db.config.deployment) targetHost;
  inherit (nodes.db.config.services.postgresql.settings) port;
in
{
  deployment.tags = [ "front" ]; # for `nixops deploy --on @front`

  services.nginx = {
    enable = true;
    virtualHosts.default.root = "/var/www";
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  systemd.services.front-page = {
    description = "Front page";
    wantedBy = [ "multi-user.target" ];
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
    };
    script = ''
      mkdir -p /var/www
      echo "Hello from ${name}. The database is at ${targetHost}, port ${toString port}." > /var/www/index.html
    '';
  };
}
