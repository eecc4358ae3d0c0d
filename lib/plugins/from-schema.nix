/**
  Options of types that a plugin describes by a schema alone.
*/
{
  /**
    The module of a resource type.
  */
  resource =
    type: schema:
    { lib, ... }:
    {
      _file = "the schema of ${type}";
      imports = [ ((import ../schema { inherit lib; }).schemaToOptions schema) ];
      config._type = lib.mkDefault type;
    };

  /**
    The module that gives machines the options `deployment.<backend>`.
  */
  machine =
    backend: schema:
    { lib, ... }:
    {
      _file = "the schema of ${backend}";
      options.deployment.${backend} = lib.mkOption {
        type = (import ../schema { inherit lib; }).schemaToType schema;
        default = { };
        description = schema.description or "What the backend ${backend} is to provide.";
      };
    };

  /**
    What a machine tells the backend of it, if it is one of that backend.
  */
  exporter =
    { lib }:
    backend: config:
    lib.optionalAttrs (config.deployment.targetEnv == backend) {
      ${backend} = config.deployment.${backend};
    };
}
