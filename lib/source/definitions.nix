/**
  Collects the definitions of a network: a value or file and all that it requires.

  A definition is an attribute set, or a function of the deployment's arguments that gives one.
  `require = [ ./other.nix ]` adds files, each once.

  # Inputs

  `start`
  : List of `{ file; value; }`, where `value` is missing for files that are to be imported.

  `arguments`
  : The deployment's arguments by name.

  # Output

  List of attribute sets, each with the `_file` that it came from.
*/
{
  start,
  arguments ? { },
}:

let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    functionArgs
    intersectAttrs
    isAttrs
    isFunction
    isList
    mapAttrs
    typeOf
    ;

  quoted = names: concatStringsSep ", " (map (name: "`${name}'") names);

  missing =
    function:
    let
      formal = functionArgs function;
    in
    filter (name: !formal.${name} && !arguments ? ${name}) (attrNames formal);

  # Nix itself refuses arguments that a function does not take: only it can see an ellipsis.
  call =
    file: value:
    if !isFunction value then
      value
    else if missing value != [ ] then
      throw (
        "the network in ${file} needs the argument ${quoted (missing value)}: "
        + "say --arg NAME EXPR or --argstr NAME TEXT"
        + (if arguments == { } then "" else "; given: ${quoted (attrNames arguments)}")
      )
    else
      value arguments;

  expect =
    isRight: kind: what: value:
    if isRight value then value else throw "${what} must be ${kind}, but it is a ${typeOf value}";

  set = expect isAttrs "an attribute set";

  # What has a shape of its own, with a message for other shapes.
  shapes = {
    network = set;
    require = expect isList "a list of files";
    resources = what: value: mapAttrs (type: set "${what}.${type}") (set what value);
  };

  shaped =
    file: definition:
    definition
    // mapAttrs (name: shape: shape "${file}: ${name}" definition.${name}) (
      intersectAttrs definition shapes
    );

  load =
    { file, ... }@entry:
    let
      raw = entry.value or (import file);
      definition = call (toString file) raw;
    in
    if isAttrs definition then
      {
        takesArguments = isFunction raw;
        definition = shaped (toString file) definition // {
          _file = toString file;
        };
      }
    else
      throw "the network in ${toString file} must be an attribute set or a function that gives one, but it is a ${typeOf definition}";

  closure = builtins.genericClosure {
    startSet = map (entry: {
      key = toString entry.file;
      loaded = load entry;
    }) start;
    operator =
      { loaded, ... }:
      map (file: {
        key = toString file;
        loaded = load { inherit file; };
      }) (loaded.definition.require or [ ]);
  };

  loaded = map (entry: entry.loaded) closure;
in
if arguments != { } && !builtins.any (entry: entry.takesArguments) loaded then
  throw "the network takes no arguments, but ${quoted (attrNames arguments)} was given"
else
  map (entry: entry.definition) loaded
