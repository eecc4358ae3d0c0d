/**
  What `nixops plugin check` and `nixops plugin docs` ask of a plugin.

  # Inputs

  `plugin`
  : As `default.nix` opens it.

  `wrap`
  : What turns a module of a plugin into one that can be evaluated.

  # Output

  `facts`
  : What can be said of its options: which there are, and which have no description.

  `agreement`
  : By type, for each of some values, whether the options in Nix take it.

  `docs`
  : Its options as Markdown.
*/
{
  lib,
  pkgs,
  plugin,
  wrap,
}:

let
  inherit (builtins) attrNames mapAttrs;

  schemas = import ../schema { inherit lib; };
  docs = import ../docs.nix { inherit lib; };
  fromSchema = import ./from-schema.nix;

  # Modules that are only looked at get arguments with nothing in them.
  arguments = {
    _file = "nixops";
    _module.args = {
      inherit pkgs;
      deploymentName = "check";
      name = "check";
      nodes = { };
      resources = { };
      utils = { };
      uuid = "00000000-0000-0000-0000-000000000000";
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
    ../options/identity.nix
  ];

  optionsOf =
    type:
    removeAttrs (evaluate (resourceModules type)).options [
      "_module"
      "deployment"
    ];

  machineOptions =
    removeAttrs
      (evaluate (
        map wrap plugin.modules
        ++ [
          unchecked
        ]
      )).options
      [ "_module" ];

  machineWith =
    backend: value:
    (evaluate (
      map wrap plugin.modules
      ++ [
        unchecked
        {
          _file = "nixops";
          config.deployment.${backend} = value;
        }
      ]
    )).config.deployment.${backend};

  succeeds = value: (builtins.tryEval (builtins.deepSeq value true)).success;

  resourceWith =
    type: value:
    removeAttrs (evaluate (resourceModules type ++ [ { config = value; } ])).config [ "deployment" ];

  takes =
    type: value:
    if plugin.schemas.${type}.isMachine or false then
      succeeds (machineWith type value)
    else
      succeeds (resourceWith type value);

  listed = options: map (option: option.name) (lib.optionAttrSetToDocList options);

  isPublic = name: !lib.hasPrefix "_" name;

  undocumented =
    options:
    map (option: option.name) (
      lib.filter (option: isPublic option.name && (option.description or null) == null) (
        lib.optionAttrSetToDocList options
      )
    );

  section =
    title: options:
    if options == { } then "" else "\n## ${title}\n" + docs.render { heading = "###"; } options;
in
{
  facts = {
    machine = lib.filter isPublic (listed machineOptions);
    resources = mapAttrs (type: _: lib.filter isPublic (listed (optionsOf type))) resources;
    undocumented =
      undocumented machineOptions
      ++ lib.concatMap (
        type: map (name: "resources.${type}.<name>.${name}") (undocumented (optionsOf type))
      ) (attrNames resources);
    generated = attrNames (removeAttrs generated (attrNames written));
  };

  agreement = mapAttrs (type: map (takes type));

  docs =
    "# Options of ${plugin.name}\n"
    + section "Machines" machineOptions
    + lib.concatMapStrings (type: section "`resources.${type}.<name>`" (optionsOf type)) (
      attrNames resources
    );
}
