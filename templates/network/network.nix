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

    # How the next deploy gets in. Who may log in as root belongs here too:
    services.openssh.enable = true;
    # users.users.root.openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA… me@laptop" ];
  };

  # A machine is a NixOS configuration. These put theirs together from what the
  # machine does and where it is.
  web.imports = [
    ./web.nix
    hosts.web
  ];
  db.imports = [
    ./db.nix
    hosts.db
  ];
}
