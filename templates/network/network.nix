# The network. Every attribute is a machine, except `network`, `defaults`,
# `resources`, `require` and `nixpkgs`.
let
  hosts = import ./hosts.nix;
in
{
  network.description = "A web server and its database";

  # Holds for every machine.
  defaults = {
    system.stateVersion = "26.05";
    services.openssh.enable = true; # how the next deploy gets in
  };

  # A machine is a NixOS configuration: a module, or a list of imports like this.
  web.imports = [
    ./web.nix
    hosts.web
  ];
  db.imports = [
    ./db.nix
    hosts.db
  ];
}
