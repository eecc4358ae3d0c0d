# the resource type `disks' comes from two plugins, `left' (input `a') and `right' (input `b'); say which one counts, such as `network.plugins = [ inputs.a { plugin = inputs.b; override = true; } ];'
{ network, plugin, ... }:
(network {
  a = plugin {
    name = "left";
    nixexprs = [ ../plugins/left/nix ];
  };
  b = plugin {
    name = "right";
    nixexprs = [ ../plugins/right/nix ];
  };
} { resources.disks.d = { }; }).names
