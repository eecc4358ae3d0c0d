# What NixOps 2 plugins import as `<nixops/lib.nix>`.
lib: {
  # The type of options that name a resource by its value.
  resource =
    type:
    lib.mkOptionType {
      name = "resource of type ‘${type}’";
      check = value: value._type or "" == type;
      merge = lib.mergeOneOption;
    };

  shorten_uuid = builtins.replaceStrings [ "-" ] [ "" ];
}
