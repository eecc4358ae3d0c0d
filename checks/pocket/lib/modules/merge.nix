# Options meet their definitions.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    foldl'
    head
    isAttrs
    length
    mapAttrs
    typeOf
    ;
  inherit (lib.modules)
    dischargeProperties
    evalOptionValue
    fixupOptionType
    mergeDefinitions
    mergeOptionDecls
    pushDownProperties
    ;
  inherit (lib.options) showDefs;
  inherit (lib) isOption showFiles showOption;

  notASet =
    prefix: definition:
    let
      name = showOption prefix;
    in
    throw ''
      In module `${definition.file}', you're trying to define a value of type `${typeOf definition.value}'
      rather than an attribute set for the option
      `${name}'!

      This usually happens if `${name}' has option
      definitions inside that are not matched. Please check how to properly define
      this option by e.g. referring to `man 5 configuration.nix'!
    '';

  # { name = [ { _file; pos; options; } ]; } of all modules that declare something below `prefix`.
  declarationsByName =
    prefix: modules:
    lib.zipAttrs (
      map (
        { _file, options, ... }:
        if isAttrs options then
          mapAttrs (name: option: {
            inherit _file;
            pos = builtins.unsafeGetAttrPos name options;
            options = option;
          }) options
        else
          throw ''
            An option declaration for `${showOption prefix}' has type
            `${typeOf options}' rather than an attribute set.
            Did you mean to define this outside of `options'?
          ''
      ) modules
    );

  # A plain set of options beside a submodule option of the same name extends that submodule.
  asSubmodule =
    declaration:
    if isOption declaration.options then
      declaration
    else
      declaration
      // {
        options = lib.mkOption {
          type = lib.types.submoduleWith {
            modules = [ { inherit (declaration) options; } ];
            shorthandOnlyDefinesConfig = null;
          };
        };
      };

  isTagged =
    loc: declaration:
    declaration.options ? _type
    && (
      isOption declaration.options
      || throw "In module ${declaration._file}: expected an option declaration at option path `${showOption loc}` but got an attribute set with type ${declaration.options._type}"
    );

  notNestable =
    loc: tagged: declarations:
    let
      option = head tagged;
      nested = concatMap (
        declaration:
        map (
          name: " - option(s) with prefix `${showOption (loc ++ [ name ])}' in module `${declaration._file}'"
        ) (attrNames declaration.options)
      ) (filter (declaration: !(isOption declaration.options)) declarations);
    in
    throw "The option `${showOption loc}' in module `${option._file}' would be a parent of the following options, but its type `${
      option.options.type.description or "<no description>"
    }' does not support nested options.\n${lib.concatStringsSep "\n" (builtins.sort builtins.lessThan nested)}";

  alreadyDeclared =
    loc: declaration: known:
    throw "The option `${showOption loc}' in `${declaration._file}' is already declared in ${showFiles known.declarations}.";

  # Adds one more declaration to those of an option seen so far.
  addDeclaration =
    loc: known: declaration:
    let
      option = declaration.options;
      both = attribute: option ? ${attribute} && known ? ${attribute};
      mergedType = known.type.typeMerge option.type.functor;
      submodules = option.type.getSubModules or null;
      clash =
        both "default"
        || both "example"
        || both "description"
        || both "apply"
        || (both "type" && mergedType == null);
    in
    if clash then
      alreadyDeclared loc declaration known
    else
      option
      // known
      // {
        declarations = known.declarations ++ [ declaration._file ];
        declarationPositions = known.declarationPositions ++ [
          (
            if declaration.pos != null then
              declaration.pos
            else
              {
                file = declaration._file;
                line = null;
                column = null;
              }
          )
        ];
        options =
          if submodules == null then
            known.options
          else
            map (lib.setDefaultModuleLocation declaration._file) submodules ++ known.options;
      }
      // lib.optionalAttrs (both "type") { type = mergedType; };
in
{
  mergeModules =
    prefix: modules:
    lib.modules.mergeModules' prefix modules (
      concatMap (
        module:
        map (value: {
          file = module._file;
          inherit value;
        }) (pushDownProperties module.config)
      ) modules
    );

  # { matchedOptions; unmatchedDefns; } of declarations and of definitions { file; value; }.
  mergeModules' =
    prefix: modules: definitions:
    let
      declared = declarationsByName prefix modules;

      defined = lib.zipAttrs (
        map (
          definition:
          if isAttrs definition.value then
            mapAttrs (_: value: {
              inherit (definition) file;
              inherit value;
            }) definition.value
          else
            notASet prefix definition
        ) definitions
      );

      pushedDown =
        name:
        concatMap ({ file, value }: map (value: { inherit file value; }) (pushDownProperties value)) (
          defined.${name} or [ ]
        );

      evaluated = loc: name: declarations: {
        matchedOptions = evalOptionValue loc (fixupOptionType loc (mergeOptionDecls loc declarations)) (
          defined.${name} or [ ]
        );
        unmatchedDefns = [ ];
      };

      results = mapAttrs (
        name: declarations:
        let
          loc = prefix ++ [ name ];
          tagged = filter (isTagged loc) declarations;
        in
        if tagged == [ ] then
          lib.modules.mergeModules' loc declarations (pushedDown name)
        else if length tagged == length declarations then
          evaluated loc name declarations
        else if builtins.all (entry: entry.options.type.name or null == "submodule") tagged then
          evaluated loc name (map asSubmodule declarations)
        else
          notNestable loc tagged declarations
      ) declared;

      unmatched =
        mapAttrs (_: result: result.unmatchedDefns) results // removeAttrs defined (attrNames results);
    in
    {
      matchedOptions = mapAttrs (_: result: result.matchedOptions) results;
      unmatchedDefns =
        if definitions == [ ] then
          [ ]
        else
          concatMap (
            name:
            map (definition: definition // { prefix = [ name ] ++ definition.prefix or [ ]; }) unmatched.${name}
          ) (attrNames unmatched);
    };

  mergeOptionDecls =
    loc: declarations:
    foldl' (addDeclaration loc) {
      inherit loc;
      declarations = [ ];
      declarationPositions = [ ];
      options = [ ];
    } declarations;

  # Gives an option of submodules all modules that its declarations brought.
  fixupOptionType =
    _: option:
    if option.type.getSubModules or null == null then
      option // { type = option.type or lib.types.unspecified; }
    else
      option
      // {
        type = option.type.substSubModules option.options;
        options = [ ];
      };

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
