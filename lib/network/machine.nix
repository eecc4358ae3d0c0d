/**
  Evaluates one machine.

  The modules are the user's in the order of their files, then `defaults`, then ours. A machine
  may also be a finished configuration (an attribute of `nixosConfigurations`), which is extended.

  The first argument says who reads where the machine does (see `outputs.nix`).
*/
{
  checkConfigurationOptions,
  definitions,
  deploymentInfo,
  deploymentName,
  moduleOf,
  network,
  nodesFor,
  outputs,
  platform,
  plugins,
  resourcesFor,
  system,
  uuid,
}:

let
  inherit (platform) lib;

  isConfiguration = value: builtins.isAttrs value && value ? extendModules && value ? config;

  # What the machine's backend has made of it.
  provided =
    reader: name:
    { config, ... }:
    let
      backend = config.deployment.targetEnv;
      own = outputs.outputsOf reader backend name;
      address =
        attribute: lib.mkIf (outputs.has backend name attribute) (lib.mkOverride 900 own.${attribute});
    in
    {
      _file = "nixops";
      _module.args.outputs = own;
      networking = lib.genAttrs [ "privateIPv4" "publicIPv4" ] address;
    };

  ours = reader: name: {
    key = "nixops-machine";
    _file = "nixops";
    imports = [
      ../options/machine.nix
      ../options/platform.nix
      deploymentInfo
      (provided reader name)
    ]
    ++ plugins.modules;
    config = {
      networking.hostName = lib.mkOverride 900 name;
      deployment.targetHost = lib.mkOverride 900 name;
      _type = "machine";
      _module = {
        # What `environment.checkConfigurationOptions` is an alias of, where there is one. That
        # options are checked is the default, against which a finished configuration may decide.
        check = lib.mkIf (!checkConfigurationOptions) (lib.mkOverride 900 false);
        args = {
          inherit deploymentName name uuid;
          nixopsSystem = system;
          nodes = nodesFor reader;
          resources = resourcesFor reader;
        };
      };
    };
  };

  specialArgsOf = name: network.specialArgs or { } // network.nodeSpecialArgs.${name} or { };

  evalModules =
    reader: name: values:
    platform.evalConfigFor name {
      specialArgs = specialArgsOf name;
      modules = values ++ defaults ++ [ (ours reader name) ];
    };

  extend =
    reader: name: configuration: values:
    configuration.extendModules {
      specialArgs = specialArgsOf name;
      modules = values ++ defaults ++ [ (ours reader name) ];
    };

  modulesOf =
    name:
    map (definition: moduleOf definition definition name) (lib.filter (lib.hasAttr name) definitions);

  # Whether what the user wrote is a configuration already.
  isFinished = module: isConfiguration (lib.head module.imports);

  defaults = modulesOf "defaults";
in
reader: name:
let
  parts = lib.partition isFinished (modulesOf name);
  finished = parts.right;
in
if finished == [ ] then
  evalModules reader name parts.wrong
else if lib.length finished == 1 then
  extend reader name (lib.head (lib.head finished).imports) parts.wrong
else
  throw "machine ${name} is a finished configuration in more than one file: ${
    lib.concatMapStringsSep ", " (module: module._file) finished
  }"
