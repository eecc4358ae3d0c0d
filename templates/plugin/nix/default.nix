# What the plugin adds to networks. All three attributes must be there.
{
  # Modules that every machine imports.
  options = [ ./machine.nix ];

  # Types of resources: `resources.greetings.<name>` in a network.
  resources =
    {
      evalResources,
      resourcesByType,
      zipAttrs,
      ...
    }:
    {
      greetings = evalResources ./greeting.nix (zipAttrs resourcesByType.greetings or [ ]);
    };

  # What NixOps, and providers, are told of a machine beside its own options.
  config_exporters =
    { optionalAttrs, ... }:
    [
      (
        config:
        optionalAttrs (config.deployment.greeting != null) {
          inherit (config.deployment) greeting;
        }
      )
    ];
}
