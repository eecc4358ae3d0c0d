# What NixOps imports of NeatCloud: options of machines, types of resources, and what machines tell.
{
  options = [ ./server.nix ];

  resources =
    {
      evalResources,
      resourcesByType,
      zipAttrs,
      ...
    }:
    {
      neatcloudSshKeys = evalResources ./ssh-key.nix (zipAttrs resourcesByType.neatcloudSshKeys or [ ]);
      neatcloudTokens = evalResources ./token.nix (zipAttrs resourcesByType.neatcloudTokens or [ ]);
      neatcloudVolumes = evalResources ./volume.nix (zipAttrs resourcesByType.neatcloudVolumes or [ ]);
    };

  config_exporters =
    { optionalAttrs, ... }:
    [
      (config: {
        neatcloud = optionalAttrs (config.deployment.targetEnv == "neatcloud") config.deployment.neatcloud;
      })
    ];
}
