# The network of templates/network with machines in NeatCloud: this file and hosts.nix take the
# place of the template's. The demo deploys it, and ./check does with the plugin that Nix built.
{
  description = "A network of two machines in NeatCloud";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

    # A plugin is an input. Its options are there, and `nixops` finds its provider.
    neatcloud.url = "github:NixOS/nixops?dir=plugins/neatcloud";
    neatcloud.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    { nixpkgs, ... }:
    {
      nixopsConfigurations.default = import ./network.nix // {
        inherit nixpkgs;
        resources.neatcloudSshKeys.me.publicKey = builtins.readFile ./id.pub;
      };
    };
}
