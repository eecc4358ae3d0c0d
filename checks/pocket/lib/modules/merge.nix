# Options meet their definitions.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    head
    isAttrs
    length
    mapAttrs
    typeOf
    ;
  inherit (lib.modules)
    evalOptionValue
    fixupOptionType
    mergeOptionDecls
    pushDownProperties
    ;
  inherit (lib) isOption showOption;

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
}
