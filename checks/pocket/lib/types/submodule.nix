# Values that are module evaluations of their own.
{ lib }:
let
  inherit (builtins) isAttrs;
  inherit (lib.types) defaultFunctor submoduleWith deferredModuleWith;

  # Documentation shows options that nobody defined.
  uncheckedModule = {
    _file = "<built-in module that disables checks for the purpose of documentation generation>";
    config._module.check = lib.mkForce false;
  };

  # Null gives way; two different values are refused.
  agreed =
    what: show: a: b:
    if a == null then
      b
    else if b == null || a == b then
      a
    else
      throw "A submoduleWith option is declared multiple times with conflicting ${what}${show a b}";

  noValues = _: _: "";

  mergedPayload = a: b: {
    modules = a.modules ++ b.modules;
    class = agreed "class values" (a: b: " \"${a}\" and \"${b}\".") a.class b.class;
    description = agreed "descriptions" noValues a.description b.description;
    shorthandOnlyDefinesConfig =
      agreed "shorthandOnlyDefinesConfig values" noValues a.shorthandOnlyDefinesConfig
        b.shorthandOnlyDefinesConfig;
    specialArgs =
      let
        shared = builtins.attrNames (builtins.intersectAttrs a.specialArgs b.specialArgs);
      in
      if shared == [ ] then
        a.specialArgs // b.specialArgs
      else
        throw "A submoduleWith option is declared multiple times with the same specialArgs \"${toString shared}\"";
  };
in
{
  submodule =
    modules:
    submoduleWith {
      shorthandOnlyDefinesConfig = true;
      modules = lib.toList modules;
    };

  submoduleWith =
    {
      modules,
      specialArgs ? { },
      shorthandOnlyDefinesConfig ? false,
      description ? null,
      class ? null,
    }@arguments:
    let
      base = lib.evalModules {
        inherit class specialArgs;
        modules = [ { _module.args.name = lib.mkOptionDefault "‹name›"; } ] ++ modules;
      };
      documented =
        prefix:
        base.extendModules {
          inherit prefix;
          modules = [ uncheckedModule ];
        };
      asModule =
        { file, value, ... }:
        if isAttrs value && shorthandOnlyDefinesConfig == true then
          {
            _file = file;
            config = value;
          }
        else
          {
            _file = file;
            imports = [ value ];
          };
      inherit (base._module) freeformType;
    in
    lib.mkOptionType {
      name = "submodule";
      description =
        if description != null then
          description
        else if (documented [ ])._module.freeformType ? description then
          "open submodule of ${
            lib.types.phrase [
              "noun"
              "composite"
            ] (documented [ ])._module.freeformType
          }"
        else
          "submodule";
      check = value: isAttrs value || lib.isFunction value || lib.types.path.check value;
      merge =
        loc: definitions:
        (base.extendModules {
          modules = [ { _module.args.name = lib.last loc; } ] ++ map asModule definitions;
          prefix = loc;
        }).config;
      emptyValue.value = base.config;
      getSubOptions =
        prefix:
        let
          evaluated = documented prefix;
        in
        evaluated.options
        // lib.optionalAttrs (evaluated._module.freeformType != null) {
          _freeformOptions = evaluated._module.freeformType.getSubOptions prefix;
        };
      getSubModules = modules;
      substSubModules = modules: submoduleWith (arguments // { inherit modules; });
      nestedTypes = lib.optionalAttrs (freeformType != null) { inherit freeformType; };
      functor = defaultFunctor "submodule" // {
        type = submoduleWith;
        payload = {
          inherit
            modules
            specialArgs
            shorthandOnlyDefinesConfig
            description
            class
            ;
        };
        binOp = mergedPayload;
      };
    };

  deferredModule = deferredModuleWith { };
  # Modules as a value: kept, and evaluated by whoever imports the value.
  deferredModuleWith =
    {
      staticModules ? [ ],
    }:
    lib.mkOptionType {
      name = "deferredModule";
      description = "module";
      descriptionClass = "noun";
      check = value: isAttrs value || lib.isFunction value || lib.types.path.check value;
      merge = loc: definitions: {
        imports =
          staticModules
          ++ map (
            { file, value, ... }:
            lib.setDefaultModuleLocation "${file}, via option ${lib.showOption loc}" value
          ) definitions;
      };
      inherit (submoduleWith { modules = staticModules; }) getSubOptions getSubModules;
      substSubModules = modules: deferredModuleWith { staticModules = modules; };
      functor = defaultFunctor "deferredModuleWith" // {
        type = deferredModuleWith;
        payload = { inherit staticModules; };
        binOp = a: b: { staticModules = lib.unique (a.staticModules ++ b.staticModules); };
      };
    };
}
