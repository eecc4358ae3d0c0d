# Packages that can be changed after the fact.
{ lib }:
let
  makeOverridable =
    f:
    lib.mirrorFunctionArgs f (
      arguments:
      let
        result = f arguments;
        override = lib.mirrorFunctionArgs f (
          changes: makeOverridable f (arguments // (lib.toFunction changes) arguments)
        );
        overrideResult = g: makeOverridable (given: g (f given)) arguments;
      in
      if builtins.isAttrs result then
        result
        // {
          inherit override;
          overrideDerivation = g: overrideResult (package: lib.overrideDerivation package g);
        }
        // lib.optionalAttrs (result ? overrideAttrs) {
          overrideAttrs = changes: overrideResult (package: package.overrideAttrs changes);
        }
      else if lib.isFunction result then
        lib.setFunctionArgs result (lib.functionArgs result) // { inherit override; }
      else
        result
    );

  callPackageWith =
    scope: function: arguments:
    let
      f = if lib.isFunction function then function else import function;
      wanted = lib.functionArgs f;
      given = builtins.intersectAttrs wanted scope // arguments;
      missing = builtins.filter (name: !(wanted.${name} || given ? ${name})) (builtins.attrNames wanted);
    in
    if missing == [ ] then
      makeOverridable f given
    else
      throw "lib.customisation.callPackageWith: Function called without required argument \"${builtins.head missing}\"";
in
{
  inherit makeOverridable callPackageWith;

  callPackagesWith =
    scope: function: arguments:
    builtins.mapAttrs (_: value: value) (
      removeAttrs (callPackageWith scope function arguments) [
        "override"
        "overrideDerivation"
      ]
    );
  overrideDerivation =
    package: f: derivation (package.drvAttrs // (f package)) // { meta = package.meta or { }; };
  extendDerivation =
    condition: extra: package:
    package
    // extra
    // {
      drvPath = lib.seq condition package.drvPath;
      outPath = lib.seq condition package.outPath;
    };
  makeScope =
    newScope: f:
    let
      self = {
        callPackage = self.newScope { };
      }
      // f self
      // {
        newScope = scope: newScope (self // scope);
        overrideScope = overlay: lib.makeScope newScope (lib.extends overlay f);
        packages = f;
      };
    in
    self;
  hydraJob = lib.id;
}
