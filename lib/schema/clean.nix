/**
  The configuration that `evalModules` gives, without options that have no value.

  JSON tells an attribute that is absent from one that is null; an option that nobody defines
  throws when it is read, or is empty. Here it is absent.

  # Type

  ```
  clean :: { options, config, ... } -> AttrSet
  ```
*/
{ lib }:
let
  # What is no option was taken by a freeform type.
  present =
    options: config:
    let
      isSet = name: options ? ${name} && !lib.isOption options.${name};
      has = name: name != "_module" && (!options ? ${name} || isSet name || options.${name}.isDefined);
      inner = name: if isSet name then present options.${name} config.${name} else config.${name};
    in
    lib.genAttrs (lib.filter has (lib.attrNames config)) inner;
in
evaluated: present evaluated.options evaluated.config
