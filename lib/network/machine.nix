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
  moduleOf,
  network,
  nodes,
  platform,
  plugins,
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

  modulesOf =
    name:
    map (definition: moduleOf definition definition name) (lib.filter (lib.hasAttr name) definitions);

  # Whether what the user wrote is a configuration already.
  isFinished = module: isConfiguration (lib.head module.imports);

  defaults = modulesOf "defaults";
in
name:
let
  parts = lib.partition isFinished (modulesOf name);
  finished = parts.right;
in
if finished == [ ] then
  evalModules name parts.wrong
else if lib.length finished == 1 then
  extend name (lib.head (lib.head finished).imports) parts.wrong
else
  throw "machine ${name} is a finished configuration in more than one file: ${
    lib.concatMapStringsSep ", " (module: module._file) finished
  }"
