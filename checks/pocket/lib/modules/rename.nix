# Options that moved, went, or changed their type.
{ lib }:
let
  inherit (lib)
    getAttrFromPath
    mkIf
    mkMerge
    mkOption
    optional
    setAttrByPath
    showFiles
    showOption
    ;
  unset = "_mkMergedOptionModule";
in
{
  mkAliasDefinitions = lib.mkAliasAndWrapDefinitions lib.id;
  mkAliasAndWrapDefinitions = wrap: option: mkIf option.isDefined (wrap (mkMerge option.definitions));
  mkAliasAndWrapDefsWithPriority =
    wrap: option:
    let
      priority = option.highestPrio or lib.modules.defaultOverridePriority;
    in
    mkIf option.isDefined (wrap (mkMerge (map (lib.mkOverride priority) option.definitions)));
  mkDerivedConfig =
    option: f:
    lib.mkOverride (option.highestPrio or lib.modules.defaultOverridePriority) (f option.value);

  mkRemovedOptionModule =
    path: instructions:
    { options, ... }:
    let
      option = getAttrFromPath path options;
    in
    {
      options = setAttrByPath path (mkOption {
        visible = false;
        apply =
          _:
          throw "The option `${showOption path}' can no longer be used since it's been removed. ${instructions}";
      });
      config.assertions = [
        {
          assertion = !option.isDefined;
          message = ''
            The option definition `${showOption path}' in ${showFiles option.files} no longer has any effect; please remove it.
            ${instructions}
          '';
        }
      ];
    };

  mkRenamedOptionModule =
    from: to:
    lib.doRename {
      inherit from to;
      visible = false;
      warn = true;
      use = builtins.trace "Obsolete option `${showOption from}' is used. It was renamed to `${showOption to}'.";
    };
  mkRenamedOptionModuleWith =
    {
      from,
      to,
      sinceRelease,
    }:
    let
      old = lib.oldestSupportedReleaseIsAtLeast sinceRelease;
    in
    lib.doRename {
      inherit from to;
      visible = false;
      warn = old;
      use = lib.warnIf old "Obsolete option `${showOption from}' is used. It was renamed to `${showOption to}'.";
    };
  mkAliasOptionModule =
    from: to:
    lib.doRename {
      inherit from to;
      visible = true;
      warn = false;
      use = lib.id;
    };
  mkAliasOptionModuleMD = lib.mkAliasOptionModule;

  # Forwards what is defined at `from` to `to`, and reads `to` at `from`.
  doRename =
    {
      from,
      to,
      visible,
      warn,
      use,
      withPriority ? true,
      condition ? true,
    }:
    { config, options, ... }:
    let
      old = getAttrFromPath from options;
      new = lib.attrByPath to { } options;
      read = lib.attrByPath to (abort "Renaming error: option `${showOption to}' does not exist.");
      forward =
        if withPriority then lib.modules.mkAliasAndWrapDefsWithPriority else lib.mkAliasAndWrapDefinitions;
    in
    {
      options = setAttrByPath from (mkOption {
        inherit visible;
        description = "Alias of {option}`${showOption to}`.";
        apply = _: use (read config);
        type = new.type or (lib.types.submodule { });
      });
      config = mkIf condition (mkMerge [
        (lib.optionalAttrs (options ? warnings) {
          warnings =
            optional (warn && old.isDefined)
              "The option `${showOption from}' defined in ${showFiles old.files} has been renamed to `${showOption to}'.";
        })
        (forward (setAttrByPath to) old)
      ]);
    };

  mkMergedOptionModule =
    from: to: merge:
    { config, options, ... }:
    let
      used = builtins.filter (path: getAttrFromPath path config != unset) from;
      warningFor =
        path:
        "The option `${showOption path}' defined in ${showFiles (getAttrFromPath path options).files} has been changed to `${showOption to}' that has a different type. Please read `${showOption to}' documentation and update your configuration accordingly.";
    in
    {
      options = builtins.foldl' lib.recursiveUpdate { } (
        map (
          path:
          setAttrByPath path (mkOption {
            visible = false;
            default = unset;
          })
        ) from
      );
      config = {
        warnings = map warningFor used;
      }
      // setAttrByPath to (mkMerge (optional (used != [ ]) (merge config)));
    };
  mkChangedOptionModule =
    from: to: change:
    lib.mkMergedOptionModule [ from ] to change;
}
