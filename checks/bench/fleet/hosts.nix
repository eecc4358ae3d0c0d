# A network of machines in files of their own, so that one of them can be edited; `machines.nix` has their names.
builtins.listToAttrs (
  map (name: {
    inherit name;
    value = ./machines + "/${name}.nix";
  }) (import ./machines.nix)
)
// {
  defaults = ./all.nix;
}
