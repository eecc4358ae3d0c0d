# the option `deployment.zone' comes from two plugins, `one' (input `a') and `two' (input `b'); say which one counts, such as `network.plugins = [ inputs.a { plugin = inputs.b; override = true; } ];'
{ network, plugin, ... }:
let
  zone =
    name:
    plugin {
      inherit name;
      nixexprs = [ ./zone ];
    };
in
(network {
  a = zone "one";
  b = zone "two";
} { web = { }; }).nodes.web.config.networking.hostName
