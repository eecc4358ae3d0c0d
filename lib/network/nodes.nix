/**
  What machines see of each other.

  A machine that is read is evaluated as far as it is read, and stays in memory as long as the
  process lives. For a host file over a large fleet that is the whole fleet, in every process. So
  reads are told (`@read`), and the binary may answer what many processes need as *facts*: plain
  values that one evaluation found, given to all others. A fact stands exactly where the option
  does, between the same neighbours; whatever is not a fact is evaluated as before.

  # Inputs

  `evaluate`
  : Evaluates a machine by name.

  `facts`
  : `{ shapes; nodes; }`, where `nodes.<machine>` is a tree as `collect` gives it, except that
    `names` is an index of the list `shapes`; or null, and reads are neither told nor answered.
*/
{
  evaluate,
  facts,
  lib,
  names,
}:

let
  inherit (builtins)
    attrNames
    elemAt
    filter
    hasContext
    head
    isAttrs
    isBool
    isInt
    isList
    isString
    listToAttrs
    mapAttrs
    tail
    toJSON
    trace
    tryEval
    ;

  isOption = value: value._type or null == "option";

  told =
    node: path: value:
    trace "@read ${toJSON { inherit node path; }}" value;

  # Follows the tree of options down to each option, and tells when its value is read.
  watch =
    node: path: options:
    mapAttrs (
      name: value:
      let
        here = path ++ [ name ];
        option = options.${name} or null;
      in
      if isAttrs option && !isOption option then watch node here option value else told node here value
    );

  watched =
    node:
    let
      evaluation = evaluate node;
    in
    mapAttrs (
      name: value:
      if name == "config" then watch node [ name ] evaluation.options value else told node [ name ] value
    ) evaluation;

  known =
    node: if facts.nodes ? ${node} then overlay facts.nodes.${node} (watched node) else watched node;

  # Puts facts in front of the value that they were found in.
  overlay =
    tree: value:
    listToAttrs (
      map (name: {
        inherit name;
        value =
          tree.values.${name}
            or (if tree.children ? ${name} then overlay tree.children.${name} value.${name} else value.${name});
      }) (elemAt facts.shapes tree.names)
    );

  isScalar =
    value: value == null || isBool value || isInt value || isString value && !hasContext value;

  # What JSON gives back as it was.
  isFact = value: if isList value then builtins.all isScalar value else isScalar value;

  factOf =
    value:
    let
      found = tryEval (if isFact value then [ value ] else [ ]);
    in
    if found.success then found.value else [ ];

  /**
    Finds the facts at some paths, and the names of all neighbours on the way to them.

    What cannot be evaluated, or is no plain value, is left out.

    # Type

    ```
    collect :: [[String]] -> AttrSet -> { names; values; children; }
    ```
  */
  collect =
    paths: value:
    let
      present = filter (path: path != [ ] && value ? ${head path}) paths;
      byName = lib.groupBy head present;
      isLeaf = name: builtins.elem [ name ] byName.${name};
      isTree =
        name:
        let
          member = tryEval (isAttrs value.${name});
        in
        member.success && member.value;
      leaves = filter isLeaf (attrNames byName);
      trees = filter (name: !isLeaf name && isTree name) (attrNames byName);
    in
    {
      names = attrNames value;
      values = listToAttrs (
        lib.concatMap (
          name:
          map (fact: {
            inherit name;
            value = fact;
          }) (factOf value.${name})
        ) leaves
      );
      children = lib.genAttrs trees (name: collect (map tail byName.${name}) value.${name});
    };
in
{
  inherit collect;
  nodes = lib.genAttrs names (if facts == null then evaluate else known);
}
