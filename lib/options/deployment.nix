# How a machine is reached and deployed to.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkDefault mkOption types;
in
{
  options.deployment = {
    targetEnv = mkOption {
      type = types.str;
      default = "none";
      example = "neatcloud";
      description = ''
        The backend that provides the machine. `none` is for hosts that exist already and are
        reached over SSH.
      '';
    };

    targetHost = mkOption {
      type = types.str;
      example = "web.example.org";
      description = ''
        Host name or address to which SSH connects. The name of the machine in the network, unless
        it is defined.
      '';
    };

    targetPort = mkOption {
      type = types.port;
      description = "Port to which SSH connects. The first of `services.openssh.ports`, unless it is defined.";
    };

    targetUser = mkOption {
      type = types.str;
      default = "root";
      description = "User as whom SSH logs in.";
    };

    provisionSSHKey = mkOption {
      type = types.bool;
      default = true;
      description = ''
        Whether a client key is to be generated for the machine and authorised on it. This has no
        effect yet: SSH finds the keys that it needs by itself.
      '';
    };

    sshOptions = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "-o"
        "ProxyJump=gate.example.org"
      ];
      description = "Arguments for the OpenSSH client, one word each; no shell sees them.";
    };

    elevation = mkOption {
      type = types.enum [
        "none"
        "sudo"
        "doas"
        "run0"
      ];
      default = "sudo";
      description = ''
        How `targetUser` becomes root; not used when that user is root. Only `sudo` can be given a
        password: it is asked for once. `doas` must ask for none (`nopass`), nor may polkit for
        `run0`, which needs systemd 257. With `none` everything is done as that user.
      '';
    };

    privilegeEscalationCommand = mkOption {
      type = types.listOf types.str;
      default =
        {
          none = [ ];
          sudo = [
            "sudo"
            "-H"
            "--"
          ];
          doas = [
            "doas"
            "-n"
            "--"
          ];
          run0 = [
            "run0"
            "--pipe"
            "--no-ask-password"
            "--setenv=PATH"
            "--"
          ];
        }
        .${config.deployment.elevation};
      defaultText = "what deployment.elevation says";
      example = [
        "/opt/bin/sudo"
        "-H"
        "--"
      ];
      description = ''
        Command by which `targetUser` becomes root, one word each. It counts more than
        `deployment.elevation`. A program called `sudo` can be given a password.
      '';
    };

    alwaysActivate = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether the activation runs even if the machine runs the wanted system already. The flag
        `--always-activate` does the same for one deploy.
      '';
    };

    allowLocalDeployment = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether `nixops apply-local` on a computer may make it this machine. Without it that is
        refused, so that no machine becomes another one by mistake.
      '';
    };

    owners = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "admin@example.org" ];
      description = "Mail addresses of those who look after the machine.";
    };

    hasFastConnection = mkOption {
      type = types.nullOr types.bool;
      default = null;
      description = ''
        Whether the line to the machine is fast: its closure is then sent as a whole, without
        compression and without asking binary caches first. With `false` what is sent is compressed;
        with `null` nixops finds out whether that is faster.
      '';
    };

    tags = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "eu" ];
      description = "Words that select the machine on the command line as `@tag`.";
    };

    buildOnTarget = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the machine builds its own system.";
    };

    substituteOnDestination = mkOption {
      type = types.bool;
      default = config.deployment.hasFastConnection != true;
      defaultText = lib.literalExpression "config.deployment.hasFastConnection != true";
      description = "Whether the machine fetches what it can from its own binary caches.";
    };

    copyProtocol = mkOption {
      type = types.enum [
        "ssh"
        "ssh-ng"
      ];
      default = "ssh";
      description = ''
        How the closure is sent. With `ssh` nixops asks a daemon on the machine once what is missing,
        and sends it in one stream, which needs Nix 2.4 there; with `ssh-ng` it leaves that to
        `nix copy`.
      '';
    };
  };

  config.deployment = {
    targetHost = mkDefault config.networking.hostName;
    targetPort = mkDefault (lib.head (config.services.openssh.ports ++ [ 22 ]));
  };
}
