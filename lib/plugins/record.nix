/**
  What the binary is told of a plugin.

  `types` and `backends` are what the plugin serves: what another one overrides is not among them.
*/
{ lib, system }:

plugin:
{ types, backends }:

let
  inherit (plugin) manifest;

  source = plugin.flake.sourceInfo or plugin.flake;

  locks = [
    "dirtyRev"
    "lastModified"
    "narHash"
    "rev"
    "revCount"
  ];

  providers = manifest.providers or { };

  evaluated = builtins.tryEval (
    let
      provider = import ./provider.nix plugin.who providers.${system};
    in
    if providers ? ${system} then builtins.deepSeq provider provider else null
  );
in
{
  inherit backends types;
  inherit (plugin) input name override;
  version = manifest.version or null;
  protocol = manifest.protocol or 1;
  attributes = lib.attrNames (removeAttrs manifest [ "_type" ]);
  locked =
    if plugin.flake == null then null else lib.filterAttrs (name: _: lib.elem name locks) source;
  source = if plugin.flake == null then null else toString source.outPath;
  nixexprs = map toString plugin.nixexprs;
  schemas = if manifest ? schemas then toString manifest.schemas else null;
  provider = if evaluated.success then evaluated.value else null;
}
# Who only wants to read the network does not need the program: that it throws is told to who does.
// lib.optionalAttrs (!evaluated.success) { providerThrows = true; }
// lib.optionalAttrs (providers != { } && !providers ? ${system}) {
  providerSystems = lib.attrNames providers;
}
