/**
  What `nixops plugin check` and `nixops plugin docs` ask of a plugin.

  # Inputs

  `plugin`
  : As `default.nix` opens it.

  `wrap`
  : What turns a module of a plugin into one that can be evaluated.

  # Output

  `facts`
  : What can be said of its options: which there are, which have no description, and which words
    those take that take words.

  `agreement`
  : By type, for each of some values, what the options in Nix make of it, through the exporters of
    the plugin for machines; null where they refuse it.

  `optionsAgreement`
  : The same without exporters, for those that look at what only a whole machine has.

  `docs`
  : Its options as Markdown.

  `provider`
  : The program of its provider on this system, or null. What it throws reaches the user, which
    `record.nix` prevents for those who only read a network.
*/
{
  lib,
  pkgs,
  plugin,
  system,
  wrap,
}:

let
  inherit (builtins)
    attrNames
    concatMap
    fromJSON
    isAttrs
    isList
    mapAttrs
    toJSON
    tryEval
    ;

  inherit (import ../schema { inherit lib; }) cleanConfig;

  scrub = import ../scrub.nix;
  fromSchema = import ./from-schema.nix;

  # Modules that are only looked at get arguments with nothing in them.
  arguments = {
    _file = "nixops";
    _module.args = {
      inherit pkgs;
      deploymentName = "<deployment>";
      outputs = { };
      name = "<name>";
      nodes = { };
      resources = { };
      utils = { };
      uuid = "<uuid>";
    };
  };

  unchecked = {
    _file = "nixops";
    _module.check = false;
  };

  evaluate =
    modules:
    lib.evalModules {
      modules = modules ++ [ arguments ];
    };

  # The module of each type of resources that the expressions declare, by asking for it.
  written = plugin.expressions.resources {
    evalResources = module: _definitions: wrap module;
    zipAttrs = _: { };
    resourcesByType = { };
  };

  generated = lib.mapAttrs (type: schema: fromSchema.resource type schema.schema) (
    lib.filterAttrs (_: schema: !schema.isMachine) plugin.schemas
  );

  resources = generated // written;

  resourceModules = type: [
    resources.${type}
    ../options/resource.nix
  ];

  optionsOf =
    type:
    removeAttrs (evaluate (resourceModules type)).options [
      "_module"
      "deployment"
    ];

  machine = modules: evaluate (map wrap plugin.modules ++ [ unchecked ] ++ modules);

  machineOptions = removeAttrs (machine [ ]).options [ "_module" ];

  # What the exporters of a plugin look at, and what makes them speak.
  machineOf = backend: value: {
    _file = "nixops";
    options.deployment.targetEnv = lib.mkOption {
      type = lib.types.str;
      default = backend;
    };
    config.deployment.${backend} = value;
  };

  exported = lib.foldl' (
    all: export: config:
    all config // export config
  ) (_: { }) plugin.exporters;

  optionsWith = backend: value: (machine [ (machineOf backend value) ]).config.deployment.${backend};

  exportedWith =
    backend: value: (exported (machine [ (machineOf backend value) ]).config).${backend} or { };

  resourceWith =
    type: value:
    let
      evaluated = evaluate (resourceModules type ++ [ { config = value; } ]);
    in
    removeAttrs (if written ? ${type} then evaluated.config else cleanConfig evaluated) [
      "_module"
      "deployment"
    ];

  # Plain data, or null for what throws.
  attempt =
    value:
    let
      text = toJSON (scrub value);
      tried = tryEval (builtins.seq text text);
    in
    if tried.success then fromJSON tried.value else null;

  # An attribute that is null is often one that is left out in Nix.
  withoutNulls =
    value:
    if isAttrs value then
      mapAttrs (_: withoutNulls) (lib.filterAttrs (_: inner: inner != null) value)
    else if isList value then
      map withoutNulls value
    else
      value;

  isMachine = type: plugin.schemas.${type}.isMachine or false;

  make =
    machineWith: type: value:
    let
      made = candidate: attempt ((if isMachine type then machineWith else resourceWith) type candidate);
      first = made value;
    in
    if first == null then made (withoutNulls value) else first;

  # Words that an option takes, if it takes nothing but words.
  wordsOf =
    type:
    if type.name or "" == "enum" then
      let
        payload = type.functor.payload or [ ];
      in
      payload.values or payload
    else if type.name or "" == "nullOr" then
      wordsOf (type.nestedTypes.elemType or type.functor.wrapped or { })
    else
      [ ];

  words =
    type:
    let
      options = if isMachine type then machineOptions.deployment.${type} or { } else optionsOf type;
      own = if options._type or "" == "option" then { } else options;
    in
    lib.filterAttrs (_: words: words != [ ]) (mapAttrs (_: option: wordsOf (option.type or { })) own);

  listed = options: map (option: option.name) (lib.optionAttrSetToDocList options);

  isPublic = name: !lib.hasPrefix "_" name;

  isUndocumented =
    option:
    isPublic option.name
    && lib.elem (option.description or null) [
      null
      ""
    ];

  undocumented =
    options: map (option: option.name) (lib.filter isUndocumented (lib.optionAttrSetToDocList options));
in
{
  facts = {
    machine = lib.filter isPublic (listed machineOptions);
    resources = mapAttrs (type: _: lib.filter isPublic (listed (optionsOf type))) resources;
    undocumented =
      undocumented machineOptions
      ++ concatMap (
        type: map (name: "resources.${type}.<name>.${name}") (undocumented (optionsOf type))
      ) (attrNames resources);
    generated = attrNames (removeAttrs generated (attrNames written));
    untyped = lib.filter (type: attempt (evaluate (resourceModules type)).config._type == "unknown") (
      attrNames written
    );
    words = mapAttrs (type: _: scrub (words type)) plugin.schemas;
  };

  agreement = mapAttrs (type: map (make exportedWith type));

  optionsAgreement = mapAttrs (type: map (make optionsWith type));

  provider =
    let
      providers = plugin.manifest.providers or { };
    in
    if providers ? ${system} then import ./provider.nix plugin.who providers.${system} else null;

  docs = import ./documentation.nix {
    inherit
      isMachine
      lib
      machineOptions
      optionsOf
      plugin
      ;
    types = attrNames resources;
  };
}
