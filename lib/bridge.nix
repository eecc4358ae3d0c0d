/**
  What the binary asks for: every piece of a network as a function that gives one JSON text.

  Functions are not memoised, so nothing that one machine needed is retained when the next is
  evaluated, and each text is either whole or absent. Progress goes through `builtins.trace`,
  because the standard output of Nix reaches the reader late:

  - `@begin {"machine":…,"position":…}` before a machine is evaluated, with the place of its
    definition;
  - `@target {"machine":…,"options":…}` when its options are known, before its system is;
  - `@read {"node":…,"path":…}` when a machine reads another one.

  # Inputs

  `source`
  : `{ flake; name; }` (see `source/call-flake.nix`), `{ file; }` for a classic network, or
    `{ plugin = true; flake; nixpkgs; }` for a plugin that is looked at by itself, where `nixpkgs` is
    that of the flake if it is null.

  `facts`
  : `{ paths; shapes; nodes; }`: what is to be found, and what was found (see `network/nodes.nix`).

  `samples`
  : By type, values that the options of a plugin are held against (see `plugins/check.nix`).

  The others are those of `network/default.nix`.

  # Output

  ```
  { plugins; checks; names; network; machines.<name>; targets.<name>; facts.<name>; resources.<type>.<name>; }
  ```
*/
{
  source,
  arguments,
  uuid,
  deploymentName,
  system,
  facts ? { },
  samples ? { },
}:

let
  inherit (builtins) mapAttrs toJSON trace;

  scrub = import ./scrub.nix;

  inherit (import ./source/start.nix source) inputs start;

  network = import ./network {
    definitions = import ./source/definitions.nix { inherit start arguments; };
    inherit
      arguments
      deploymentName
      inputs
      system
      uuid
      ;
    facts = {
      shapes = facts.shapes or [ ];
      nodes = facts.nodes or { };
    };
  };

  inherit (network) record;

  emit = value: toJSON (scrub value);

  targetOf =
    name: node:
    let
      options = record.options name node.config;
    in
    {
      machine = name;
      inherit options;
      position = network.positionOf name;
      files = record.files node.options options;
    };

  # The options are forced, and told, before the system is looked at.
  machineOf =
    name: node:
    let
      target = scrub (targetOf name node);
    in
    trace "@target ${toJSON target}" (
      toJSON (target // { system = scrub (record.system node.config); })
    );

  begin =
    name:
    trace "@begin ${
      toJSON {
        machine = name;
        position = network.positionOf name;
      }
    }";

  hidden = [
    "nixpkgs"
    "nodeNixpkgs"
    "nodeSpecialArgs"
    "plugins"
    "specialArgs"
  ];
in
{
  plugins = { }: emit network.plugins.records;
  checks = mapAttrs (_: ask: { }: emit (map ask network.plugins.checks)) {
    facts = check: check.facts;
    docs = check: check.docs;
    provider = check: check.provider;
    agreement = check: check.agreement samples;
    optionsAgreement = check: check.optionsAgreement samples;
  };
  names = { }: emit network.names;
  network = { }: emit (removeAttrs network.network hidden);
  machines = mapAttrs (
    name: evaluate: { }: begin name (machineOf name (evaluate { }))
  ) network.machines;
  targets = mapAttrs (
    name: evaluate: { }: begin name (emit (targetOf name (evaluate { })))
  ) network.machines;
  facts = mapAttrs (
    machine: find:
    { }:
    begin machine (toJSON {
      inherit machine;
      facts = find facts.paths;
    })
  ) network.facts;
  resources = mapAttrs (
    type:
    mapAttrs (
      name: evaluate:
      { }:
      emit ({ inherit type name; } // evaluate { })
    )
  ) network.resources;
}
