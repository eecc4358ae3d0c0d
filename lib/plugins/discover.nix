/**
  Finds the plugins of a network.

  Without `network.plugins` they are the inputs of the flake that have the output `nixopsPlugin`, in
  the order of their names. Inputs with `flake = false` are known from the lock and not fetched. An
  input that throws when it is asked is left out with a warning; what Nix cannot catch (a type error,
  a missing attribute, `abort`, a fetch that fails) still ends the evaluation.

  # Inputs

  `inputs`
  : As `source/start.nix` gives them; none for a classic network.

  `network`
  : The attribute `network`, with `plugins` or without.

  # Output

  List of `{ manifest; input; flake; override; }`. `input` and `flake` are null for a value that is
  no flake; `manifest` is not checked yet. Those that override come last, so that the last one wins.
*/
{
  lib,
  inputs,
  network,
}:

let
  inherit (builtins)
    attrNames
    filter
    isAttrs
    tryEval
    typeOf
    ;

  ofFlake = input: flake: {
    manifest = flake.nixopsPlugin;
    inherit input flake;
    override = false;
  };

  askInput =
    name:
    let
      flake = inputs.${name}.value;
      asked = tryEval (flake ? nixopsPlugin && builtins.seq flake.nixopsPlugin true);
    in
    if asked.success then
      lib.optional asked.value (ofFlake name flake)
    else
      builtins.trace
        "warning: the input `${name}' is left out: it throws when it is asked for `nixopsPlugin'"
        [ ];

  flakes = filter (name: inputs.${name}.isFlake) (attrNames inputs);

  # What cannot be the flake by its hash need not be fetched to see that it is not.
  isSameFlake =
    flake: name:
    let
      candidate = inputs.${name};
    in
    (candidate.locked.narHash or null) == (flake.narHash or candidate.locked.narHash or null)
    && candidate.value.outPath == flake.outPath;

  inputOf = flake: lib.findFirst (isSameFlake flake) null flakes;

  isOverride =
    entry: isAttrs entry && entry ? plugin && !entry ? nixopsPlugin && entry._type or "" == "";

  ofEntry =
    number: entry:
    let
      where = "element ${toString number} of `network.plugins'";
    in
    if isOverride entry then
      ofEntry number entry.plugin // { override = entry.override or false; }
    else if !isAttrs entry then
      throw "${where} must be a flake with the output `nixopsPlugin' or a value of `nixops.lib.mkPlugin', but it is a ${typeOf entry}"
    else if entry ? nixopsPlugin then
      ofFlake (inputOf entry) entry
    else if entry._type or "" == "nixopsPlugin" || entry ? name && !entry ? outPath then
      {
        manifest = entry;
        input = null;
        flake = null;
        override = false;
      }
    else if entry ? outPath then
      throw "${where} has no output `nixopsPlugin'; the `nix' directory of a NixOps 2 plugin is named like this: `nixops.lib.mkPlugin { name = \"…\"; nixexprs = [ \"\${inputs.…}/nix\" ]; }'"
    else
      throw "${where} is no plugin; make one with `nixops.lib.mkPlugin { name = \"…\"; … }'";

  found =
    if network ? plugins then
      if builtins.isList network.plugins then
        lib.imap1 ofEntry network.plugins
      else
        throw "`network.plugins' must be a list, but it is a ${typeOf network.plugins}"
    else
      lib.concatMap askInput flakes;

  # A flake that several inputs follow is one plugin.
  isRepeated =
    index: entry:
    entry.flake != null
    && lib.any (earlier: earlier.flake != null && earlier.flake.outPath == entry.flake.outPath) (
      lib.take index found
    );

  distinct = map (pair: pair.entry) (
    filter (pair: !isRepeated pair.index pair.entry) (
      lib.imap0 (index: entry: { inherit index entry; }) found
    )
  );

  parts = lib.partition (entry: entry.override) distinct;
in
parts.wrong ++ parts.right
