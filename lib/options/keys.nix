# Keys: files that reach the machine without passing through the Nix store.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  keys = config.deployment.keys;

  sources = [
    "text"
    "keyFile"
    "keyCommand"
  ];

  keyModule = types.submodule (
    { config, name, ... }:
    {
      options = {
        name = mkOption {
          type = types.str;
          default = name;
          example = "secret.txt";
          description = "Name of the file in `destDir`.";
        };

        text = mkOption {
          type = types.nullOr types.str;
          default = null;
          example = "not so secret";
          description = ''
            The content of the key itself. A literal stands in the source of the network, which
            flakes copy to the world-readable store: use `keyFile` or `keyCommand` for what must
            stay secret.
          '';
        };

        keyFile = mkOption {
          type = types.nullOr types.path;
          default = null;
          apply = value: if value == null then null else toString value;
          example = "/run/secrets/tls.key";
          description = ''
            A file of the deployer that holds the content, of any bytes. Name it by a text: a path such
            as `./tls.key` is a file of the source, which a flake has in the world-readable store.
          '';
        };

        keyCommand = mkOption {
          type = types.nullOr (types.listOf types.str);
          default = null;
          example = [
            "pass"
            "show"
            "tls.key"
          ];
          description = "A program of the deployer, and its arguments, that prints the content.";
        };

        destDir = mkOption {
          type = types.path;
          default = "/run/keys";
          description = ''
            Directory of the file. It is made if it is missing, with mode `0750`, owner `root` and
            group `keys`.
          '';
        };

        path = mkOption {
          type = types.path;
          default = "${config.destDir}/${config.name}";
          defaultText = lib.literalExpression ''"''${config.destDir}/''${config.name}"'';
          internal = true;
          description = "Path of the file on the machine.";
        };

        user = mkOption {
          type = types.str;
          default = "root";
          description = "Owner of the file.";
        };

        group = mkOption {
          type = types.str;
          default = "root";
          description = "Group of the file.";
        };

        permissions = mkOption {
          type = types.str;
          default = "0600";
          example = "0640";
          description = "Mode of the file, in octal.";
        };

        persist = mkOption {
          type = types.bool;
          default = false;
          description = ''
            Whether the key comes back by itself after a reboot. It is then also kept on the machine's
            disk, in `/var/lib/nixops/keys`, which root alone can read. Without it a key in `/run` is
            gone until it is sent again.
          '';
        };
      };
    }
  );

  # A plain string is the text of the key: networks from before NixOps 1.4 say it so.
  keyType = types.coercedTo types.str (text: { inherit text; }) keyModule;

  sourcesOf = key: lib.filter (source: key.${source} != null) sources;

  hasOneSource = name: key: {
    assertion = lib.length (sourcesOf key) == 1;
    message =
      "deployment.keys.${name} must have exactly one of `text', `keyFile' and `keyCommand', but "
      + (
        if sourcesOf key == [ ] then "has none" else "has ${lib.concatStringsSep " and " (sourcesOf key)}"
      );
  };

  byPath = lib.groupBy (name: keys.${name}.path) (lib.attrNames keys);

  sharing = name: key: lib.remove name byPath.${key.path};

  hasOwnPath = name: key: {
    assertion = sharing name key == [ ];
    message = "deployment.keys.${name} has the path ${key.path}, as has ${lib.concatStringsSep ", " (sharing name key)}";
  };

  # What is kept of a key that persists.
  keptFile = name: "/var/lib/nixops/keys/kept/${name}";

  giveAway =
    key: "chown ${lib.escapeShellArg "${key.user}:${key.group}"} ${lib.escapeShellArg key.path}";

  # An owner or group may come into being only with the configuration that is activated now, and,
  # where a service makes users, only after the activation: the unit of the key sees to it then.
  own = key: ''
    if [ -f ${lib.escapeShellArg key.path} ]; then
      ${giveAway key} || echo "the owner of" ${lib.escapeShellArg key.path} "is not there yet" >&2
    fi
  '';

  # Puts a key back that a reboot has taken; one that is there is never touched.
  bringBack =
    name: key:
    let
      kept = lib.escapeShellArg (keptFile name);
      path = lib.escapeShellArg key.path;
      directory = lib.escapeShellArg key.destDir;
      temporary = lib.escapeShellArg "${key.destDir}/.nixops-kept";
    in
    ''
      if [ -f ${kept} ] && [ ! -e ${path} ]; then
        [ -d ${directory} ] || { mkdir -p ${directory} && chmod 0750 ${directory}; chown root:keys ${directory} || true; }
        (umask 077 && cat ${kept} >${temporary}) && {
          chown ${lib.escapeShellArg "${key.user}:${key.group}"} ${temporary} || true
          chmod ${lib.escapeShellArg key.permissions} ${temporary}
          mv -f ${temporary} ${path}
        }
      fi
    '';

  persistent = lib.filterAttrs (_: key: key.persist) keys;

  # Once all keys are there, nobody need wait for those that are yet to be sent.
  tellAll = ''
    if ${
      lib.concatMapStringsSep " && " (key: "[ -e ${lib.escapeShellArg key.path} ]") (lib.attrValues keys)
    }; then
      touch /run/keys/done
    fi
  '';

  # Active while the file of the key is there: one that is replaced ends it and starts it anew, and with it
  # the units that require it.
  keyUnit = name: key: {
    name = "${name}-key";
    value = {
      description = "Key ${name}";
      path = [ pkgs.inotify-tools ];
      serviceConfig = {
        TimeoutStartSec = "infinity";
        Restart = "always";
        RestartSec = "100ms";
      };
      # The time limit closes the gap between the look and the watch, and the pause keeps a watch
      # that cannot be had (there may be too many) from turning this into a busy loop.
      preStart = ''
        until [ -e ${lib.escapeShellArg key.path} ]; do
          inotifywait -qq -t 5 -e create -e moved_to ${lib.escapeShellArg key.destDir} || sleep 1
        done
        ${giveAway key}
      '';
      script = ''
        identity() {
          stat -c %d:%i:%Y ${lib.escapeShellArg key.path} 2>/dev/null
        }
        first=$(identity)
        while [ -n "$first" ] && [ "$(identity)" = "$first" ]; do
          inotifywait -qq -t 5 -e delete_self -e move_self ${lib.escapeShellArg key.path} || sleep 1
        done
      '';
    };
  };
in
{
  options.deployment.keys = mkOption {
    type = types.attrsOf keyType;
    default = { };
    example = {
      "tls.key".keyCommand = [
        "pass"
        "show"
        "tls.key"
      ];
    };
    description = ''
      Secrets by name. Each becomes a file on the machine, by default in `/run/keys`, which does
      not survive a reboot, and a unit `<name>-key.service` that is active while the file is there.
      Services that read the key as another user need that user to be in the group `keys`.
    '';
  };

  config = lib.mkIf (keys != { }) {
    assertions = lib.mapAttrsToList hasOneSource keys ++ lib.mapAttrsToList hasOwnPath keys;

    system.activationScripts.nixops-keys = lib.stringAfter [ "users" "groups" ] ''
      mkdir -p -m 0750 /run/keys
      chown root:keys /run/keys 2>/dev/null || chown root:root /run/keys
      ${lib.concatStrings (lib.mapAttrsToList bringBack persistent)}
      ${lib.concatStrings (lib.mapAttrsToList (_: own) keys)}
      ${lib.optionalString (persistent != { }) tellAll}
    '';

    systemd.services = {
      nixops-keys = {
        enable = lib.any (key: lib.hasPrefix "/run/" key.destDir) (lib.attrValues keys);
        description = "Wait for all keys";
        wantedBy = [ "keys.target" ];
        before = [ "keys.target" ];
        # It runs before what the default dependencies would have it wait for.
        unitConfig.DefaultDependencies = false;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
        };
        script = ''
          until [ -e /run/keys/done ]; do
            sleep 0.1
          done
        '';
      };
    }
    // lib.mapAttrs' keyUnit keys;
  };
}
