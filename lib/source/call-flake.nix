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

  `watch`
  : Whether `@self NAME` is traced when something of what the flake is itself is used, such as its revision:
    all but its path. `@self ?` is traced where it could be seen which of these there are.

  `fetchTree`
  : What fetches a tree; the tests have one of their own.

  # Output

  The flake as its own outputs see it as `self`.
*/
{
  root,
  extra ? { },
  directory ? "",
  lock,
  watch ? false,
  fetchTree ? builtins.fetchTree,
}:

let
  inherit (builtins) intersectAttrs mapAttrs substring;

  inherit (import ./lock.nix lock) follow resolve;

  # A relative path input lives in the tree of the flake that asks for it (Nix 2.26 and newer;
  # older versions name no parent and know such a tree by its hash).
  isRelative =
    node: node ? parent && node.locked.type == "path" && substring 0 1 node.locked.path != "/";

  parentOf = node: nodes.${follow lock.root node.parent};

  below = path: directory: if directory == "" then path else "${path}/${directory}";

  fetched = fetchTree root // extra;

  # The tree by its hash: of what `fetchTree` gives, Nix 2.34 need not read what they copy, since their
  # fetcher cache may know it.
  watched =
    let
      tell = name: _: builtins.trace "@self ${name}" fetched.${name};
      told = {
        narHash = null;
        lastModified = null;
        lastModifiedDate = null;
      }
      // (
        if root ? rev then
          {
            rev = null;
            shortRev = null;
          }
        else
          { }
      )
      // intersectAttrs { revCount = null; } root
      // extra;
    in
    mapAttrs tell told
    // {
      outPath = builtins.path {
        inherit (root) path;
        name = substring 33 (-1) (baseNameOf root.path);
        sha256 = root.narHash;
        recursive = true;
      };
    };

  isOfRoot = key: node: key == lock.root || isRelative node;

  source =
    key: node:
    if key == lock.root then
      if watch then watched else fetched
    else if isRelative node then
      (parentOf node).sourceInfo
    else
      fetchTree (node.info or { } // removeAttrs node.locked [ "dir" ]);

  # Where a flake is stands apart from what it gives: its outputs may need an input that lives in
  # its own tree.
  call =
    key: node:
    let
      sourceInfo = source key node;
      subdirectory = if key == lock.root then directory else node.locked.dir or "";
      outPath =
        if isRelative node then
          below (parentOf node).outPath node.locked.path
        else
          below "${sourceInfo}" subdirectory;
      flake = import "${outPath}/flake.nix";
      inputs = mapAttrs (_: reference: nodes.${resolve reference}.seen) (node.inputs or { });
      outputs = flake.outputs (inputs // { self = seen; });
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
      given = if node.flake or true then result else sourceInfo // { inherit outPath sourceInfo; };
      seen = if watch && isOfRoot key node then builtins.trace "@self ?" given else given;
    in
    {
      inherit outPath sourceInfo seen;
      result = given;
    };

  nodes = mapAttrs call lock.nodes;
in
nodes.${lock.root}.result
