# Answers every visitor with a line of text. Real ones say
# `services.nginx.enable = true;` or the like: every option of NixOS is here.
{ nodes, ... }:
let
  # `nodes` holds the configurations of all machines of the network, so that
  # nothing has to be said twice.
  inherit (nodes.db.config.deployment) targetHost;
  port = builtins.head nodes.db.config.systemd.sockets.counter.listenStreams;
in
{
  deployment.tags = [ "front" ]; # for `nixops deploy --on @front`

  systemd.sockets.web = {
    wantedBy = [ "sockets.target" ];
    listenStreams = [ "80" ];
    socketConfig.Accept = true;
  };

  systemd.services."web@" = {
    description = "Answer to a visitor";
    serviceConfig = {
      StandardInput = "socket";
      StandardOutput = "socket";
    };
    script = ''
      while read -r header && [ "$header" != $'\r' ]; do :; done
      printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n'
      echo "Hello, visitor $(cat < /dev/tcp/${targetHost}/${port})"
    '';
  };

  networking.firewall.allowedTCPPorts = [ 80 ];
}
