/**
  Outputs of resources in evaluation, and who reads them.

  A value that two read is evaluated once, and nothing tells that the second one read it. So everybody
  who reads has wrappers of their own, which trace what is read. They are made as far as somebody
  looks: who reads nothing pays nothing.

  A reader is `{ machine = NAME; }` or `{ resource = { type; name; }; }` while that is evaluated for the
  binary, and `{ node = NAME; }` or `{ value = { type; name; }; }` where it is evaluated for others.

  - `@output {"reader":…,"type":…,"name":…,"attribute":…}` when an output is read;
  - `@look {"reader":…,"seen":…}` when a machine (`{"node":…}`) or resource (`{"value":…}`) is looked
    at, or any of many machines (`"nodes"`).

  # Inputs

  `outputs`
  : `{ known; final; silent; }`, or null, and nothing is told; nor is it if `silent` is true. `known.<type>.<name>.<attribute>` is `{ value; }`,
    `"unknown"` for what is known after apply, or `"secret"` for what nobody may see. In the place of both
    stands a token, a text that the binary finds again; if the evaluation is final, an unknown output
    ends it.
*/
{ outputs }:

let
  inherit (builtins)
    isAttrs
    length
    mapAttrs
    toJSON
    trace
    ;

  known = outputs.known or { };

  final = outputs.final or false;

  # What is heard by those only who want to know who reads.
  tell = text: value: if outputs == null || outputs.silent or false then value else trace text value;

  # More machines than these are not told one by one: all of them may read all others.
  mostNodes = 50;

  look =
    reader: seen: value:
    tell "@look ${toJSON { inherit reader seen; }}" value;

  token = what: at: "<nixops:${what}:${at}>";

  valueOf =
    type: name: attribute: output:
    let
      at = "${type}:${name}:${attribute}";
    in
    if isAttrs output then
      output.value
    else if output == "unknown" && final then
      abort "@unknown ${at}"
    else
      token output at;

  read =
    reader: type: name: attribute: output:
    tell "@output ${
      toJSON {
        inherit
          attribute
          name
          reader
          type
          ;
      }
    }" (valueOf type name attribute output);

  knownOf = type: name: known.${type}.${name} or { };

  /**
    The outputs of a resource, or of a machine by its backend, for a reader.

    # Type

    ```
    outputsOf :: Reader -> String -> String -> { <attribute> = Any; }
    ```
  */
  outputsOf =
    reader: type: name:
    mapAttrs (read reader type name) (knownOf type name);

  # An output stands where the network says nothing: where the option is absent, null or empty.
  complete =
    resource: given:
    let
      isDefined = resource."nixops defined" or (_attribute: true);
      plain = removeAttrs resource [ "nixops defined" ];
      isSet =
        attribute:
        plain ? ${attribute}
        && isDefined attribute
        && plain.${attribute} != null
        && plain.${attribute} != "";
    in
    plain // mapAttrs (attribute: output: if isSet attribute then plain.${attribute} else output) given;
in
{
  inherit outputsOf;

  /**
    Whether an output has a value, or may have one.

    # Type

    ```
    has :: String -> String -> String -> Bool
    ```
  */
  has =
    type: name: attribute:
    (knownOf type name).${attribute} or {
      value = null;
    } != {
      value = null;
    };

  /**
    Whether to read an output would end the evaluation.

    # Type

    ```
    isAwaited :: String -> String -> String -> Bool
    ```
  */
  isAwaited =
    type: name: attribute:
    final && (knownOf type name).${attribute} or null == "unknown";

  /**
    What travels in the value of a resource, so that its options are told from what they are not.
  */
  marks = evaluated: {
    "nixops defined" = attribute: evaluated.options.${attribute}.isDefined or true;
  };

  /**
    The resources of a network, by type and name, as a reader sees them.

    # Type

    ```
    resourcesFor :: Reader -> Resources -> Resources
    ```
  */
  resourcesFor =
    reader:
    mapAttrs (
      type:
      mapAttrs (
        name: resource:
        look reader { value = { inherit type name; }; } (complete resource (outputsOf reader type name))
      )
    );

  /**
    The machines of a network as a reader sees them.
  */
  nodesFor =
    reader: names: nodes:
    if length names > mostNodes then
      look reader "nodes" nodes
    else
      mapAttrs (node: look reader { inherit node; }) nodes;
}
