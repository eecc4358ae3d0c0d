/**
  Assembles a network from its definitions.

  Names, merge orders, priorities and module arguments are those of NixOps 2, so that its networks
  keep their meaning.

  # Inputs

  `definitions`
  : Attribute sets with `_file`, as `source/definitions.nix` gives them, first file first.

  `arguments`, `uuid`, `deploymentName`
  : What the deployment is called and was given; `network.uuid` counts more than `uuid`.

  `system`
  : The platform of the deployer, which machines have when they say nothing else.

  `checkConfigurationOptions`
  : Whether definitions of options that do not exist are errors.

  `inputs`
  : The inputs of the network's flake, among which plugins are found (see `source/start.nix`).

  `facts`
  : What is known of machines already (see `nodes.nix`); null if nobody is to be told who reads whom.

  `outputs`
  : What is known of the outputs of resources (see `outputs.nix`); null if nothing is, and nobody is to
    be told who reads them.

  # Output

  ```
  { lib, names, network, machines, nodes, plugins, positionOf, positionOfResource, record, resources, scope }
  ```

  `machines.<name>` and `resources.<type>.<name>` of the output are evaluated anew at each use and
  retained by nobody; `nodes` is what modules see of each other; `plugins` is what
  `plugins/default.nix` gives; `positionOf` tells where a machine is defined first, as
  `{ file, line, column }`, or null, and `positionOfResource` the same by type and name; `record` is what
  the binary is told of a machine; `scope` is what a person sees who asks.
*/
{
  definitions,
  arguments ? { },
  uuid,
  deploymentName,
  system,
  checkConfigurationOptions ? true,
  inputs ? { },
  facts ? null,
  outputs ? null,
}@given:

let
  inherit (builtins)
    attrNames
    catAttrs
    concatMap
    foldl'
    mapAttrs
    ;

  # Attributes of `network` that are no data.
  hidden = [
    "nixpkgs"
    "nodeNixpkgs"
    "nodeSpecialArgs"
    "plugins"
    "specialArgs"
  ];

  reserved = [
    "_file"
    "defaults"
    "network"
    "nixpkgs"
    "require"
    "resources"
  ];

  # All definitions of an attribute, in the order of their files.
  definitionsOf = name: catAttrs name definitions;

  # Later files win, attribute by attribute.
  network = foldl' (all: one: all // one) { } (definitionsOf "network");

  uuid = network.uuid or given.uuid;

  machineNames = attrNames (removeAttrs (foldl' (all: one: all // one) { } definitions) reserved);

  platform = import ./nixpkgs.nix { inherit definitions network system; };

  inherit (platform) lib;

  plugins = import ../plugins {
    inherit
      inputs
      network
      platform
      system
      ;
  };

  # Whether the user wrote a file, and not somebody whose code the network only uses.
  isUsers =
    let
      others = map (place: builtins.unsafeDiscardStringContext "${toString place}/") (
        [
          ../.
          platform.path
        ]
        ++ plugins.places
      );
    in
    file: lib.hasPrefix "/" file && !lib.any (place: lib.hasPrefix place file) others;

  deploymentInfo = {
    deployment = {
      inherit arguments uuid;
      name = deploymentName;
    };
  };

  evalMachine = import ./machine.nix {
    inherit
      checkConfigurationOptions
      definitions
      deploymentInfo
      deploymentName
      moduleOf
      network
      nodesFor
      outputs
      platform
      plugins
      resourcesFor
      system
      uuid
      ;
  };

  # A network is often put together from several files before we see it: what counts for messages
  # is the file in which the attribute stands.
  moduleOf = { _file, ... }: set: name: {
    _file = (builtins.unsafeGetAttrPos name set).file or _file;
    imports = [ set.${name} ];
  };

  firstPosition =
    name: sets: builtins.unsafeGetAttrPos name (lib.findFirst (lib.hasAttr name) { } sets);

  # Resources by type and name, as modules that know their file.
  declaredIn =
    definition:
    lib.mapAttrs (
      _type: resources: lib.mapAttrs (name: _: moduleOf definition resources name) resources
    ) definition.resources;

  positionOfResource =
    type: name:
    firstPosition name (
      map (definition: definition.resources.${type} or { }) (
        lib.filter (lib.hasAttr "resources") definitions
      )
    );

  evalResources = import ./resources.nix {
    inherit
      deploymentInfo
      isUsers
      lib
      nodesFor
      outputs
      plugins
      resourcesFor
      uuid
      ;
    inherit (platform) pkgs;
    inherit (record) lifecycleOf;
    positionOf = positionOfResource;
    declarations = map declaredIn (lib.filter (definition: definition ? resources) definitions);
  };

  inherit
    (import ./nodes.nix {
      inherit facts lib;
      names = machineNames;
      evaluate = evalNode;
    })
    collect
    nodes
    ;

  outputs = import ../outputs.nix { outputs = given.outputs or null; };

  nodesFor = reader: outputs.nodesFor reader machineNames nodes;

  resourcesFor =
    reader:
    outputs.resourcesFor reader evalResources.values
    // {
      machines = mapAttrs (_: node: node.config) (nodesFor reader);
    };

  # Who reads where a person does.
  person = {
    person = true;
  };

  scope = {
    inherit
      arguments
      deploymentName
      lib
      uuid
      ;
    inherit (platform) pkgs;
    network = removeAttrs network hidden;
    nodes = nodesFor person;
    resources = resourcesFor person;
  };

  # A machine as others see it.
  evalNode = name: evalMachine { node = name; } name;

  names = {
    machines = machineNames;
    resources = evalResources.names;
  };

  invalidNames = lib.filter (name: builtins.match "[a-zA-Z0-9_-][a-zA-Z0-9_.-]*" name == null) (
    machineNames ++ lib.concatLists (lib.attrValues evalResources.names)
  );

  # Attributes of the network that are about machines by name.
  unknownIn =
    attribute:
    map (name: "network.${attribute}.${name}") (
      lib.subtractLists machineNames (attrNames (network.${attribute} or { }))
    );

  unknownNames = concatMap unknownIn [
    "nodeNixpkgs"
    "nodeSpecialArgs"
  ];
  record = import ./record.nix {
    inherit isUsers lib;
    inherit (outputs) isAwaited;
    inherit (plugins) exportsOf;
  };
in
{
  inherit
    lib
    network
    nodes
    plugins
    positionOfResource
    record
    scope
    ;
  facts = lib.genAttrs machineNames (name: paths: collect paths (evalNode name));
  names =
    if invalidNames != [ ] then
      throw "invalid name of a machine or resource: ${
        lib.concatMapStringsSep ", " (name: "`${name}'") invalidNames
      }; a name has letters, digits, `_', `-' and, after the first, `.'"
    else if unknownNames != [ ] then
      throw "${lib.concatStringsSep ", " unknownNames}: there is no such machine; the machines are ${lib.concatStringsSep ", " machineNames}"
    else
      names;
  machines = lib.genAttrs machineNames (name: { }: evalMachine { machine = name; } name);
  positionOf = name: firstPosition name definitions;
  resources = evalResources.functions;
}
