/**
  What the binary asks for: every piece of a network as a function that gives one JSON text.

  Functions are not memoised, so nothing that one machine needed is retained when the next is
  evaluated, and each text is either whole or absent. Progress goes through `builtins.trace`,
  because the standard output of Nix reaches the reader late:

  - `@begin {"machine":…,"position":…}`, or with `"resource":{"type":…,"name":…}`, before a machine or
    resource is evaluated, with the place of its definition;
  - `@target {"machine":…,"options":…}` when its options are known, before its system is;
  - `@keys {"machine":…,"texts":…}` with the texts of its keys, before its system is known, if whoever asks
    sends keys;
  - `@read {"node":…,"path":…}` when a machine reads another one;
  - `@output` and `@look` when somebody reads outputs (see `outputs.nix`);
  - `@done TEXT` when all of the text of a machine or resource is known, since errors may lose what is on
    its way through the standard output.

  # Inputs

  `source`
  : `{ flake; name; }` (see `source/call-flake.nix`), `{ file; }` for a classic network, or
    `{ plugin = true; flake; nixpkgs; }` for a plugin that is looked at by itself, where `nixpkgs` is
    that of the flake if it is null.

  `facts`
  : `{ paths; shapes; nodes; }`: what is to be found, and what was found (see `network/nodes.nix`).

  `outputs`
  : `{ known; final; }`: what is known of the outputs of resources (see `outputs.nix`).

  `samples`
  : By type, values that the options of a plugin are held against (see `plugins/check.nix`).

  `question`
  : What a person asks (see `questions.nix`); nobody is told of reads then.

  The others are those of `network/default.nix`.

  # Output

  ```
  { plugins; checks; names; network; machines.<name>; targets.<name>; facts.<name>; resources.<type>.<name>;
    attempts.<type>.<name>; sending.{ machines, targets }.<name>; answers.<question>; collection; scope; }
  ```

  `sending` are `machines` and `targets` that also tell the texts of keys; `attempts` are `resources` that
  only say `failed` where they throw: no process ends by them. `collection` is an empty text, for which Nix
  collects garbage if its heap is nearly full. `scope` is no text: it is what `nix repl` is
  given.
*/
{
  source,
  arguments,
  uuid,
  deploymentName,
  system,
  facts ? { },
  outputs ? { },
  samples ? { },
  question ? null,
}:

let
  inherit (builtins)
    concatLists
    genList
    mapAttrs
    seq
    toJSON
    trace
    tryEval
    ;

  scrub = import ./scrub.nix;

  inherit (import ./source/start.nix source) flake inputs start;

  network = import ./network {
    definitions = import ./source/definitions.nix { inherit start arguments; };
    inherit
      arguments
      deploymentName
      inputs
      system
      uuid
      ;
    outputs = outputs // {
      inherit silent;
    };
    facts =
      if silent then
        null
      else
        {
          shapes = facts.shapes or [ ];
          nodes = facts.nodes or { };
        };
  };

  # Who asks one thing is not told what is read for it.
  silent = question != null;

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

  # The options are forced, and told, before the system is looked at, and so are keys.
  machineWith =
    tellKeys: name: node:
    let
      target = scrub (targetOf name node);
    in
    trace "@target ${toJSON target}" (
      tellKeys name node (toJSON (target // { system = scrub (record.system node.config); }))
    );

  targetWith =
    tellKeys: name: node:
    tellKeys name node (emit (targetOf name node));

  keepKeys =
    _name: _node: text:
    text;

  tellKeys =
    machine: node: text:
    trace "@keys ${
      emit {
        inherit machine;
        texts = record.keyTexts node.config;
      }
    }" text;

  begin = what: trace "@begin ${toJSON what}";

  beginMachine =
    machine:
    begin {
      inherit machine;
      position = network.positionOf machine;
    };

  ofMachines =
    textOf:
    mapAttrs (
      name: evaluate:
      { }:
      beginMachine name (done (textOf name (evaluate { })))
    ) network.machines;

  # What is told has left nothing to be printed.
  done = text: seq text (trace "@done ${text}" "");

  resourceOf =
    type: name: evaluate:
    emit ({ resource = { inherit type name; }; } // evaluate { });

  resourceWith =
    textOf: type: name: evaluate:
    { }:
    let
      position = network.positionOfResource type name;
      resource = { inherit type name; };
    in
    begin { inherit position resource; } (
      done (textOf { inherit position resource; } (resourceOf type name evaluate))
    );

  attempt =
    what: text:
    let
      attempted = tryEval text;
    in
    if attempted.success then attempted.value else toJSON (what // { failed = true; });

  # 20 MiB of lists that nobody keeps. Where there is no room for one, Nix makes some, and not in the middle of the next
  # machine, where much more is in use. They are small enough for what is free in a heap to hold one.
  collect =
    text:
    builtins.foldl' (text: _: seq (concatLists (genList (_: part) 512)) text) text (
      genList (_: null) 5
    );

  part = genList (_: null) 1024;

  questions = import ./questions.nix { inherit flake network question; };
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
  network = { }: emit network.scope.network;
  machines = ofMachines (machineWith keepKeys);
  targets = ofMachines (targetWith keepKeys);
  sending = {
    machines = ofMachines (machineWith tellKeys);
    targets = ofMachines (targetWith tellKeys);
  };
  facts = mapAttrs (
    machine: find:
    { }:
    beginMachine machine (
      done (toJSON {
        inherit machine;
        facts = find facts.paths;
      })
    )
  ) network.facts;
  resources = mapAttrs (type: mapAttrs (resourceWith (_what: text: text) type)) network.resources;
  attempts = mapAttrs (type: mapAttrs (resourceWith attempt type)) network.resources;
  answers = mapAttrs (_: answer: { }: emit answer) questions;
  collection = { }: collect "";
  inherit (network) scope;
}
