# Units as networks declare them.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;

  # A value of a unit file; lists of several definitions are joined.
  unitValue = types.either unitAtom (types.listOf unitAtom) // {
    merge =
      loc: definitions:
      if builtins.any (definition: builtins.isList definition.value) definitions then
        lib.concatMap (definition: lib.toList definition.value) definitions
      else
        lib.mergeEqualOption loc definitions;
  };
  unitAtom = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
      types.path
      types.package
    ]
  );

  section = mkOption {
    type = types.attrsOf unitValue;
    default = { };
    description = "Settings of a section of the unit file.";
  };
  names = mkOption {
    type = types.listOf types.str;
    default = [ ];
    description = "Other units.";
  };
  commands = mkOption {
    type = types.lines;
    default = "";
    description = "Commands, for /bin/sh.";
  };
  flag =
    default:
    mkOption {
      type = types.bool;
      inherit default;
      description = "How the unit is treated.";
    };

  common = {
    freeformType = types.attrsOf types.anything;
    options = {
      enable = flag true;
      description = mkOption {
        type = types.singleLineStr;
        default = "";
        description = "What the unit is for.";
      };
      documentation = names;
      after = names;
      before = names;
      requires = names;
      wants = names;
      bindsTo = names;
      partOf = names;
      conflicts = names;
      requiredBy = names;
      wantedBy = names;
      onFailure = names;
      unitConfig = section;
    };
  };

  service =
    { name, config, ... }:
    {
      imports = [ common ];
      options = {
        script = commands;
        preStart = commands;
        postStart = commands;
        preStop = commands;
        postStop = commands;
        reload = commands;
        scriptArgs = mkOption {
          type = types.str;
          default = "";
          description = "Arguments of the script.";
        };
        path = mkOption {
          type = types.listOf (types.either types.package types.str);
          default = [ ];
          description = "Packages in the path of the commands.";
        };
        environment = mkOption {
          type = types.attrsOf (
            types.nullOr (
              types.oneOf [
                types.str
                types.path
                types.package
              ]
            )
          );
          default = { };
          description = "Environment variables of the commands.";
        };
        serviceConfig = section;
        restartIfChanged = flag true;
        reloadIfChanged = flag false;
        stopIfChanged = flag true;
        restartTriggers = mkOption {
          type = types.listOf types.unspecified;
          default = [ ];
          description = "Values whose change restarts the unit.";
        };
        startAt = mkOption {
          type = types.either types.str (types.listOf types.str);
          default = [ ];
          apply = lib.toList;
          description = "When a timer starts the unit.";
        };
      };
    };

  units =
    module: description:
    mkOption {
      type = types.attrsOf (types.submodule module);
      default = { };
      inherit description;
    };
  kind = section': {
    imports = [ common ];
    options = lib.optionalAttrs (section' != null) { ${section'} = section; };
  };
in
{
  options.systemd = {
    package = mkOption {
      type = types.package;
      description = "Systemd; its `interfaceVersion` says with what a running system can be replaced.";
    };
    services = units service "Services.";
    targets = units (kind null) "Targets.";
    timers = units (kind "timerConfig") "Timers.";
    sockets = units (kind "socketConfig") "Sockets.";
    paths = units (kind "pathConfig") "Watched paths.";
    slices = units (kind "sliceConfig") "Slices.";
    tmpfiles.rules = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "d /srv/data 0750 root root -" ];
      description = "Files and directories made at activation.";
    };
    tmpfiles.settings = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      description = "The same, as values.";
    };
    mounts = mkOption {
      type = types.listOf types.attrs;
      default = [ ];
      description = "Mounts.";
    };
    network = mkOption {
      type = types.submodule { freeformType = types.attrsOf types.anything; };
      default = { };
      description = "The network, by systemd-networkd.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Further lines of system.conf.";
    };
    globalEnvironment = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Environment variables of all services.";
    };
  };

  config.environment.etc."tmpfiles.d/00-nixos.conf".text =
    lib.concatLines config.systemd.tmpfiles.rules;
}
