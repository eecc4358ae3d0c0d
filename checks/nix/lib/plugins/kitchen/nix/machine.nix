{
  config,
  lib,
  name,
  options,
  pkgs,
  resources,
  utils,
  uuid,
  ...
}:

with utils;
with lib;
with import <nixops/lib.nix> lib;
with import ./lib.nix lib;

let
  machine = mkOptionType {
    name = "a machine";
    check = x: x._type or "" == "machine";
    merge = mergeOneOption;
  };

  cfg = config.deployment.kitchen;
in
{
  imports = [
    ./parts/base.nix
    ({ lib, ... }: {
      options.deployment.kitchen.inline = lib.mkOption {
        default = lib.replaceChars [ "a" ] [ "b" ] "a";
      };
    })
  ];

  options = {
    deployment.kitchen = {
      name = mkOption {
        type = types.str;
        default = "nixops-${shorten_uuid uuid}-${name}";
        description = "Its name.";
      };
      host = mkOption {
        type = types.either types.str machine;
        default = "localhost";
        apply = x: if builtins.isString x then x else "__machine-" + x._name;
        description = "Where it stands.";
      };
      key = mkOption {
        type = types.nullOr (types.either types.string (resource "kitchen-key"));
        default = null;
        apply = x: if x == null || builtins.isString x then x else "res-" + x._name + "." + x._type;
        example = literalExample "resources.kitchenKeys.mine";
        description = "Its key.";
      };
      image = mkOption {
        # Evaluated only by those who ask for it.
        default = import <nixpkgs/nosuch/make-disk-image.nix> { };
        description = "Its image.";
      };
      tables = mkOption {
        type = types.loaOf types.attrs;
        default = { };
        description = "Its tables.";
      };
      shouted = mkOption {
        default = shout name;
        description = "Loudly.";
      };
      found = mkOption {
        # On the search path, as the directory of every plugin is.
        default = import <images/list.nix>;
        description = "What is found.";
      };
      unit = mkOption {
        default = escapeSystemdPath "/dev/disk";
        description = "A unit.";
      };
      secret = mkOption {
        default = builtins.getEnv "KITCHEN_SECRET";
        description = "Something of the deployer.";
      };
      hasPlatform = mkOption {
        default = options ? nixpkgs.hostPlatform;
        description = "Whether the platform is called so.";
      };
      packages = mkOption {
        default = (import <nixpkgs> { }).lib.version == pkgs.lib.version;
        description = "Whether these are the packages of the network.";
      };
    };

    fileSystems = mkOption {
      type =
        with types;
        loaOf (submodule {
          options.kitchen = mkOption {
            type = types.nullOr types.str;
            default = null;
            description = "Which drawer.";
          };
        });
    };
  };

  config = mkIf (config.deployment.targetEnv == "kitchen") {
    networking.domain = cfg.name;
  };
}
