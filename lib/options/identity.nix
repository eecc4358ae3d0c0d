# What machines and resources have in common: a name, a type and their deployment.
{ lib, name, ... }:
{
  options = {
    _name = lib.mkOption {
      default = name;
      visible = false;
      description = "Name of the machine or resource in the network.";
    };

    _type = lib.mkOption {
      default = "unknown";
      visible = false;
      description = "Type of the resource, against which references to it are checked.";
    };

    deployment = {
      name = lib.mkOption {
        type = lib.types.str;
        description = "Name of the deployment. Set by NixOps.";
      };

      uuid = lib.mkOption {
        type = lib.types.str;
        description = "UUID of the deployment. Set by NixOps.";
      };

      arguments = lib.mkOption {
        description = "Arguments of the deployment by name. Set by NixOps.";
      };
    };
  };
}
