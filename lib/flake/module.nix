/**
  A module for flake-parts: networks as options, which become the output `nixopsConfigurations`.

  Modules of a flake may each add machines to a network, or options to a machine; their definitions are
  merged as those of NixOS are.

  # Inputs

  `nixops`
  : The flake of NixOps.
*/
nixops:
{
  config,
  inputs,
  lib,
  self,
  ...
}:

let
  inherit (lib) mkOption types;

  isConfiguration = value: builtins.isAttrs value && value ? extendModules && value ? config;

  # A NixOS module, or a configuration that is finished already.
  machine = lib.mkOptionType {
    name = "machine";
    description = "NixOS module or configuration";
    inherit (types.deferredModule) check;
    merge =
      loc: definitions:
      let
        finished = lib.filter (definition: isConfiguration definition.value) definitions;
      in
      if finished == [ ] then
        types.deferredModule.merge loc definitions
      else if lib.length definitions == 1 then
        (lib.head definitions).value
      else
        throw "${lib.showOption loc} is a finished configuration in ${(lib.head finished).file}, and cannot be merged with other definitions; extend it there";
  };

  resources = types.lazyAttrsOf (types.lazyAttrsOf types.deferredModule);

  network = types.submodule {
    freeformType = types.lazyAttrsOf machine;

    options = {
      nixpkgs = mkOption {
        type = types.raw;
        default =
          inputs.nixpkgs
            or (throw "a network of NixOps needs a nixpkgs: add the input `nixpkgs' to the flake, or set `nixops.networks.<name>.nixpkgs'");
        defaultText = lib.literalExpression "inputs.nixpkgs";
        description = "The nixpkgs of the network.";
      };

      network = mkOption {
        type = types.lazyAttrsOf types.raw;
        default = { };
        example = {
          description = "The shop";
        };
        description = "What is said of the network as a whole, such as `description` and `storage`.";
      };

      defaults = mkOption {
        type = types.deferredModule;
        default = { };
        description = "A module that every machine has.";
      };

      resources = mkOption {
        type = resources;
        default = { };
        description = "Resources by type and name.";
      };
    };
  };
in
{
  _file = "${nixops}/flake.nix#flakeModules.default";

  options.nixops = {
    networks = mkOption {
      type = types.lazyAttrsOf network;
      default = { };
      description = ''
        Networks by name. Beside the options below, each attribute is a machine: a NixOS module, or a
        finished configuration such as one of `nixosConfigurations`.
      '';
    };

    checks = mkOption {
      type = types.bool;
      default = false;
      description = "Whether `nix flake check` evaluates the networks, as `nixops.lib.checks` does.";
    };
  };

  config = {
    flake.nixopsConfigurations = config.nixops.networks;

    perSystem = lib.mkIf config.nixops.checks (
      { system, ... }:
      {
        checks = nixops.lib.checks {
          inherit self system;
          networks = config.nixops.networks;
        };
      }
    );
  };
}
