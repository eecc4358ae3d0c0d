/**
  Renders options as Markdown, each below a heading of its own.

  # Inputs

  `lib`
  : That of nixpkgs.

  # Type

  ```
  { lib } -> {
    render :: { heading :: String; marksOf? :: Option -> [String]; } -> AttrSet -> String;
    outputs :: { heading :: String; title :: String; } -> Schema -> String;
  }
  ```

  `marksOf` gives more that there is to say of an option, each in a sentence.
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
    if description == null || description == "" then
      "Nothing is said of it."
    else
      lib.removeSuffix "\n" (description.text or description);

  renderOption =
    heading: marksOf: option:
    ''

      ${heading} `${option.name}`

      ${describe option}

      * Type: ${option.type}
    ''
    + concatStrings [
      (field "Default" option "default")
      (field "Example" option "example")
    ]
    + concatMapStrings (mark: "* ${mark}\n") (marksOf option);

  kindsOf =
    schema:
    let
      kinds = schema.type or (if schema ? enum then "string" else "value");
    in
    lib.concatStringsSep " or " (lib.toList kinds);

  renderOutput =
    name: schema:
    "* `${name}`, ${kindsOf schema}${
      optionalString (schema ? description) ": ${onOneLine schema.description}"
    }\n";
in
{
  outputs =
    { heading, title }:
    schema:
    let
      properties = schema.properties or { };
    in
    optionalString (properties != { }) (
      "\n${heading} ${title}\n\n" + concatStrings (lib.mapAttrsToList renderOutput properties)
    );

  render =
    {
      heading,
      marksOf ? _option: [ ],
    }:
    options:
    concatMapStrings (renderOption heading marksOf) (
      lib.sort (one: other: one.name < other.name) (
        builtins.filter isPublic (lib.optionAttrSetToDocList options)
      )
    );
}
