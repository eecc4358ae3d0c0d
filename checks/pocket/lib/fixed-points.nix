# Fixed points and overlays.
{ lib }:
let
  fix =
    f:
    let
      self = f self;
    in
    self;

  extends =
    overlay: f: final:
    let
      previous = f final;
    in
    previous // overlay final previous;

  composeExtensions =
    first: second: final: previous:
    let
      middle = first final previous;
    in
    middle // second final (previous // middle);

  makeExtensibleWithCustomName =
    name: f:
    fix (self: f self // { ${name} = overlay: makeExtensibleWithCustomName name (extends overlay f); });
in
{
  inherit
    fix
    extends
    composeExtensions
    makeExtensibleWithCustomName
    ;

  # Keeps the function itself beside its fixed point.
  fix' = f: fix (self: f self // { __unfix__ = f; });

  # Applies `f` until the value no longer changes.
  converge =
    f: value:
    let
      next = f value;
    in
    if next == value then value else lib.converge f next;

  composeManyExtensions = builtins.foldl' (first: second: composeExtensions first second) (
    final: previous: { }
  );

  makeExtensible = makeExtensibleWithCustomName "extend";
}
