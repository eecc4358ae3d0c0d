# the backend `cloud' comes from two plugins, `one' (input `a') and `two' (input `b'); say which one counts, such as `network.plugins = [ inputs.a { plugin = inputs.b; override = true; } ];'
{ network, plugin, ... }:
(network {
  a = plugin {
    name = "one";
    backends = [ "cloud" ];
  };
  b = plugin {
    name = "two";
    backends = [ "cloud" ];
  };
} { }).plugins.records
