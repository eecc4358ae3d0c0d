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
          description = "A file of the deployer that holds the content, of any bytes and length.";
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
          description = "Mode of the file in the form that `chmod` takes.";
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

  sharing =
    name: key:
    lib.attrNames (lib.filterAttrs (other: value: other != name && value.path == key.path) keys);

  hasOwnPath = name: key: {
    assertion = sharing name key == [ ];
    message = "deployment.keys.${name} has the path ${key.path}, as has ${lib.concatStringsSep ", " (sharing name key)}";
  };

  giveAway =
    key: "chown ${lib.escapeShellArg "${key.user}:${key.group}"} ${lib.escapeShellArg key.path}";

  # An owner or group may come into being only with the configuration that is activated now, and,
  # where a service makes users, only after the activation: the unit of the key sees to it then.
  own = key: ''
    if [ -f ${lib.escapeShellArg key.path} ]; then
      ${giveAway key} || echo "the owner of" ${lib.escapeShellArg key.path} "is not there yet" >&2
    fi
  '';

  # Active while the file of the key is there.
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
        while [ -e ${lib.escapeShellArg key.path} ]; do
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
      chown root:keys /run/keys
      ${lib.concatStrings (lib.mapAttrsToList (_: own) keys)}
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
