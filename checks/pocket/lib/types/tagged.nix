# Sets with exactly one attribute, whose name says what the value is.
{ lib }:
let
  inherit (builtins)
    attrNames
    head
    isAttrs
    length
    mapAttrs
    ;
  inherit (lib) showFiles showOption;
  inherit (lib.strings) escapeNixIdentifier;

  withDeclarations =
    tags:
    mapAttrs (
      name: option:
      let
        position = builtins.unsafeGetAttrPos name tags;
      in
      if lib.isOption option then
        {
          declarations = lib.optional (position != null) position.file;
          declarationPositions = lib.optional (position != null) position;
        }
        // option
      else
        throw "In attrTag, each tag value must be an option, but tag ${escapeNixIdentifier name} ${
          if option._type or null == "option-type" then
            "was a bare type, not wrapped in mkOption."
          else
            "was not."
        }"
    ) tags;

  declaration = option: {
    options = option;
    _file = "<attrTag {...}>";
    pos = null;
  };
in
{
  attrTag =
    given:
    let
      tags = withDeclarations given;
      choices = lib.concatMapStringsSep ", " escapeNixIdentifier (attrNames tags);
      tagOf = definition: head (attrNames definition.value);
    in
    lib.mkOptionType {
      name = "attrTag";
      description = "attribute-tagged union with choices: ${choices}";
      descriptionClass = "noun";
      check = value: isAttrs value && length (attrNames value) == 1 && tags ? ${head (attrNames value)};
      getSubOptions = prefix: mapAttrs (name: option: option // { loc = prefix ++ [ name ]; }) tags;
      merge =
        loc: definitions:
        let
          choice = tagOf (head definitions);
          definitionOf =
            definition:
            if tagOf definition == choice then
              {
                inherit (definition) file;
                value = definition.value.${choice};
              }
            else
              throw "The option `${showOption loc}` is defined both as `${choice}` and `${tagOf definition}`, in ${showFiles (lib.getFiles definitions)}.";
        in
        {
          ${choice} =
            (lib.modules.evalOptionValue (loc ++ [ choice ]) tags.${choice} (map definitionOf definitions))
            .value;
        };
      nestedTypes = tags;
      functor = lib.types.defaultFunctor "attrTag" // {
        type = payload: lib.types.attrTag payload.tags;
        payload = { inherit tags; };
        binOp = a: b: {
          tags =
            a.tags
            // b.tags
            // mapAttrs (
              name: option:
              lib.modules.mergeOptionDecls
                [ name ]
                [
                  (declaration a.tags.${name})
                  (declaration option)
                ]
              // {
                declarations = a.tags.${name}.declarations ++ option.declarations;
                declarationPositions = a.tags.${name}.declarationPositions ++ option.declarationPositions;
              }
            ) (builtins.intersectAttrs a.tags b.tags);
        };
      };
    };
}
