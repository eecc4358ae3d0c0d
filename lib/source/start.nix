/**
  Where the definitions of a network begin: an output of a flake, or a file.
*/
source:

let
  flake = import ./call-flake.nix source.flake;

  networks =
    flake.nixopsConfigurations
      or (throw "the flake has no output `nixopsConfigurations'; define `nixopsConfigurations.default = { … };'");

  known = builtins.attrNames networks;

  network =
    networks.${source.name} or (throw (
      "the flake has no network `nixopsConfigurations.${source.name}'; "
      + (if known == [ ] then "it has none at all" else "it has: ${builtins.concatStringsSep ", " known}")
    ));
in
if source ? file then
  [ { inherit (source) file; } ]
else
  [
    {
      file = "${flake.outPath}/flake.nix";
      value = network;
    }
  ]
