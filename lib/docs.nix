/**
  Renders options as Markdown, each below a heading of its own.

  # Inputs

  `lib`
  : That of nixpkgs.

  # Type

  ```
  { lib } -> { render :: { heading :: String } -> AttrSet -> String; }
  ```
*/
{ lib }:
let
  inherit (lib)
    concatMapStrings
    concatStrings
    optionalString
    ;

  isPublic =
    option:
    (option.visible or true) != false && !(option.internal or false) && !lib.hasPrefix "_" option.name;

  # A short value needs one line only.
  onOneLine =
    text:
    lib.concatStringsSep " " (
      builtins.filter (word: word != "" && word != [ ]) (builtins.split "[ \n]+" text)
    );

  # Values come as `{ _type = "literalExpression"; text; }`; old nixpkgs has them as they are.
  textOf = value: value.text or (builtins.toJSON value);

  code =
    value:
    let
      text = textOf value;
    in
    if builtins.stringLength (onOneLine text) < 80 then
      " `${onOneLine text}`\n"
    else
      "\n\n```nix\n${text}\n```\n";

  field =
    title: option: attribute:
    optionalString (option ? ${attribute}) "* ${title}:${code option.${attribute}}";

  describe =
    option:
    let
      description = option.description or null;
    in
    if description == null then
      "Nothing is said of it."
    else
      lib.removeSuffix "\n" (description.text or description);

  renderOption =
    heading: option:
    ''

      ${heading} `${option.name}`

      ${describe option}

      * Type: ${option.type}
    ''
    + concatStrings [
      (field "Default" option "default")
      (field "Example" option "example")
    ];
in
{
  render =
    { heading }:
    options:
    concatMapStrings (renderOption heading) (
      lib.sort (one: other: one.name < other.name) (
        builtins.filter isPublic (lib.optionAttrSetToDocList options)
      )
    );
}
