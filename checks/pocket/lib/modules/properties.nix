# What may be wrapped around a definition: conditions, priorities, orders, merges.
{ lib }:
let
  inherit (builtins)
    concatMap
    filter
    foldl'
    isAttrs
    isBool
    ;

  inherit (lib.modules) mkOverride mkOrder mkIf;

  tagOf = value: value._type or "";

  # Wraps each attribute of a set; what is no set is reported where it meets an option.
  wrapEach = wrap: value: if isAttrs value then builtins.mapAttrs (_: wrap) value else value;

  priorityOf =
    definition:
    if tagOf definition.value == "override" then
      definition.value.priority
    else
      lib.modules.defaultOverridePriority;
  withoutOverride =
    definition:
    if tagOf definition.value == "override" then
      definition // { value = definition.value.content; }
    else
      definition;
in
{
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkAssert =
    assertion: message: mkIf (if assertion then true else throw "\nFailed assertion: ${message}");
  mkDefinition = definition: definition // { _type = "definition"; };

  # Changes the value of a definition and keeps what is wrapped around it.
  mapDefinitionValue =
    f: definition:
    let
      inner = lib.modules.mapDefinitionValue f;
      tag = tagOf definition;
    in
    if tag == "merge" then
      definition // { contents = map inner definition.contents; }
    else if tag == "if" || tag == "override" || tag == "order" then
      definition // { content = inner definition.content; }
    else if tag == "definition" then
      definition // { value = inner definition.value; }
    else
      f definition;

  # The lower the number, the stronger the definition.
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  defaultOverridePriority = 100;
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  mkImageMediaOverride = mkOverride 60;
  mkForce = mkOverride 50;
  mkVMOverride = mkOverride 10;

  # The lower the number, the earlier in the merged list.
  mkOrder = priority: content: {
    _type = "order";
    inherit priority content;
  };
  defaultOrderPriority = 1000;
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;

  # Moves the properties of a set of definitions into its attributes, so that a condition may
  # depend on the configuration that it helps to define.
  pushDownProperties =
    config:
    let
      tag = tagOf config;
      inner = wrap: map (wrapEach wrap) (lib.modules.pushDownProperties config.content);
    in
    if tag == "merge" then
      concatMap lib.modules.pushDownProperties config.contents
    else if tag == "if" then
      inner (mkIf config.condition)
    else if tag == "override" then
      inner (mkOverride config.priority)
    else
      [ config ];

  # The values that remain when conditions are decided and merges are flat.
  dischargeProperties =
    definition:
    let
      tag = tagOf definition;
    in
    if tag == "merge" then
      concatMap lib.modules.dischargeProperties definition.contents
    else if tag != "if" then
      [ definition ]
    else if !(isBool definition.condition) then
      throw "‘mkIf’ called with a non-Boolean condition"
    else if definition.condition then
      lib.modules.dischargeProperties definition.content
    else
      [ ];

  # The definitions of the strongest priority, and that priority.
  filterOverrides' =
    definitions:
    let
      highestPrio =
        if builtins.length definitions == 1 then
          priorityOf (builtins.head definitions)
        else
          foldl' (strongest: definition: lib.min strongest (priorityOf definition)) 9999 definitions;
    in
    {
      values = map withoutOverride (
        filter (definition: priorityOf definition == highestPrio) definitions
      );
      inherit highestPrio;
    };
  filterOverrides = definitions: (lib.modules.filterOverrides' definitions).values;

  sortProperties =
    definitions:
    let
      unwrap =
        definition:
        if tagOf definition.value == "order" then
          definition
          // {
            value = definition.value.content;
            inherit (definition.value) priority;
          }
        else
          definition;
      rank = definition: definition.priority or lib.modules.defaultOrderPriority;
    in
    builtins.sort (a: b: rank a < rank b) (map unwrap definitions);
}
