/**
  The `lib` that modules of plugins get: that of nixpkgs, with what plugins of NixOps 2 still call
  and nixpkgs has dropped.

  What nixpkgs has is never replaced. Modules of the user get the plain `lib`.
*/
lib:

let
  dropped = {
    replaceChars = builtins.replaceStrings;
    literalExample = lib.literalExpression or (text: text);
    mkAssert =
      assertion: message: value:
      if assertion then value else throw message;
    mkFixStrictness = value: value;
  };

  droppedTypes = {
    # Had been a list or a set; the list went first.
    loaOf = lib.types.attrsOf;
    list = lib.types.listOf;
    string = lib.types.separatedString "";
  };
in
dropped // lib // { types = droppedTypes // lib.types; }
