# Paths, absolute or relative, in the store or outside of it.
{ lib }:
let
  inherit (lib.types) pathWith;

  # A store path or something below one; the store's own directory is neither.
  storePath = "${lib.escapeRegex builtins.storeDir}/[0-9a-df-np-sv-z]{32}-[^/]+(/.*)?";
  inStoreDirectory =
    value: builtins.match storePath (builtins.unsafeDiscardStringContext (toString value)) != null;
  absoluteText = value: builtins.substring 0 1 (toString value) == "/";
  # null means that either is welcome.
  agrees = wanted: is: wanted == null || wanted == is;
in
{
  path = pathWith { absolute = true; };
  pathInStore = pathWith { inStore = true; };
  externalPath = pathWith {
    absolute = true;
    inStore = false;
  };

  pathWith =
    {
      inStore ? null,
      absolute ? null,
    }:
    assert lib.assertMsg (
      !(inStore == true && absolute == false)
    ) "In pathWith, inStore means the path must be absolute";
    lib.mkOptionType {
      name = "path";
      descriptionClass = "noun";
      description =
        (
          if absolute == null then
            ""
          else if absolute then
            "absolute "
          else
            "relative "
        )
        + "path"
        + (
          if inStore == null then
            ""
          else if inStore then
            " in the Nix store"
          else
            " not in the Nix store"
        );
      merge = lib.mergeEqualOption;
      # A path value may be copied to the store later: what must stay outside has to be a string.
      check =
        value:
        (if inStore == false then builtins.isString value else lib.isStringLike value)
        && agrees absolute (absoluteText value)
        && (inStore == null || inStore == inStoreDirectory value);
      functor = lib.types.defaultFunctor "path" // {
        type = pathWith;
        payload = { inherit inStore absolute; };
        binOp = a: b: if a == b then a else null;
      };
    };
}
