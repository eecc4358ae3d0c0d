/**
  Decides between plugins that claim the same thing.

  A claim is `{ what; plugin; }`. Of several plugins the last one that overrides wins; if none does,
  nobody can know which one was meant.
*/
{
  lib,
  plugins,
}:

let
  inherit (builtins) concatStringsSep filter length;

  reference = plugin: if plugin.input == null then "…" else "inputs.${plugin.input}";

  # How the network would have to say it, with the second of two as the winner.
  cure =
    winner:
    concatStringsSep " " (
      map (
        plugin:
        if plugin.index == winner.index then
          "{ plugin = ${reference plugin}; override = true; }"
        else
          reference plugin
      ) plugins
    );

  decide =
    what: claimants:
    let
      overriding = filter (plugin: plugin.override) claimants;
      last = lib.last claimants;
    in
    if length claimants == 1 then
      last
    else if overriding != [ ] then
      lib.last overriding
    else
      throw "${what} comes from two plugins, ${(lib.head claimants).label} and ${last.label}; say which one counts, such as `network.plugins = [ ${cure last} ];'";
in
{
  inherit decide;

  /**
    The plugin that counts, by name of what they claim.

    # Type

    ```
    owners :: (String -> String) -> (Plugin -> [String]) -> { <name> = Plugin; }
    ```
  */
  owners =
    describe: namesOf:
    let
      claims = lib.concatMap (plugin: map (name: { inherit name plugin; }) (namesOf plugin)) plugins;
    in
    lib.mapAttrs (name: claims: decide (describe name) (map (claim: claim.plugin) claims)) (
      lib.groupBy (claim: claim.name) claims
    );
}
