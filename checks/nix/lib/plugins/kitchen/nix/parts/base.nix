{ lib, ... }:
{
  imports = [
    ./shared.nix
    (import ./with-argument.nix { default = "argument"; })
  ];
  config.networking.firewall.allowedTCPPorts = [ 5 ];
}
