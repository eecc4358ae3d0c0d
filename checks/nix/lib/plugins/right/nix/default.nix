{
  config_exporters = { ... }: [
    (_config: {
      side = "right";
      only-right = true;
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
