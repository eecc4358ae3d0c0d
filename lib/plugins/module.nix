/**
  Wraps a module of a plugin so that its files are imported by the loader (`load.nix`).

  The module stays what it is for the module system: functions keep the arguments that they name,
  and what comes from a file has the path as `_file` and `key`, so that it is imported once, can be
  disabled, and is named in messages. Functions get the `lib` of `legacy.nix`, and the `outputs` of the
  machine whatever the network calls by that name.

  # Type

  ```
  wrap :: String -> [[String]] -> Module -> Module
  ```

  The first argument names the plugin for what its files throw; the second one options that the
  module is not to declare: another plugin does.
*/
{ lib, loader }:

let
  inherit (builtins)
    addErrorContext
    head
    isAttrs
    isList
    mapAttrs
    tail
    unsafeDiscardStringContext
    ;

  legacy = import ./legacy.nix;

  # Leaves out attributes by their paths.
  without =
    paths: set:
    let
      byName = lib.groupBy head paths;
      isWhole = name: lib.any (path: tail path == [ ]) byName.${name};
      parts = lib.partition isWhole (lib.attrNames byName);
      inner = lib.filter (name: set ? ${name}) parts.wrong;
    in
    removeAttrs set parts.right
    // lib.genAttrs inner (name: without (map tail byName.${name}) set.${name});

  wrap =
    who: hidden:
    let
      named = addErrorContext "${who}:";

      # Declarations are looked at one by one, each when it is wanted.
      namedTree =
        value: named (if isAttrs value && !value ? _type then mapAttrs (_name: namedTree) value else value);

      # What a module is once it has its arguments.
      finish =
        module:
        module
        // lib.optionalAttrs (module ? imports) { imports = map (wrap who hidden) module.imports; }
        // lib.optionalAttrs (module ? require && !module ? options && !module ? config) {
          require = map (wrap who hidden) module.require;
        }
        // lib.optionalAttrs (module ? options) {
          options = namedTree (without hidden module.options);
        };

      applied =
        meta: function: arguments:
        meta
        // finish (
          named (
            function (
              arguments
              // lib.optionalAttrs (arguments ? lib) { lib = legacy arguments.lib; }
              # A network may have something of that name among its `specialArgs`.
              // lib.optionalAttrs (arguments ? outputs && arguments ? config) {
                inherit (arguments.config._module.args) outputs;
              }
            )
          )
        );

      wrapValue =
        meta: module:
        if lib.isFunction module then
          lib.setFunctionArgs (applied meta module) (lib.functionArgs module)
        else if isAttrs module && module._type or "module" == "module" then
          meta // finish module
        else
          module;

      wrapFile =
        path:
        let
          file = unsafeDiscardStringContext (toString path);
          meta = {
            _file = file;
            key = file;
          };
        in
        if loader.isOfNixpkgs path then path else wrapValue meta (named (loader.import path));
    in
    module:
    if lib.isFunction module || isAttrs module || isList module then
      wrapValue { } module
    else
      wrapFile module;
in
wrap
