# `resources.commandOutput.<name>`: what a script of the deployer prints.
{ lib, name, ... }:
{
  options = {
    name = lib.mkOption {
      type = lib.types.str;
      default = name;
      description = "Name of the output.";
    };

    script = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      description = ''
        Shell script that the deployer runs; its standard output becomes `value`. `$out` names a
        directory for its temporary files.
      '';
    };

    value = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      description = "What the script printed.";
    };
  };

  config._type = "commandOutput";
}
