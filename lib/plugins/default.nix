/**
  The plugins of a network, merged by the rules of NixOps 2.

  Nothing here is evaluated before it is asked for, and a network without plugins has nothing to ask.
  What is evaluated belongs to all machines: the files of a plugin are read once in a process.

  # Inputs

  `inputs`
  : The inputs of the flake, as `source/start.nix` gives them.

  `platform`
  : What `network/nixpkgs.nix` gives.

  `network`
  : The attribute `network`, with `plugins` or without.

  # Output

  `records`
  : What the binary is told, in the order in which plugins are merged.

  `modules`
  : What every machine imports.

  `exportsOf`
  : A machine's `config` turned into what backends are told.

  `resourceTypes`
  : By type, a function of `{ evalResources; evalGenerated; resourcesByType; zipAttrs; }`.

  `schemas`
  : The schemas of all types and backends, as `{ schema; isMachine; }`.

  `checks`
  : What there is to say of each plugin by itself; see `check.nix`.

  `places`
  : Directories whose files are not the user's.
*/
{
  inputs,
  network,
  platform,
  system,
}:

let
  inherit (platform) lib pkgs;
  inherit (builtins)
    attrNames
    concatMap
    deepSeq
    foldl'
    mapAttrs
    ;

  inherit (import ./manifest.nix) check;

  fromSchema = import ./from-schema.nix;

  found = import ./discover.nix { inherit inputs lib network; };

  origin =
    entry: if entry.input == null then "named in `network.plugins'" else "input `${entry.input}'";

  # The entry with a manifest that can be relied on.
  identify =
    index: entry:
    let
      manifest = check "the plugin (${origin entry})" entry.manifest;
      label = "`${manifest.name}' (${origin entry})";
    in
    entry
    // {
      inherit index label manifest;
      inherit (manifest) name;
      who = "plugin ${label}";
      nixexprs = manifest.nixexprs or [ ];
    };

  identified = lib.imap0 identify found;

  claimsOf = plugins: import ./claims.nix { inherit lib plugins; };

  # Of two plugins with one name only one can be meant.
  byName = (claimsOf identified).owners (name: "the name `${name}'") (plugin: [ plugin.name ]);

  chosen = lib.filter (plugin: byName.${plugin.name}.index == plugin.index) identified;

  loader = import ./load.nix {
    inherit lib pkgs system;
    nixpkgs = platform.path;
    directories = concatMap (plugin: plugin.nixexprs) chosen;
  };

  wrap = import ./module.nix { inherit lib loader; };

  options = import ./options.nix { inherit lib pkgs; };

  open =
    plugin:
    let
      expressions = import ./expressions.nix {
        inherit lib loader pkgs;
        inherit (plugin) who;
        directories = plugin.nixexprs;
      };
      schemas = import ./schemas.nix {
        inherit lib;
        inherit (plugin) who;
        directory = plugin.manifest.schemas or null;
      };
      machines = attrNames (lib.filterAttrs (_: schema: schema.isMachine) schemas);
      resources = attrNames (lib.filterAttrs (_: schema: !schema.isMachine) schemas);
      written = options.treeOf (map (wrap plugin.who [ ]) expressions.modules);
      generated = lib.filter (backend: !(written.deployment or { }) ? ${backend}) machines;
      modules =
        expressions.modules
        ++ map (backend: fromSchema.machine backend schemas.${backend}.schema) generated;
    in
    plugin
    // {
      inherit expressions modules schemas;
      options = options.treeOf (map (wrap plugin.who [ ]) modules);
      claimedTypes = lib.unique (expressions.types ++ resources);
      claimedBackends = lib.unique (plugin.manifest.backends or [ ] ++ machines);
      exporters = map (fromSchema.exporter { inherit lib; }) generated ++ expressions.exporters;
    };

  opened = map open chosen;

  claims = claimsOf opened;

  typeOwners = claims.owners (type: "the resource type `${type}'") (plugin: plugin.claimedTypes);

  backendOwners = claims.owners (backend: "the backend `${backend}'") (
    plugin: plugin.claimedBackends
  );

  # Options that two plugins declare, each with the one that is not to.
  clashes =
    let
      between =
        one: other:
        map (path: {
          inherit path;
          loser =
            let
              winner = claims.decide "the option `${lib.showOption path}'" [
                one
                other
              ];
            in
            if winner.index == one.index then other.index else one.index;
        }) (options.clashes (unwrapped one) (unwrapped other));
      unwrapped = plugin: {
        inherit (plugin) options;
        modules = map (wrap plugin.who [ ]) plugin.modules;
      };
      later = plugin: lib.filter (other: other.index > plugin.index && other.modules != [ ]) withModules;
      withModules = lib.filter (plugin: plugin.modules != [ ]) opened;
    in
    concatMap (plugin: concatMap (between plugin) (later plugin)) withModules;

  hiddenIn =
    plugin: map (clash: clash.path) (lib.filter (clash: clash.loser == plugin.index) clashes);

  # Nothing of any plugin is used while two of them are at odds.
  settled = builtins.seq (deepSeq (mapAttrs (_: owner: owner.index) (typeOwners // backendOwners)) (
    deepSeq clashes null
  )) opened;

  ownedBy =
    owners: plugin: attrNames (lib.filterAttrs (_: owner: owner.index == plugin.index) owners);

  recordOf = import ./record.nix { inherit lib system; };

  # The type as the plugin that owns it evaluates it.
  resourceType =
    type: owner: arguments:
    if builtins.elem type owner.expressions.types then
      (owner.expressions.resources {
        inherit (arguments) resourcesByType zipAttrs;
        evalResources = main: arguments.evalResources (wrap owner.who [ ] main);
      }).${type}
    else
      arguments.evalGenerated (fromSchema.resource type owner.schemas.${type}.schema) (
        arguments.zipAttrs arguments.resourcesByType.${type} or [ ]
      );

  declares = path: plugin: lib.hasAttrByPath path plugin.options;

  # Modules of ours that a plugin may bring in a version of its own.
  ours =
    lib.optional (
      !lib.any (declares [
        "deployment"
        "autoLuks"
      ]) settled
    ) ../options/auto-luks.nix
    ++ lib.optional (
      !lib.any (declares [
        "deployment"
        "autoRaid0"
      ]) settled
    ) ../options/auto-raid0.nix;

  exporters = concatMap (plugin: plugin.exporters) settled;
in
{
  records = map (
    plugin:
    recordOf plugin {
      types = ownedBy typeOwners plugin;
      backends = ownedBy backendOwners plugin;
    }
  ) settled;
  modules =
    ours ++ concatMap (plugin: map (wrap plugin.who (hiddenIn plugin)) plugin.modules) settled;
  exportsOf = config: foldl' (all: export: all // export config) { } exporters;
  schemas = foldl' (all: plugin: all // plugin.schemas) { } settled;
  resourceTypes = builtins.seq settled (mapAttrs resourceType typeOwners);
  checks = map (
    plugin:
    import ./check.nix {
      inherit
        lib
        pkgs
        plugin
        system
        ;
      wrap = wrap plugin.who [ ];
    }
  ) settled;
  places = concatMap (
    plugin:
    map toString plugin.nixexprs
    ++ lib.optional (plugin.flake != null && plugin.input != null) (toString plugin.flake)
  ) chosen;
}
