# From what users write (paths, functions, attrsets) to a flat list of modules.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    head
    isAttrs
    isList
    isString
    ;
  inherit (lib.modules) unifyModuleSyntax;

  notAModule =
    file: prefix: value:
    throw (
      "Expected a module, but found a value of type ${builtins.toJSON value._type}"
      + lib.optionalString (
        file != lib.options.unknownModule
      ) ", while trying to load a module into ${file}"
      + lib.optionalString (
        prefix != [ ]
      ) ", while trying to load a module into `${lib.showOption prefix}`"
      + "."
      + lib.optionalString (
        value._type == "flake"
      ) "\n\nName one of its modules, such as `inputs.name.nixosModules.default`."
      +
        lib.optionalString (value._type == "configuration")
          "\n\nAn evaluated configuration is no module: please only import the modules that make up the configuration."
    );

  # One import as a module in canonical form. `file` and `key` stand for modules without a name.
  loadModule =
    arguments: file: key: module:
    let
      tag = module._type or "module";
      name = toString module;
    in
    if lib.isFunction module then
      unifyModuleSyntax file key (applyModuleArgs key module arguments)
    else if isAttrs module then
      if tag == "module" then
        unifyModuleSyntax file key module
      else if tag == "if" || tag == "override" then
        unifyModuleSyntax file key { config = module; }
      else
        notAModule file arguments._prefix module
    else if isList module then
      throw "Module imports can't be nested lists. Perhaps you meant to remove one level of lists? Definitions: ${
        lib.options.showDefs [
          {
            inherit file;
            value = module;
          }
        ]
      }"
    else
      unifyModuleSyntax name name (lib.modules.applyModuleArgsIfFunction name (import module) arguments);

  # Gives a module the arguments that it names. They are looked up lazily: those that are not given
  # from outside come from `_module.args`, which the modules themselves define.
  applyModuleArgs =
    key: f: arguments:
    let
      named = builtins.mapAttrs (
        name: _:
        builtins.addErrorContext "while evaluating the module argument `${name}' in \"${key}\":" (
          arguments.${name} or arguments.config._module.args.${name}
        )
      ) (lib.functionArgs f);
    in
    f (arguments // named);

  checkClass =
    class: module:
    if class == null || module._class == null || module._class == class then
      module
    else
      throw "The module `${module._file}` (class: ${builtins.toJSON module._class}) cannot be imported into a module evaluation that expects class ${builtins.toJSON class}.";

  metaAttributes = [
    "_class"
    "_file"
    "key"
    "disabledModules"
    "imports"
    "freeformType"
  ];

  disabledKey =
    modulesPath: file: item:
    if isString item then
      (if lib.hasPrefix "/" item then item else "${toString modulesPath}/${item}")
    else if lib.strings.isConvertibleWithToString item then
      toString item
    else if item ? key then
      toString item.key
    else
      throw "Module `${file}` contains a disabledModules item that is an attribute set, presumably a module, that does not have a `key` attribute. Name it by its path, or give it a key.";
in
{
  applyModuleArgsIfFunction =
    key: module: arguments:
    if lib.isFunction module then applyModuleArgs key module arguments else module;

  # Brings both ways of writing a module, with and without `config`, to one.
  unifyModuleSyntax =
    file: key: module:
    let
      long = module ? config || module ? options;
      unsupported = removeAttrs module (
        metaAttributes
        ++ [
          "config"
          "options"
          "meta"
        ]
      );
      parts = lib.optional (module ? freeformType) { _module = { inherit (module) freeformType; }; };
      longConfig =
        let
          all = [
            (module.config or { })
          ]
          ++ lib.optional (module ? meta) { inherit (module) meta; }
          ++ parts;
        in
        if builtins.length all == 1 then head all else lib.mkMerge all;
      shortConfig =
        let
          plain = removeAttrs module (metaAttributes ++ [ "require" ]);
        in
        if parts == [ ] then plain else lib.mkMerge ([ plain ] ++ parts);
    in
    if !(isAttrs module) then
      throw "module ${file} (${key}) does not look like a module."
    else if long && unsupported != { } then
      throw "Module `${key}' has an unsupported attribute `${head (attrNames unsupported)}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString (attrNames unsupported)}) into the explicit `config' attribute."
    else
      {
        _file = toString module._file or file;
        _class = module._class or null;
        key = toString module.key or key;
        disabledModules = module.disabledModules or [ ];
        imports = lib.optionals (!long) (module.require or [ ]) ++ module.imports or [ ];
        options = if long then module.options or { } else { };
        config = if long then longConfig else shortConfig;
      };

  # All modules that `modules` import, each key once, without the disabled ones.
  collectModules =
    class: modulesPath: modules: arguments:
    let
      load =
        file: key:
        lib.imap1 (
          n: module: checkClass class (loadModule arguments file "${key}:anon-${toString n}" module)
        );
      importsOf = module: load module._file module.key module.imports;
      closure =
        keep:
        builtins.genericClosure {
          startSet = filter keep (load lib.options.unknownModule "" modules);
          operator = module: filter keep (importsOf module);
        };
      everything = closure (_: true);
      disabled = concatMap (
        module: map (disabledKey modulesPath module._file) module.disabledModules
      ) everything;
    in
    if disabled == [ ] then everything else closure (module: !(elem module.key disabled));

  # Says where the definitions of a module without a file come from.
  setDefaultModuleLocation = file: module: {
    _file = file;
    imports = [ module ];
  };
  importApply = file: argument: lib.setDefaultModuleLocation file (import file argument);
}
