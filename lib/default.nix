/**
  The Nix side of NixOps: evaluates a network and hands it on as records.

  `bridge` is what the binary calls. The rest serves networks and plugins written in Nix and is
  the flake output `lib`.
*/
let
  evalNetwork = import ./network;
in
{
  inherit evalNetwork;

  inherit (import ./plugins/manifest.nix) mkPlugin;

  bridge = import ./bridge.nix;
  checks = import ./flake/checks.nix;
  callFlake = import ./source/call-flake.nix;
  definitions = import ./source/definitions.nix;
  schema = import ./schema;
  schemaToOptions = schema: { lib, ... }: (import ./schema { inherit lib; }).schemaToOptions schema;
  scrub = import ./scrub.nix;
}
