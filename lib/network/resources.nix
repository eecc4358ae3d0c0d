/**
  Evaluates the resources of a network.

  Each resource is a little module system of its own: the module of its type, then the user's
  definitions. The types are ours and those of plugins, which may replace ours. Types that nobody
  provides are errors, not ignored.

  # Output

  `names` by type, `values` for modules that read resources (see `outputs.nix`), and `functions`, which
  evaluate one resource anew at each call, leave nothing behind, and give
  `{ value; lifecycle; position; files; }`.
*/
{
  declarations,
  deploymentInfo,
  isUsers,
  lib,
  lifecycleOf,
  nodesFor,
  outputs,
  pkgs,
  plugins,
  positionOf,
  resourcesFor,
  uuid,
}:

let
  core =
    lib.mapAttrs
      (
        type: main: arguments:
        arguments.evalResources main (lib.zipAttrs arguments.resourcesByType.${type} or [ ])
      )
      {
        commandOutput = ../resources/command-output.nix;
        sshKeyPairs = ../resources/ssh-key-pair.nix;
      };

  types = core // plugins.resourceTypes;

  byType = lib.zipAttrs declarations;

  # Plugins are looked for only when there is a type that is not ours.
  unknown =
    let
      foreign = removeAttrs byType (lib.attrNames core);
    in
    if foreign == { } then [ ] else lib.attrNames (removeAttrs foreign (lib.attrNames types));

  checked =
    if unknown == [ ] then
      byType
    else
      throw (
        "unknown resource type `resources.${lib.head unknown}'; known types: ${lib.concatStringsSep ", " (lib.attrNames types)}. "
        + "Others come from plugins: add one to the inputs of the flake, or name it in `network.plugins'"
      );

  evaluate =
    reader: main: name: modules:
    lib.evalModules {
      modules = [
        {
          _file = "nixops";
          _module.args = {
            inherit name pkgs uuid;
            nodes = nodesFor reader;
            resources = resourcesFor reader;
          };
        }
        main
        deploymentInfo
        ../options/resource.nix
      ]
      ++ modules;
    };

  plain = evaluated: removeAttrs evaluated.config [ "_module" ];

  inherit (import ../schema { inherit lib; }) cleanConfig;

  # What evaluates the resources of a type, with the reader that each of them is by its name.
  argumentsWith =
    readerOf: extra: resourcesByType:
    let
      finish = valueOf: evaluated: valueOf evaluated // extra evaluated;
      evaluateAs =
        valueOf: main:
        lib.mapAttrs (name: modules: finish valueOf (evaluate (readerOf name) main name modules));
    in
    {
      inherit resourcesByType;
      inherit (lib) zipAttrs;
      evalResources = evaluateAs plain;
      evalGenerated = evaluateAs cleanConfig;
    };

  filesOf =
    options:
    lib.concatMap (option: option.files) (
      lib.collect (lib.hasAttr "files") (removeAttrs options [ "_module" ])
    );

  # The files travel in the value, through whatever a plugin does with it.
  withFiles = evaluated: { "nixops files" = filesOf evaluated.options; };

  record =
    type: name:
    let
      definitions = map (definition: { ${name} = definition.${name}; }) (
        lib.filter (lib.hasAttr name) byType.${type}
      );
      reader.resource = { inherit type name; };
      value =
        (types.${type} (argumentsWith (_name: reader) withFiles { ${type} = definitions; })).${name};
      written = map (definition: definition.${name}._file) definitions;
    in
    {
      position = positionOf type name;
      lifecycle = lifecycleOf value;
      value =
        removeAttrs value [ "nixops files" ]
        // lib.optionalAttrs (value.deployment ? lifecycle) {
          deployment = removeAttrs value.deployment [ "lifecycle" ];
        };
      files = lib.filter isUsers (lib.unique (written ++ value."nixops files" or [ ]));
    };

  names = lib.mapAttrs (
    _: definitions: lib.attrNames (lib.foldl' (all: one: all // one) { } definitions)
  ) checked;
in
{
  inherit names;
  values = lib.mapAttrs (
    type: evaluateType:
    evaluateType (argumentsWith (name: { value = { inherit type name; }; }) outputs.marks byType)
  ) types;
  functions = lib.mapAttrs (type: ofType: lib.genAttrs ofType (name: { }: record type name)) names;
}
