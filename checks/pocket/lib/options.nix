# Options as values: making them, merging their definitions, showing them.
{ lib }:
let
  inherit (builtins)
    all
    concatLists
    concatMap
    filter
    foldl'
    head
    isAttrs
    isBool
    isInt
    isList
    isString
    length
    tail
    ;

  prioritySuggestion = "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.\n";

  literal = type: text: {
    _type = type;
    inherit text;
  };

  showDefinition =
    { file, value, ... }:
    let
      pretty = builtins.tryEval (
        lib.generators.toPretty { } (
          lib.generators.withRecursion {
            depthLimit = 10;
            throwOnDepthLimit = false;
          } value
        )
      );
      lines = filter isString (builtins.split "\n" pretty.value);
      shown = lib.concatStringsSep "\n    " (lib.take 5 lines ++ lib.optional (length lines > 5) "...");
    in
    "\n- In `${file}'"
    + (
      if !pretty.success then
        ""
      else if length lines > 1 then
        ":\n    ${shown}"
      else
        ": ${shown}"
    );
in
{
  unknownModule = "<unknown-file>";
  isOption = lib.types.isType "option";
  mkOption = attributes: attributes // { _type = "option"; };
  mkEnableOption =
    name:
    lib.mkOption {
      default = false;
      example = true;
      description = if name ? _type then name else "Whether to enable ${name}.";
      type = lib.types.bool;
    };
  mkPackageOption =
    pkgs: name:
    {
      nullable ? false,
      default ? name,
      example ? null,
      extraDescription ? "",
      pkgsText ? "pkgs",
    }:
    let
      path = lib.toList default;
      title = if isList name then lib.last name else name;
      missing = throw "${lib.concatStringsSep "." path} cannot be found in ${pkgsText}";
      expression = parts: lib.literalExpression "${pkgsText}.${lib.showAttrPath (lib.toList parts)}";
    in
    lib.mkOption (
      {
        type = (if nullable then lib.types.nullOr else lib.id) lib.types.package;
        description =
          "The ${title} package to use." + lib.optionalString (extraDescription != "") " ${extraDescription}";
      }
      // lib.optionalAttrs (default != null) {
        default = lib.attrByPath path missing pkgs;
        defaultText = expression default;
      }
      // lib.optionalAttrs (nullable && default == null) { default = null; }
      // lib.optionalAttrs (example != null) {
        example = if isList example then expression example else lib.literalExpression example;
      }
    );
  mkSinkUndeclaredOptions =
    attributes:
    lib.mkOption (
      {
        internal = true;
        visible = false;
        default = false;
        description = "Sink for option definitions.";
        type = lib.mkOptionType {
          name = "sink";
          check = _: true;
          merge = _: _: false;
        };
        apply = _: throw "Option value is not readable because the option is not declared.";
      }
      // attributes
    );

  literalExpression = literal "literalExpression";
  literalExample = literal "literalExpression";
  literalMD = literal "literalMD";
  literalDocBook = literal "literalDocBook";
  mdDoc = lib.id;

  getValues = map (definition: definition.value);
  getFiles = map (definition: definition.file);

  # What a type without a merge of its own does: by the kind of the values.
  mergeDefaultOption =
    loc: definitions:
    let
      values = lib.getValues definitions;
    in
    if length values == 1 then
      head values
    else if all lib.isFunction values then
      argument:
      lib.mergeDefaultOption loc (
        map (value: {
          file = lib.options.unknownModule;
          value = value argument;
        }) values
      )
    else if all isList values then
      concatLists values
    else if all isAttrs values then
      lib.mergeAttrsList values
    else if all isBool values then
      builtins.any lib.id values
    else if all isString values then
      lib.concatStrings values
    else if all isInt values && all (value: value == head values) values then
      head values
    else
      throw "Cannot merge definitions of `${lib.showOption loc}'. Definition values:${lib.options.showDefs definitions}";

  mergeOneOption = lib.mergeUniqueOption { message = ""; };
  mergeUniqueOption =
    {
      message,
      merge ? _: definitions: (head definitions).value,
    }:
    loc: definitions:
    if length definitions == 1 then
      merge loc definitions
    else
      throw "The option `${lib.showOption loc}' is defined multiple times while it's expected to be unique.\n${message}\nDefinition values:${lib.options.showDefs definitions}\n${prioritySuggestion}";
  mergeEqualOption =
    loc: definitions:
    (foldl' (
      first: other:
      if first.value == other.value then
        first
      else
        throw "The option `${lib.showOption loc}' has conflicting definition values:${
          lib.options.showDefs [
            first
            other
          ]
        }\n${prioritySuggestion}"
    ) (head definitions) (tail definitions)).value;

  # `*` and `<name>` stand for any name and are shown as they are.
  showOption = lib.concatMapStringsSep "." (
    part:
    if part == "*" || builtins.match "<.*>" part != null then part else lib.escapeNixIdentifier part
  );
  showFiles = lib.concatMapStringsSep " and " (file: "`${file}'");
  showDefs = lib.concatMapStrings showDefinition;
  showOptionWithDefLocs =
    option:
    "${lib.showOption option.loc}, with values defined in:\n"
    + lib.concatMapStringsSep "\n" (file: "  - ${file}") option.files
    + "\n";

  # Leaves of a derivation only what names it: it can be shown without being instantiated.
  scrubOptionValue =
    value:
    if lib.isDerivation value then
      {
        type = "derivation";
        drvPath = value.name;
        outPath = value.name;
        inherit (value) name;
      }
    else if isList value then
      map lib.scrubOptionValue value
    else if isAttrs value then
      builtins.mapAttrs (_: lib.scrubOptionValue) (removeAttrs value [ "_args" ])
    else
      value;
  renderOptionValue =
    value:
    if value ? _type && value ? text then
      value
    else
      lib.literalExpression (
        lib.generators.toPretty {
          multiline = true;
          allowPrettyValues = true;
        } value
      );

  optionAttrSetToDocList = lib.options.optionAttrSetToDocList' [ ];
  optionAttrSetToDocList' =
    _: options:
    concatMap (
      option:
      let
        visible = option.visible or true;
        below = option.type.getSubOptions option.loc;
      in
      [
        (
          {
            inherit (option) loc;
            name = lib.showOption option.loc;
            description = option.description or null;
            declarations = filter (file: file != lib.options.unknownModule) option.declarations;
            internal = option.internal or false;
            visible = if isBool visible then visible else visible == "shallow";
            readOnly = option.readOnly or false;
            type = option.type.description or "unspecified";
          }
          // lib.optionalAttrs (option ? example) { example = lib.options.renderOptionValue option.example; }
          //
            lib.optionalAttrs
              (
                option ? defaultText
                || option ? default
                || option.type.getSubModules or null == null && option.type.emptyValue or { } ? value
              )
              {
                default = lib.options.renderOptionValue (
                  option.defaultText or option.default or option.type.emptyValue.value
                );
              }
        )
      ]
      ++ lib.optionals ((if isBool visible then visible else visible == "transparent") && below != { }) (
        lib.options.optionAttrSetToDocList' option.loc below
      )
    ) (lib.collect lib.isOption options);
}
