# the name `cloud' comes from two plugins, `cloud' (input `a') and `cloud' (input `b'); say which one counts, such as `network.plugins = [ inputs.a { plugin = inputs.b; override = true; } ];'
{ network, plugin, ... }:
(network {
  a = plugin { name = "cloud"; };
  b = plugin {
    name = "cloud";
    version = "2";
  };
} { }).plugins.records
