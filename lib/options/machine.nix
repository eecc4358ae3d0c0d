/**
  What a machine has to say to NixOps: the options `deployment.*` and what follows from them.

  It is the same module wherever it comes from, by its key: a configuration that was put together with it
  may be a machine of a network.
*/
{
  key = "nixops-options";
  _file = "nixops";
  imports = [
    ./addresses.nix
    ./deployment.nix
    ./health.nix
    ./identity.nix
    ./keys.nix
    ./lifecycle.nix
    ./networking.nix
    ./rollback.nix
  ];
}
