{
  config_exporters = { ... }: [
    (_config: {
      side = "left";
      only-left = true;
    })
  ];
  options = [ ./options.nix ];
  resources =
    {
      evalResources,
      zipAttrs,
      resourcesByType,
      ...
    }:
    {
      disks = evalResources ./disk.nix (zipAttrs resourcesByType.disks or [ ]);
    };
}
