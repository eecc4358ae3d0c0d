/**
  The schemas of a plugin by type, as `{ schema; isMachine; }`.
*/
{
  directory,
  lib,
  who,
}:

let
  inherit (builtins)
    addErrorContext
    fromJSON
    pathExists
    readDir
    readFile
    ;

  path = toString directory;

  files = lib.filter (lib.hasSuffix ".json") (lib.attrNames (readDir path));

  read =
    file:
    let
      schema = addErrorContext "while reading the schema ${path}/${file} of the ${who}:" (
        fromJSON (readFile "${path}/${file}")
      );
    in
    {
      inherit schema;
      isMachine = schema.x-nixops-kind or "resource" == "machine";
    };
in
if directory == null then
  { }
else if !pathExists path then
  throw "${who}: there is no directory ${path}, which `schemas' names"
else
  lib.listToAttrs (
    map (file: {
      name = lib.removeSuffix ".json" file;
      value = read file;
    }) files
  )
