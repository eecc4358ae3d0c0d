# plugin `x' (input `a'): unknown attribute `option' in
{ network, plugin, ... }:
(network {
  a = plugin {
    name = "x";
    nixexprs = [ ./misspelt ];
  };
} { web = { }; }).nodes.web.config.networking.hostName
