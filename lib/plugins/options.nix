/**
  Which options the modules of plugins declare, found before any machine is evaluated.

  # Output

  `treeOf` gives the options of some modules; `clashes` the paths that two plugins both declare and
  the module system could not merge. Its own rule decides: that several plugins extend
  `fileSystems`, each with options of its own, is no clash.
*/
{ lib, pkgs }:

let
  inherit (builtins)
    attrNames
    concatMap
    intersectAttrs
    isAttrs
    seq
    tryEval
    ;

  isOption = value: value._type or null == "option";

  isTree = value: isAttrs value && !isOption value;

  # Declarations may need these arguments to be looked at, but not what they say.
  arguments = {
    inherit pkgs;
    deploymentName = "";
    name = "";
    nodes = { };
    outputs = { };
    resources = { };
    utils = { };
    uuid = "";
  };

  treeOf =
    modules:
    removeAttrs
      (lib.evalModules {
        modules = modules ++ [
          {
            _file = "nixops";
            # What plugins define may be declared elsewhere.
            _module.check = false;
            _module.args = arguments;
          }
        ];
      }).options
      [ "_module" ];

  common =
    path: one: other:
    concatMap (
      name:
      let
        here = path ++ [ name ];
      in
      if isTree one.${name} && isTree other.${name} then
        common here one.${name} other.${name}
      else
        [ here ]
    ) (attrNames (intersectAttrs one other));

  clashes =
    one: other:
    let
      merged = treeOf (one.modules ++ other.modules);
      isMerged = path: (tryEval (seq (lib.attrByPath path null merged) true)).success;
    in
    lib.filter (path: !isMerged path) (common [ ] one.options other.options);
in
{
  inherit clashes treeOf;
}
