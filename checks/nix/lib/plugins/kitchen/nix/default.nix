# A plugin in the manner of NixOps 2, with every habit that plugins of its time have.
{
  config_exporters =
    { optionalAttrs, pkgs, ... }:
    [
      (config: {
        kitchen = optionalAttrs (config.deployment.targetEnv == "kitchen") config.deployment.kitchen;
      })
      (config: { zones = pkgs.lib.attrNames config.deployment.zones; })
      # What core says of a machine counts more.
      (_config: { targetPort = 1; })
    ];
  options = [
    ./machine.nix
    ./zones.nix
    # Outside of this directory, and a directory itself.
    ../more/hooks
  ];
  resources =
    {
      evalResources,
      zipAttrs,
      resourcesByType,
      ...
    }:
    {
      kitchenKeys = evalResources ./key.nix (zipAttrs resourcesByType.kitchenKeys or [ ]);
      kitchenTables = evalResources ./table.nix (zipAttrs resourcesByType.kitchenTables or [ ]);
    };
}
