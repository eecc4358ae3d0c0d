/**
  The options of a plugin as Markdown, with what the schemas say beside them.

  # Inputs

  `plugin`
  : As `default.nix` opens it.

  `types`
  : The types of resources that it brings.

  `optionsOf`, `machineOptions`
  : The options of such a type, and those that machines get.

  `isMachine`
  : Whether a type is a backend of machines.
*/
{
  isMachine,
  lib,
  machineOptions,
  optionsOf,
  plugin,
  types,
}:

let
  docs = import ../docs.nix { inherit lib; };

  version = plugin.manifest.version or null;

  # What the schema says of an attribute, and an option cannot.
  marks =
    property:
    lib.optional (property.x-nixops-replace or false) "A change replaces it by a new one."
    ++ lib.optional (property.x-nixops-sensitive or false) "Nobody is shown its value."
    ++ lib.optional (property.x-nixops-writeOnly or property.writeOnly or false
    ) "Its provider never gives it back; NixOps keeps it encrypted.";

  schemaOf = type: (plugin.schemas.${type} or { schema = { }; }).schema;

  # The marks of an option by its path below that of its type.
  marksBelow =
    schema: path:
    marks (
      if path == [ ] then
        { }
      else
        lib.foldl' (found: name: (found.properties or { }).${name} or { }) schema path
    );

  marksOfMachine =
    option:
    let
      backend = lib.elemAt option.loc 1;
    in
    if lib.length option.loc > 2 && isMachine backend then
      marksBelow (schemaOf backend) (lib.drop 2 option.loc)
    else
      [ ];

  paragraph = text: lib.optionalString (text != "") "\n${lib.removeSuffix "\n" text}\n";

  section =
    {
      title,
      description ? "",
      marksOf,
      options,
      outputs ? "",
    }:
    if options == { } then
      ""
    else
      "\n## ${title}\n"
      + paragraph description
      + docs.render {
        heading = "###";
        inherit marksOf;
      } options
      + outputs;

  outputsOf =
    title: schema:
    docs.outputs {
      heading = "###";
      inherit title;
    } (schema.x-nixops-outputs or { });

  machineDocs = section {
    title = "Machines";
    marksOf = marksOfMachine;
    options = machineOptions;
    outputs = lib.concatMapStrings (
      backend: outputsOf "Outputs of machines of `${backend}`" (schemaOf backend)
    ) (lib.filter isMachine (builtins.attrNames plugin.schemas));
  };

  resourceDocs =
    type:
    section {
      title = "`resources.${type}.<name>`";
      description = (schemaOf type).description or "";
      marksOf = option: marksBelow (schemaOf type) option.loc;
      options = optionsOf type;
      outputs = outputsOf "Outputs" (schemaOf type);
    };
in
"# Options of ${plugin.name}${lib.optionalString (version != null) " ${version}"}\n"
+ machineDocs
+ lib.concatMapStrings resourceDocs types
