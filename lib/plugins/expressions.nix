/**
  What the directories in `nixexprs` of a plugin say: the contract of NixOps 2.

  Each `default.nix` is `{ options, resources, config_exporters }`; what is missing is empty.

  # Output

  `{ modules; types; resources; exporters; }`, where `types` costs nothing but names, `resources`
  takes the arguments that plugins expect, and `exporters` is a list of functions of a machine's
  `config`.
*/
{
  directories,
  lib,
  loader,
  pkgs,
  who,
}:

let
  inherit (builtins)
    addErrorContext
    attrNames
    concatMap
    foldl'
    isAttrs
    typeOf
    ;

  known = [
    "config_exporters"
    "options"
    "resources"
  ];

  load =
    directory:
    let
      value = addErrorContext "${who}:" (loader.import directory);
      unknown = attrNames (removeAttrs value known);
    in
    if !isAttrs value then
      throw "${who}: ${toString directory}/default.nix must be an attribute set, but it is a ${typeOf value}"
    else if unknown != [ ] then
      throw "${who}: unknown attribute `${builtins.head unknown}' in ${toString directory}/default.nix; known are ${lib.concatStringsSep ", " known}"
    else
      value;

  loaded = map load directories;

  # Later directories win, as later plugins do.
  resources =
    arguments:
    foldl' (all: expressions: all // (expressions.resources or (_arguments: { })) arguments) { } loaded;
in
{
  inherit resources;
  modules = concatMap (expressions: expressions.options or [ ]) loaded;
  types = attrNames (resources {
    inherit (lib) zipAttrs;
    evalResources = _main: _definitions: { };
    resourcesByType = { };
  });
  exporters = concatMap (
    expressions:
    (expressions.config_exporters or (_arguments: [ ])) {
      inherit pkgs;
      inherit (lib) optionalAttrs;
    }
  ) loaded;
}
