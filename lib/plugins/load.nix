/**
  Imports files of plugins as NixOps 2 did: with `<nixops/…>`, `<nixpkgs/…>` and the directories of
  all plugins on the search path, whatever the search path of the evaluation is, if it has one.

  Nix has no means to set the search path for a tree, so `import` itself is ours in all files that
  come in through here. It leaves nixpkgs alone, which needs no help and is large. Nix remembers
  nothing that is imported this way: each file of a plugin's tree is a thunk of ours instead, so it
  is read at most once.

  # Inputs

  `directories`
  : The directories that plugins name in `nixexprs`.

  `nixpkgs`
  : Path of the network's nixpkgs.

  `pkgs`, `system`
  : Its packages for the deployer. `import <nixpkgs> { }` gives them, as pure evaluation does not
    know what the platform is.

  # Output

  ```
  { import; isOfNixpkgs; }
  ```
*/
{
  directories,
  lib,
  nixpkgs,
  pkgs,
  system,
}:

let
  inherit (builtins)
    appendContext
    filter
    getContext
    head
    isAttrs
    listToAttrs
    mapAttrs
    match
    pathExists
    readDir
    scopedImport
    storeDir
    unsafeDiscardStringContext
    ;

  plain = path: unsafeDiscardStringContext (toString path);

  isBelow = directory: path: path == directory || lib.hasPrefix "${directory}/" path;

  nixpkgsPath = plain nixpkgs;

  isOfNixpkgs = path: isBelow nixpkgsPath (plain path);

  find =
    name:
    let
      parts = match "(nixops|nixpkgs)(/.*)?" name;
      roots = {
        nixops = toString ./nixops;
        nixpkgs = toString nixpkgs;
      };
      rest = lib.last parts;
      found = filter pathExists (map (directory: "${toString directory}/${name}") directories);
    in
    if parts != null then
      roots.${head parts} + lib.optionalString (rest != null) rest
    else if found != [ ] then
      head found
    else if builtins ? currentSystem then
      builtins.findFile builtins.nixPath name
    else
      throw "a plugin reads `<${name}>', which is neither below <nixops> or <nixpkgs> nor in the directory of a plugin";

  scope = {
    __findFile = _path: find;
    import = load;
    builtins = builtins // {
      import = load;
    };
  };

  packages =
    given:
    if removeAttrs given [ "system" ] == { } && given.system or system == system then
      pkgs
    else
      import nixpkgs (
        lib.optionalAttrs (!given ? system && !given ? localSystem) { inherit system; } // given
      );

  # The tree that a plugin's directory is part of: files beside the directory belong to it too.
  treeOf =
    directory:
    let
      store = match "(${storeDir}/[^/]+)(/.*)?" (plain directory);
    in
    if store == null then
      toString directory
    else
      appendContext (head store) (getContext (toString directory));

  # Every file and directory below a directory, imported when it is asked for.
  filesOf =
    directory:
    mapAttrs (
      name: _type:
      let
        path = "${directory}/${name}";
      in
      {
        value = scopedImport scope path;
        files = filesOf path;
      }
    ) (readDir directory);

  trees = listToAttrs (
    map (directory: {
      name = plain (treeOf directory);
      value = filesOf (treeOf directory);
    }) directories
  );

  treeWith = path: lib.findFirst (tree: lib.hasPrefix "${tree}/" path) null (lib.attrNames trees);

  lookUp =
    files: names:
    let
      entry = files.${head names} or null;
    in
    if entry == null || lib.length names == 1 then entry else lookUp entry.files (lib.tail names);

  remembered =
    path:
    let
      tree = treeWith path;
    in
    if tree == null then
      null
    else
      lookUp trees.${tree} (filter (name: name != "") (lib.splitString "/" (lib.removePrefix tree path)));

  load =
    path:
    let
      entry = remembered (plain path);
    in
    if plain path == nixpkgsPath then
      packages
    else if isOfNixpkgs path then
      import path
    else if isAttrs path || entry == null then
      scopedImport scope path
    else
      entry.value;
in
{
  inherit isOfNixpkgs;
  import = load;
}
