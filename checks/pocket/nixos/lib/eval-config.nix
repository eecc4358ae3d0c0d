# A NixOS configuration from modules, with the arguments that classic networks and flakes give.
{
  modules,
  system ? builtins.currentSystem,
  specialArgs ? { },
  lib ? import ../../lib,
  pkgs ? null,
  baseModules ? import ../modules/module-list.nix,
  modulesLocation ? null,
  prefix ? [ ],
  check ? true,
  extraModules ? [ ],
}:
let
  located =
    if modulesLocation == null then
      modules
    else
      map (lib.setDefaultModuleLocation modulesLocation) modules;

  # What the caller knows of the platform; a network may say it itself.
  given = {
    _file = ./eval-config.nix;
    key = ./eval-config.nix;
    config = {
      _module.args = {
        inherit baseModules extraModules modules;
      };
      _module.check = lib.mkIf (!check) (lib.mkDefault false);
      nixpkgs.system = lib.mkIf (system != null) (lib.mkDefault system);
      nixpkgs.pkgs = lib.mkIf (pkgs != null) (lib.mkForce pkgs);
    };
  };

  evaluated = lib.evalModules {
    inherit prefix;
    class = "nixos";
    modules = baseModules ++ extraModules ++ [ given ] ++ located;
    specialArgs = {
      modulesPath = toString ../modules;
    }
    // specialArgs;
  };

  # `pkgs` and `lib` beside what evalModules gives, also after an extension.
  decorate =
    evaluation:
    evaluation
    // {
      inherit lib;
      inherit (evaluation._module.args) pkgs;
      extendModules = extension: decorate (evaluation.extendModules extension);
    };
in
decorate evaluated
