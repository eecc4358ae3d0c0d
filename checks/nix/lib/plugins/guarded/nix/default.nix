# A plugin whose resources say how they end.
{
  options = [ ];
  config_exporters = _: [ ];
  resources =
    {
      evalResources,
      zipAttrs,
      resourcesByType,
      ...
    }:
    {
      guardedDisks = evalResources ./disk.nix (zipAttrs resourcesByType.guardedDisks or [ ]);
    };
}
