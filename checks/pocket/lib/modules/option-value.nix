# The definitions of one option become its value.
{ lib }:
let
  inherit (builtins)
    concatMap
    filter
    head
    isAttrs
    length
    mapAttrs
    ;
  inherit (lib.modules) dischargeProperties mergeDefinitions pushDownProperties;
  inherit (lib.options) showDefs;
  inherit (lib) showOption;
in
{
  # The option with its value and what is known of its definitions.
  evalOptionValue =
    loc: option: definitions:
    let
      all =
        lib.optional (option ? default) {
          file = head option.declarations;
          value = lib.mkOptionDefault option.default;
        }
        ++ definitions;
      each = map (
        definition: definition // { value = (mergeDefinitions loc option.type [ definition ]).mergedValue; }
      ) all;
      merged =
        if option.readOnly or false && length all > 1 then
          throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${showDefs each}"
        else
          mergeDefinitions loc option.type all;
      value = if option ? apply then option.apply merged.mergedValue else merged.mergedValue;
    in
    option
    // {
      value = builtins.addErrorContext "while evaluating the option `${showOption loc}':" value;
      inherit (merged.defsFinal') highestPrio;
      inherit (merged) isDefined;
      definitions = lib.getValues merged.defsFinal;
      files = lib.getFiles merged.defsFinal;
      definitionsWithLocations = merged.defsFinal;
      __toString = _: showOption loc;
    };

  # Decides properties and priorities of the definitions, then lets the type merge what is left.
  mergeDefinitions =
    loc: type: definitions:
    let
      plain =
        length definitions == 1
        && (
          let
            inherit (head definitions) value;
          in
          !(isAttrs value && value ? _type)
        );
      discharged = concatMap (
        definition:
        map
          (
            value:
            if value._type or null == "definition" then
              value
            else
              {
                inherit (definition) file;
                inherit value;
              }
          )
          (
            builtins.addErrorContext "while evaluating definitions from `${definition.file}':" (
              dischargeProperties definition.value
            )
          )
      ) definitions;
      strongest = lib.modules.filterOverrides' discharged;
      ordered = builtins.any (definition: definition.value._type or "" == "order") strongest.values;
      defsFinal' =
        if plain then
          {
            values = definitions;
            highestPrio = lib.modules.defaultOverridePriority;
          }
        else
          {
            values = if ordered then lib.modules.sortProperties strongest.values else strongest.values;
            inherit (strongest) highestPrio;
          };
      defsFinal = defsFinal'.values;
      isDefined = defsFinal != [ ];
      invalid = filter (definition: !(type.check definition.value)) defsFinal;
      mergedValue =
        if !isDefined then
          type.emptyValue.value
            or (throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option.")
        else if invalid != [ ] then
          throw "A definition for option `${showOption loc}' is not of type `${type.description}'. Definition values:${showDefs invalid}"
        else
          type.merge loc defsFinal;
    in
    {
      inherit
        defsFinal'
        defsFinal
        isDefined
        mergedValue
        ;
      optionalValue = lib.optionalAttrs isDefined { value = mergedValue; };
    };

  # { name = { value; highestPrio; }; } of an option of `attrsOf`, each attribute by itself.
  mergeAttrDefinitionsWithPrio =
    option:
    let
      definitions = lib.zipAttrs (
        concatMap (
          definition:
          map (mapAttrs (_: value: definition // { inherit value; })) (pushDownProperties definition.value)
        ) option.definitionsWithLocations
      );
    in
    mapAttrs (
      name: values:
      let
        merged = mergeDefinitions (option.loc ++ [ name ]) option.type.nestedTypes.elemType values;
      in
      {
        value = merged.mergedValue;
        inherit (merged.defsFinal') highestPrio;
      }
    ) definitions;
}
