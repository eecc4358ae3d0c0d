# Encrypted volumes that are opened, and made if need be, when a machine has its keys.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  inherit (lib) mkOption types;

  volumes = config.deployment.autoLuks;

  escape = utils.escapeSystemdPath;

  keyOf = name: lib.escapeShellArg config.deployment.keys."luks-${name}".path;

  # `blkid` ends with 2 if it recognises nothing at all on the device; any other may hold data.
  format =
    name: volume:
    lib.optionalString volume.autoFormat ''
      status=0
      blkid -p "$device" > /dev/null || status=$?
      if [ $status = 2 ]; then
        cryptsetup luksFormat --batch-mode --cipher ${lib.escapeShellArg volume.cipher} \
          --key-size ${toString volume.keySize} --key-file ${keyOf name} "$device"
      fi
    '';

  service =
    name: volume:
    let
      mapper = escape "/dev/mapper/${name}";
      device = "${escape volume.device}.device";
    in
    {
      name = "cryptsetup-${name}";
      value = {
        description = "Encrypted volume ${name}";
        wantedBy = [ "${mapper}.device" ];
        before = [
          "${mapper}.device"
          "mkfs-${mapper}.service"
        ];
        requires = [
          device
          "keys.target"
        ];
        after = [
          device
          "keys.target"
        ];
        path = [
          pkgs.cryptsetup
          pkgs.util-linux
        ];
        # Mounts wait for it, and the default dependencies would have it wait for mounts.
        unitConfig.DefaultDependencies = false;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
        };
        script = ''
          device=${lib.escapeShellArg volume.device}
          ${format name volume}
          if [ ! -e ${lib.escapeShellArg "/dev/mapper/${name}"} ]; then
            cryptsetup luksOpen --key-file ${keyOf name} "$device" ${lib.escapeShellArg name}
          fi
        '';
      };
    };

  hasPassphrase = volume: volume.passphrase != "";

  volume = types.submodule {
    options = {
      device = mkOption {
        type = types.str;
        example = "/dev/xvdg";
        description = "The device that holds the encrypted data.";
      };

      cipher = mkOption {
        type = types.str;
        default = "aes-cbc-essiv:sha256";
        description = "The cipher with which a new volume is made.";
      };

      keySize = mkOption {
        type = types.int;
        default = 128;
        description = "The size of the key of a new volume, in bits.";
      };

      passphrase = mkOption {
        type = types.str;
        default = "";
        description = ''
          The passphrase itself. A literal stands in the source of the network, which flakes copy to
          the world-readable store: leave it empty and define the key `luks-<name>` of
          `deployment.keys` for what must stay secret.
        '';
      };

      autoFormat = mkOption {
        type = types.bool;
        default = false;
        description = "Whether a device on which nothing is recognised is made a volume.";
      };
    };
  };
in
{
  options.deployment.autoLuks = mkOption {
    type = types.attrsOf volume;
    default = { };
    example.secretdisk = {
      device = "/dev/xvdf";
      autoFormat = true;
    };
    description = ''
      Encrypted (LUKS) volumes by name. `<name>` becomes the device `/dev/mapper/<name>` once the
      key `luks-<name>` is on the machine.
    '';
  };

  config = lib.mkIf (volumes != { }) {
    assertions = lib.mapAttrsToList (name: _: {
      assertion = config.deployment.keys ? "luks-${name}";
      message = "deployment.autoLuks.${name} has neither a passphrase nor the key deployment.keys.luks-${name}";
    }) volumes;

    deployment.keys = lib.mapAttrs' (name: volume: {
      name = "luks-${name}";
      value.text = lib.mkDefault volume.passphrase;
    }) (lib.filterAttrs (_: hasPassphrase) volumes);

    systemd.services = lib.mapAttrs' service volumes;
  };
}
