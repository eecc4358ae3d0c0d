# the backend `cloud' comes from two plugins, `one' (named in `network.plugins') and `two' (named in `network.plugins'); say which one counts, such as `network.plugins = [ … { plugin = …; override = true; } ];'
{ mkPlugin, network, ... }:
let
  cloud =
    name:
    mkPlugin {
      inherit name;
      backends = [ "cloud" ];
    };
in
(network { } {
  network.plugins = [
    (cloud "one")
    (cloud "two")
  ];
}).plugins.records
