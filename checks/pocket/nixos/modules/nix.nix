# Nix on the machine.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.nix;

  atom = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
      types.path
      types.package
    ]
  );
  show =
    value:
    if builtins.isBool value then
      lib.boolToString value
    else if builtins.isList value then
      lib.concatMapStringsSep " " show value
    else
      toString value;
in
{
  options.nix = mkOption {
    description = "Nix.";
    default = { };
    type = types.submodule {
      freeformType = types.attrsOf types.anything;
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether Nix is on the machine.";
        };
        package = mkOption {
          type = types.package;
          default = pkgs.nix;
          defaultText = lib.literalExpression "pkgs.nix";
          description = "The Nix.";
        };
        settings = mkOption {
          type = types.submodule { freeformType = types.attrsOf (types.either atom (types.listOf atom)); };
          default = { };
          description = "The settings of nix.conf.";
        };
        extraOptions = mkOption {
          type = types.lines;
          default = "";
          description = "Further lines of nix.conf.";
        };
        nixPath = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "The entries of NIX_PATH.";
        };
        registry = mkOption {
          type = types.attrsOf types.anything;
          default = { };
          description = "The flake registry.";
        };
      };
    };
  };

  config.environment.etc."nix/nix.conf" =
    lib.mkIf (cfg.enable && (cfg.settings != { } || cfg.extraOptions != ""))
      {
        text =
          lib.generators.toKeyValue {
            mkKeyValue = name: value: "${name} = ${show value}";
          } cfg.settings
          + cfg.extraOptions;
      };
}
