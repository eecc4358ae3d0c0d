# Counts visitors: who connects to its port is told how many there were.
{ pkgs, ... }:
let
  port = 5000;
in
{
  systemd.sockets.counter = {
    wantedBy = [ "sockets.target" ];
    listenStreams = [ (toString port) ];
    socketConfig.Accept = true;
  };

  systemd.services."counter@" = {
    description = "Count of visitors";
    path = [ pkgs.sqlite ];
    serviceConfig = {
      StateDirectory = "counter"; # /var/lib/counter
      StandardOutput = "socket";
    };
    script = ''
      sqlite3 -cmd '.timeout 5000' "$STATE_DIRECTORY/visitors.db" '
        create table if not exists visitors (at text);
        insert into visitors values (datetime());
        select count(*) from visitors;
      '
    '';
  };

  networking.firewall.allowedTCPPorts = [ port ];
}
