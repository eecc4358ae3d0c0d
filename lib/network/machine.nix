/**
  Evaluates one machine.

  The modules are the user's in the order of their files, then `defaults`, then ours. A machine
  may also be a finished configuration (an attribute of `nixosConfigurations`), which is extended.
*/
{
  checkConfigurationOptions,
  definitions,
  deploymentInfo,
  deploymentName,
  network,
  nodes,
  platform,
  resources,
  system,
  uuid,
}:

let
  inherit (platform) lib;

  isConfiguration = value: builtins.isAttrs value && value ? extendModules && value ? config;

  ours = name: {
    key = "nixops-machine";
    _file = "nixops";
    imports = [
      ../options/deployment.nix
      ../options/identity.nix
      ../options/keys.nix
      ../options/networking.nix
      ../options/platform.nix
      deploymentInfo
    ];
    config = {
      networking.hostName = lib.mkOverride 900 name;
      deployment.targetHost = lib.mkOverride 900 name;
      _type = "machine";
      _module = {
        # What `environment.checkConfigurationOptions` is an alias of, where there is one.
        check = lib.mkOverride 900 checkConfigurationOptions;
        args = {
          inherit
            deploymentName
            name
            nodes
            resources
            uuid
            ;
          nixopsSystem = system;
        };
      };
    };
  };

  specialArgsOf = name: network.specialArgs or { } // network.nodeSpecialArgs.${name} or { };

  evalModules =
    name: values:
    platform.evalConfigFor name {
      specialArgs = specialArgsOf name;
      modules = values ++ defaults ++ [ (ours name) ];
    };

  extend =
    name: configuration: values:
    configuration.extendModules {
      specialArgs = specialArgsOf name;
      modules = values ++ defaults ++ [ (ours name) ];
    };

  # A network is often put together from several files before we see it: what counts for messages
  # is the file in which the attribute stands.
  definedIn =
    name: definition:
    let
      position = builtins.unsafeGetAttrPos name definition;
    in
    lib.optional (definition ? ${name}) {
      _file = if position == null then definition._file else position.file;
      value = definition.${name};
    };

  toModule =
    { _file, value }:
    {
      inherit _file;
      imports = [ value ];
    };
  defaults = map toModule (lib.concatMap (definedIn "defaults") definitions);
in
name:
let
  values = lib.concatMap (definedIn name) definitions;
  finished = lib.filter (entry: isConfiguration entry.value) values;
  modules = map toModule (lib.filter (entry: !isConfiguration entry.value) values);
in
if finished == [ ] then
  evalModules name modules
else if lib.length finished == 1 then
  extend name (lib.head finished).value modules
else
  throw "machine ${name} is a finished configuration in more than one file: ${
    lib.concatMapStringsSep ", " (entry: entry._file) finished
  }"
