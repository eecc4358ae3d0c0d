/**
  Calls a flake from its source tree and the content of its lock file.

  `builtins.getFlake` cannot take overridden inputs, and Nix 2.8 refuses a subdirectory of a
  `path:` reference, so the lock graph is walked here. Inputs are fetched when they are used.
  The shape of the graph is that of `flake.lock` versions 5 to 7.

  # Inputs

  `root`
  : Attributes for `builtins.fetchTree` that lock the tree which holds the flake.

  `extra`
  : Attributes that `self` has beside those that fetching gives, such as `dirtyRev`.

  `directory`
  : Where `flake.nix` is, relative to the tree; empty for its top.

  `lock`
  : The parsed lock file, with overrides applied.

  # Output

  The flake as its own outputs see it as `self`.
*/
{
  root,
  extra ? { },
  directory ? "",
  lock,
}:

let
  inherit (builtins) foldl' mapAttrs substring;

  # An input names a node, or is a path of input names from the root ("follows").
  resolve = reference: if builtins.isList reference then follow lock.root reference else reference;

  follow =
    node: path:
    if path == [ ] then
      node
    else
      follow (resolve lock.nodes.${node}.inputs.${builtins.head path}) (builtins.tail path);

  isRelative = locked: locked.type == "path" && substring 0 1 locked.path != "/";

  # A relative path input lives in the tree of the flake that asks for it (Nix 2.26 and newer).
  relativeSource =
    node:
    let
      parent = nodes.${follow lock.root node.parent};
    in
    parent.sourceInfo // { outPath = parent.outPath + "/${node.locked.path}"; };

  source =
    key: node:
    if key == lock.root then
      builtins.fetchTree root // extra
    else if isRelative node.locked then
      relativeSource node
    else
      builtins.fetchTree (node.info or { } // removeAttrs node.locked [ "dir" ]);

  call =
    key: node:
    let
      sourceInfo = source key node;
      subdirectory = if key == lock.root then directory else node.locked.dir or "";
      outPath = if subdirectory == "" then "${sourceInfo}" else "${sourceInfo}/${subdirectory}";
      flake = import "${outPath}/flake.nix";
      inputs = mapAttrs (_: reference: nodes.${resolve reference}) (node.inputs or { });
      outputs = flake.outputs (inputs // { self = result; });
      result =
        outputs
        // sourceInfo
        // {
          inherit
            outPath
            inputs
            outputs
            sourceInfo
            ;
          _type = "flake";
        };
    in
    if node.flake or true then result else sourceInfo // { inherit sourceInfo; };

  nodes = mapAttrs call lock.nodes;
in
nodes.${lock.root}
