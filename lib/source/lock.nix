/**
  How the nodes of a lock file name each other.

  An input names a node, or is a path of input names from the root ("follows").
*/
lock:

let
  inherit (builtins) head isList tail;

  resolve = reference: if isList reference then follow lock.root reference else reference;

  follow =
    node: path:
    if path == [ ] then node else follow (resolve lock.nodes.${node}.inputs.${head path}) (tail path);
in
{
  inherit resolve follow;
}
