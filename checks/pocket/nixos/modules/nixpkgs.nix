# The package set of the machine, and the platform for which it is.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.nixpkgs;
  opt = options.nixpkgs;

  platform =
    description:
    types.either types.str (types.attrsOf types.anything)
    // {
      inherit description;
    };
  doubleOf = value: if builtins.isString value then value else value.system;

  host = if opt.hostPlatform.isDefined then doubleOf cfg.hostPlatform else cfg.system;
  build = if opt.buildPlatform.isDefined then doubleOf cfg.buildPlatform else host;

  ownPackages = import ../../pkgs {
    inherit (cfg) config overlays;
    inherit lib;
    system = host;
    buildSystem = build;
  };
in
{
  options.nixpkgs = {
    pkgs = mkOption {
      type = types.pkgs;
      description = "The package set; then the other options of `nixpkgs` have no effect.";
      example = lib.literalExpression "import <nixpkgs> { }";
    };
    config = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      description = "The configuration of the package set.";
    };
    overlays = mkOption {
      type = types.listOf (
        lib.mkOptionType {
          name = "nixpkgs-overlay";
          description = "nixpkgs overlay";
          check = lib.isFunction;
          merge = lib.mergeOneOption;
        }
      );
      default = [ ];
      description = "Overlays over the package set.";
    };
    hostPlatform = mkOption {
      type = platform "platform";
      example = "x86_64-linux";
      description = "The platform on which the machine runs.";
    };
    buildPlatform = mkOption {
      type = platform "platform";
      defaultText = lib.literalExpression "config.nixpkgs.hostPlatform";
      description = "The platform on which the machine is built.";
    };
    system = mkOption {
      type = types.str;
      default =
        if opt.hostPlatform.isDefined then
          host
        else
          builtins.currentSystem or (throw ''
            Neither nixpkgs.hostPlatform nor the legacy option nixpkgs.system is set.
            Say for which platform the machine is, for example:
                nixpkgs.hostPlatform = "x86_64-linux";'');
      description = "The older way to say on which platform the machine runs.";
    };
  };

  config.assertions = [
    {
      # A default, such as the caller's system, gives way to the platform.
      assertion = opt.hostPlatform.isDefined -> opt.system.highestPrio >= (lib.mkDefault null).priority;
      message = "nixpkgs.hostPlatform is set, and the legacy option nixpkgs.system too, in ${lib.showFiles opt.system.files}: remove the latter.";
    }
  ];

  config._module.args.pkgs = lib.mkOverride lib.modules.defaultOverridePriority (
    if opt.pkgs.isDefined then cfg.pkgs.appendOverlays cfg.overlays else ownPackages
  );
}
