# The system as one store path, as a host activates it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  checked =
    package:
    let
      failed = map (entry: entry.message) (builtins.filter (entry: !entry.assertion) config.assertions);
    in
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (message: "- ${message}") failed}"
    else
      lib.showWarnings config.warnings package;

  # The same for every machine.
  units = pkgs.linkFarm "units" {
    "units.sh" = ../scripts/units.sh;
    "units-of-systemd.sh" = ../scripts/units-of-systemd.sh;
  };

  toplevel = pkgs.stdenv.mkDerivation {
    name = "nixos-system-${config.system.name}-${config.system.nixos.label}";
    buildCommand = ''
      mkdir -p "$out/bin"
      ${config.system.systemBuilderCommands}
      ${config.system.extraSystemBuilderCmds}
    '';
  };
in
{
  options.system = {
    build = mkOption {
      type = types.submodule { freeformType = types.lazyAttrsOf types.unspecified; };
      default = { };
      description = "What is built of the configuration.";
    };
    systemBuilderCommands = mkOption {
      type = types.lines;
      internal = true;
      default = "";
      description = "The commands that make the system's store path.";
    };
    extraSystemBuilderCmds = mkOption {
      type = types.lines;
      internal = true;
      default = "";
      description = "Further such commands.";
    };
    extraDependencies = mkOption {
      type = types.listOf types.pathInStore;
      default = [ ];
      description = "Store paths that the system keeps without using them.";
    };
  };

  config.system = {
    build.toplevel = checked toplevel;
    build.installBootLoader = pkgs.writeShellScript "install-boot-loader" ''
      root=''${NIXOS_ROOT:-}
      [ -d "$root/boot" ] || mkdir -p "$root/boot"
      ln -sfn "$1" "$root/boot/default.new"
      mv -fT "$root/boot/default.new" "$root/boot/default"
    '';

    systemBuilderCommands = ''
      scripts=
      install() {
        sed -e "s|@out@|$out|g" -e "s|@installBootLoader@|${config.system.build.installBootLoader}|g" "$1" > "$out/$2"
        scripts="$scripts $out/$2"
      }
      install ${config.system.build.activationScript} activate
      install ${config.system.build.dryActivationScript} dry-activate
      install ${../scripts/switch-to-configuration.sh} bin/switch-to-configuration
      install ${../scripts/init.sh} init
      chmod +x $scripts
      ln -s ${config.system.build.etc}/etc ${config.system.build.etc}/etc-files ${units}/* "$out"
      ln -s ${config.system.path} "$out/sw"
      ln -s ${config.systemd.package} "$out/systemd"
      ln -s ${config.system.build.unitTable} "$out/unit-table"
      printf '%s' ${lib.escapeShellArg (toString config.boot.kernelParams)} > "$out/kernel-params"
      printf '%s' ${lib.escapeShellArg config.system.nixos.label} > "$out/nixos-version"
      printf '%s' ${lib.escapeShellArg pkgs.stdenv.hostPlatform.system} > "$out/system"
      printf '%s' "systemd ${
        toString (config.systemd.package.interfaceVersion or 2)
      }" > "$out/init-interface-version"
      ${lib.optionalString (config.system.configurationRevision != null) ''
        printf '%s' ${lib.escapeShellArg config.system.configurationRevision} > "$out/configuration-revision"
      ''}
      echo ${toString config.system.extraDependencies} > "$out/extra-dependencies"
    '';
  };
}
