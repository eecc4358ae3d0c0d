# What users of the machine find: packages and variables.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.environment;

  variable = types.oneOf [
    (types.listOf (types.either types.int types.str))
    types.int
    types.str
    types.path
  ];
  asText =
    value: if builtins.isList value then lib.concatMapStringsSep ":" toString value else toString value;
  exports =
    variables:
    lib.concatStrings (
      lib.mapAttrsToList (name: value: "export ${name}=${lib.escapeShellArg (asText value)}\n") (
        lib.filterAttrs (_: value: value != null) variables
      )
    );
in
{
  imports = [
    (lib.mkAliasOptionModule [ "environment" "checkConfigurationOptions" ] [ "_module" "check" ])
  ];

  options.environment = {
    systemPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages in the path of every user.";
    };
    defaultPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Packages that every machine has unless it says otherwise.";
    };
    pathsToLink = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Directories of packages that the system path links.";
    };
    variables = mkOption {
      type = types.attrsOf (types.nullOr variable);
      default = { };
      description = "Environment variables of every shell.";
    };
    sessionVariables = mkOption {
      type = types.attrsOf (types.nullOr variable);
      default = { };
      description = "Environment variables of every session.";
    };
    shellAliases = mkOption {
      type = types.attrsOf (types.nullOr types.str);
      default = { };
      description = "Aliases of every shell.";
    };
    shellInit = mkOption {
      type = types.lines;
      default = "";
      description = "Commands at the start of every shell.";
    };
  };

  config = {
    environment.etc.set-environment.source = pkgs.writeText "set-environment" (
      "export PATH=/run/current-system/sw/bin\${PATH:+:$PATH}\n"
      + exports (cfg.sessionVariables // cfg.variables)
      + cfg.shellInit
    );
  };
}
