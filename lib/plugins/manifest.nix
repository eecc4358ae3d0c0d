/**
  The manifest of a plugin: the flake output `nixopsPlugin`.

  What Nix itself relies on is checked here. An attribute that nobody knows is the business of the
  binary, which gets all their names and can say what was meant; only `mkPlugin` refuses it at once.
*/
let
  inherit (builtins)
    all
    attrNames
    concatStringsSep
    filter
    isAttrs
    isInt
    isList
    isPath
    isString
    match
    toJSON
    typeOf
    ;

  isPlace = value: isPath value || isString value || isAttrs value && value ? outPath;

  attributes = {
    name = {
      isRight = value: isString value && match "[a-z][a-z0-9-]*" value != null;
      expected = "a name of small letters, digits and `-' that begins with a letter";
    };
    version = {
      isRight = isString;
      expected = "a text";
    };
    protocol = {
      isRight = isInt;
      expected = "the number of a protocol version";
    };
    nixexprs = {
      isRight = value: isList value && all isPlace value;
      expected = "a list of directories, such as `[ ./nix ]'";
    };
    schemas = {
      isRight = isPlace;
      expected = "a directory, such as `./schemas'";
    };
    providers = {
      isRight = isAttrs;
      expected = "programs by system, such as `{ x86_64-linux = \"\${package}/bin/nixops-neatcloud\"; }'";
    };
    backends = {
      isRight = value: isList value && all isString value;
      expected = "a list of names, such as `[ \"neatcloud\" ]'";
    };
  };

  found = value: if isString value then toJSON value else "a value of type ${typeOf value}";

  wrong =
    manifest:
    filter (name: manifest ? ${name} && !attributes.${name}.isRight manifest.${name}) (
      attrNames attributes
    );

  unknown = manifest: attrNames (removeAttrs manifest (attrNames attributes ++ [ "_type" ]));

  quoted = names: concatStringsSep ", " (map (name: "`${name}'") names);

  /**
    A manifest that has the shape it must have.

    # Type

    ```
    check :: String -> AttrSet -> AttrSet
    ```

    `who` names the plugin for messages.
  */
  check =
    who: manifest:
    let
      name = builtins.head (wrong manifest);
    in
    if !isAttrs manifest then
      throw "${who}: the manifest must be an attribute set, but it is a ${typeOf manifest}"
    else if !manifest ? name then
      throw "${who}: the manifest has no `name'; say `name = \"neatcloud\";'"
    else if wrong manifest != [ ] then
      throw "${who}: `${name}' must be ${attributes.${name}.expected}, but it is ${found manifest.${name}}"
    else
      manifest;

  /**
    Makes a plugin of a manifest, for `network.plugins` or for the output `nixopsPlugin`.

    The `nix/` directory of any NixOps 2 plugin becomes one like this:

    ```nix
    nixops.lib.mkPlugin {
      name = "aws";
      nixexprs = [ "${inputs.nixops-aws}/nixops_aws/nix" ];
    }
    ```

    # Type

    ```
    mkPlugin :: { name; version?; protocol?; nixexprs?; schemas?; providers?; backends?; } -> Plugin
    ```
  */
  mkPlugin =
    manifest:
    let
      checked = check "mkPlugin" manifest;
    in
    if unknown checked != [ ] then
      throw "mkPlugin: unknown attribute ${quoted (unknown checked)} of the plugin `${checked.name}'; known are ${quoted (attrNames attributes)}"
    else
      checked // { _type = "nixopsPlugin"; };
in
{
  inherit check mkPlugin;
}
