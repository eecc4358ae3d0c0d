/**
  The `lib` that modules of plugins get: that of nixpkgs, with what plugins of NixOps 2 still call
  and nixpkgs has dropped, or warns about, which the user of a plugin cannot help.

  Modules of the user get the plain `lib`.
*/
lib:

let
  inherit (lib) types;

  # A list or a set once; where nothing is left but the set, it is that.
  loaOf =
    element:
    let
      type = (types.loaOf or types.attrsOf) element;
    in
    if type.deprecationMessage or null == null then type else types.attrsOf element;
in
lib
// {
  literalExample = lib.literalExpression or lib.literalExample;
  mkAssert =
    lib.mkAssert or (
      assertion: message: lib.mkIf (if assertion then true else throw "failed assertion: ${message}")
    );
  mkFixStrictness = value: value;
  replaceChars = builtins.replaceStrings;
  types = types // {
    inherit loaOf;
    # Never was there, but is named.
    list = types.list or types.listOf;
    string = types.separatedString "";
  };
}
