# Several declarations of one option become one.
{ lib }:
let
  inherit (builtins) foldl';
  inherit (lib) showFiles showOption;

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
}
