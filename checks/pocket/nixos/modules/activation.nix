# The scripts that bring a running machine to this configuration.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  snippet = types.submodule {
    options = {
      text = mkOption {
        type = types.lines;
        default = "";
        description = "The commands, for /bin/sh.";
      };
      deps = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "The scripts that run before.";
      };
      supportsDryActivation = mkOption {
        type = types.bool;
        default = false;
        description = "Whether it runs in a dry activation, with NIXOS_ACTION=dry-activate, and changes nothing then.";
      };
    };
  };

  # A snippet that fails is named; the others run all the same.
  run = name: text: ''
    # ${name}
    activate_snippet() {
      :
    ${text}
    }
    if ! activate_snippet; then
      echo "Activation script snippet '${name}' failed" >&2
      status=1
    fi
  '';

  scriptOf =
    snippets:
    lib.concatStringsSep "\n" (
      [
        ''
          #!/bin/sh
          systemConfig=@out@
          root=''${NIXOS_ROOT:-}
          status=0
          umask 0022
        ''
      ]
      ++ lib.textClosureList (builtins.mapAttrs (
        name: entry: entry // { text = run name entry.text; }
      ) snippets) (builtins.attrNames snippets)
    );

  finish = ''
    ln -sfn "$systemConfig" "$root/run/current-system"
    exit $status
  '';

  silenced = builtins.mapAttrs (
    _: entry: if entry.supportsDryActivation then entry else entry // { text = ""; }
  );
in
{
  options.system = {
    activationScripts = mkOption {
      type = types.attrsOf (types.coercedTo types.str lib.noDepEntry snippet);
      default = { };
      description = "Commands that run whenever the configuration is activated.";
    };
    activatable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the system can be activated on a running machine.";
    };
  };

  config = {
    system.activationScripts = {
      specialfs = ''
        for directory in run tmp var/log var/lib var/empty etc; do
          [ -d "$root/$directory" ] || mkdir -p "$root/$directory"
        done
      '';
      var = lib.stringAfter [ "specialfs" ] "";
      binsh = lib.stringAfter [ "specialfs" ] "";
      etc = lib.stringAfter [ "users" "groups" ] (builtins.readFile ../scripts/etc.sh);
      tmpfiles = lib.stringAfter [ "etc" ] (builtins.readFile ../scripts/tmpfiles.sh);
    };

    system.build = {
      activationScript = pkgs.writeText "activation-script" (
        scriptOf config.system.activationScripts + finish
      );
      dryActivationScript = pkgs.writeText "dry-activation-script" (
        scriptOf (silenced config.system.activationScripts) + "exit $status\n"
      );
    };
  };
}
