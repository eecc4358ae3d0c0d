# The options that the modules beside this directory get wrong.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    server = {
      port = mkOption {
        type = types.port;
        default = 22;
      };
      names = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
      mode = mkOption {
        type = types.enum [
          "fast"
          "safe"
        ];
        default = "safe";
      };
    };
    users = mkOption {
      type = types.attrsOf (
        types.submodule {
          options.uid = mkOption {
            type = types.int;
            default = 0;
          };
          options.shell = mkOption {
            type = types.str;
            default = "";
          };
        }
      );
      default = { };
    };
    title = mkOption {
      type = types.str;
      default = "";
    };
    version = mkOption {
      type = types.str;
      readOnly = true;
      default = "1";
    };
    owner = mkOption {
      type = types.uniq types.str;
      default = "";
    };
    note = mkOption {
      type = types.nullOr types.str;
      default = null;
    };
    empty = mkOption {
      type = types.submodule { };
      default = { };
    };
  };
}
