# `evalModules`: modules in, configuration out.
{ lib }:
let
  inherit (builtins)
    attrNames
    head
    length
    mapAttrs
    ;
  inherit (lib) mkOption showOption types;

  # The options of the module system itself.
  internalModule = prefix: extendModules: moduleType: specialArgs: {
    _file = "lib/modules.nix";
    key = "lib/modules.nix";
    options._module = {
      args = mkOption {
        type = types.lazyAttrsOf types.raw;
        # Shown once, at the root, and not for every submodule.
        internal = prefix != [ ];
        description = "Arguments that modules may take beside those of `specialArgs`.";
      };
      check = mkOption {
        type = types.bool;
        internal = true;
        default = true;
        description = "Whether definitions without an option are refused.";
      };
      freeformType = mkOption {
        type = types.nullOr types.optionType;
        internal = true;
        default = null;
        description = "The type by which definitions without an option are merged.";
      };
      specialArgs = mkOption {
        readOnly = true;
        internal = true;
        description = "Arguments given from outside, known before `imports` are resolved.";
      };
    };
    config._module = {
      args = { inherit extendModules moduleType; };
      inherit specialArgs;
    };
  };

  # "Did you mean" among the options beside the one that does not exist.
  suggestion =
    absoluteParent: known: name:
    let
      distance = lib.strings.levenshtein name;
      near = lib.take 3 (
        lib.sortOn distance (
          if length known < 100 then known else builtins.filter (lib.strings.levenshteinAtMost 2 name) known
        )
      );
      quoted = map (other: "`${showOption (absoluteParent ++ [ other ])}'") near;
    in
    if near == [ ] then
      ""
    else if length near == 1 then
      "\n\nDid you mean ${head quoted}?"
    else
      "\n\nDid you mean ${lib.concatStringsSep ", " (lib.init quoted)} or ${lib.last quoted}?";

  unknownOption =
    prefix: options: definition:
    let
      parent = lib.init definition.prefix;
      siblings = attrNames (lib.attrByPath parent { } options);
      known = if parent == [ ] then lib.remove "_module" siblings else siblings;
      name = showOption (prefix ++ definition.prefix);
      shown =
        builtins.addErrorContext
          "while evaluating the error message for definitions for `${name}', which is an option that does not exist"
          (
            builtins.addErrorContext "while evaluating a definition from `${definition.file}'" (
              lib.options.showDefs [ definition ]
            )
          );
      message =
        "The option `${name}' does not exist. Definition values:"
        + shown
        + suggestion (prefix ++ parent) known (lib.last definition.prefix);
    in
    throw (
      if attrNames options != [ "_module" ] then
        message
      else if prefix == [ ] then
        "${message}\n\nNo option is declared at all: an option belongs under `options', not under `config'.\n"
      else
        "${message}\n\nNo option is declared in `${showOption prefix}': the options of a submodule belong under its `options'.\n"
    );
in
{
  evalModules =
    arguments@{
      modules,
      prefix ? [ ],
      specialArgs ? { },
      class ? null,
      # Both are older ways to set `_module.args` and `_module.check`.
      args ? { },
      check ? true,
    }:
    let
      allModules =
        modules
        ++ lib.optional (arguments ? args) { config._module.args = args; }
        ++ lib.optional (arguments ? check) { config._module.check = lib.mkDefault check; };

      collected =
        lib.modules.collectModules class (specialArgs.modulesPath or "")
          (allModules ++ [ (internalModule prefix extendModules type specialArgs) ])
          (
            {
              inherit lib options specialArgs;
              _class = class;
              _prefix = prefix;
              config = builtins.addErrorContext "if you get an infinite recursion here, you probably reference `config` in `imports`." config;
            }
            // specialArgs
          );

      merged = lib.modules.mergeModules prefix (lib.reverseList collected);
      options = merged.matchedOptions;
      declaredConfig = lib.mapAttrsRecursiveCond (option: !(lib.isOption option)) (
        _: option: option.value
      ) options;
      inherit (declaredConfig._module) freeformType;

      freeformDefinitions = map (definition: {
        inherit (definition) file;
        value = lib.setAttrByPath definition.prefix definition.value;
      }) merged.unmatchedDefns;
      freeformConfig =
        if freeformDefinitions == [ ] then { } else freeformType.merge prefix freeformDefinitions;

      config =
        if freeformType == null then declaredConfig else lib.recursiveUpdate freeformConfig declaredConfig;

      checked = builtins.seq (
        if declaredConfig._module.check && freeformType == null && merged.unmatchedDefns != [ ] then
          unknownOption prefix options (head merged.unmatchedDefns)
        else
          null
      );

      extendModules =
        extension:
        lib.evalModules (
          arguments
          // {
            modules = allModules ++ extension.modules or [ ];
            specialArgs = specialArgs // extension.specialArgs or { };
            prefix = extension.prefix or prefix;
          }
        );

      type = types.submoduleWith {
        inherit modules specialArgs class;
      };
    in
    {
      _type = "configuration";
      options = checked options;
      config = checked (removeAttrs config [ "_module" ]);
      _module = checked config._module;
      inherit extendModules type class;
    };

  fixMergeModules =
    modules: args:
    lib.evalModules {
      inherit modules args;
      check = false;
    };
}
