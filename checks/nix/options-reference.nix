/**
  Renders the reference of the options that NixOps adds to a machine, as Markdown.

  # Type

  ```
  { lib } -> String
  ```
*/
{ lib }:
let
  inherit (lib)
    concatMapStringsSep
    concatStrings
    optionalString
    ;

  evaluated = lib.evalModules {
    modules = [
      ../../lib/options/auto-luks.nix
      ../../lib/options/auto-raid0.nix
      ../../lib/options/deployment.nix
      ../../lib/options/identity.nix
      ../../lib/options/keys.nix
      ../../lib/options/networking.nix
      {
        # What NixOS declares is not there.
        _module.check = false;
        _module.args = {
          name = "machine";
          pkgs = { };
          utils = { };
        };
      }
    ];
  };

  isPublic = option: option.visible && !option.internal && !lib.hasPrefix "_module" option.name;

  options = builtins.filter isPublic (lib.optionAttrSetToDocList evaluated.options);

  # A short value needs one line only.
  onOneLine =
    text:
    lib.concatStringsSep " " (
      builtins.filter (word: word != "" && word != [ ]) (builtins.split "[ \n]+" text)
    );

  # Values come as `{ _type = "literalExpression"; text; }`.
  code =
    { text, ... }:
    if builtins.stringLength (onOneLine text) < 80 then
      " `${onOneLine text}`\n"
    else
      "\n\n```nix\n${text}\n```\n";

  field =
    title: option: attribute:
    optionalString (option ? ${attribute}) "* ${title}:${code option.${attribute}}";

  render =
    option:
    ''

      ## `${option.name}`

      ${lib.removeSuffix "\n" (option.description.text or option.description)}

      * Type: ${option.type}
    ''
    + concatStrings [
      (field "Default" option "default")
      (field "Example" option "example")
    ];
in
''
  # Options of a machine

  These options come to each machine of a network, beside those of NixOS. Types and defaults are
  read from `lib/options`; `checks/nix/options-reference --update` writes this page.

  A few have no effect yet, or are refused: see [what is there and what comes](status.md).
  `<name>` stands for a name of your choice.
''
+ concatMapStringsSep "" render (lib.sort (one: other: one.name < other.name) options)
