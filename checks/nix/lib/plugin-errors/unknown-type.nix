# unknown resource type `resources.nosuch'; known types: commandOutput, disks, sshKeyPairs. Others come from plugins: add one to the inputs of the flake, or name it in `network.plugins'
{ network, plugin, ... }:
(network {
  a = plugin {
    name = "left";
    nixexprs = [ ../plugins/left/nix ];
  };
} { resources.nosuch.x = { }; }).names
