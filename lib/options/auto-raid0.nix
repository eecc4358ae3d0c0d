# RAID 0 volumes that are made of the devices of a machine when it boots.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  inherit (lib) mkOption types;

  volumes = config.deployment.autoRaid0;

  escape = utils.escapeSystemdPath;

  # A volume group of that name with one striped volume over all of it. `blkid` ends with 2 if it
  # recognises nothing at all on a device; any other device may hold data.
  script =
    name: devices:
    let
      arguments = lib.escapeShellArgs devices;
    in
    ''
      if ! vgs ${lib.escapeShellArg name} > /dev/null 2>&1; then
        for device in ${arguments}; do
          status=0
          found=$(blkid -p -o value -s TYPE "$device") || status=$?
          if [ "$found" = LVM2_member ]; then
            continue
          elif [ $status != 2 ]; then
            echo "$device is not empty, and nothing is made of it" >&2
            exit 1
          fi
          pvcreate "$device"
        done
        vgcreate ${lib.escapeShellArg name} ${arguments}
      fi
      if ! lvs ${lib.escapeShellArg "${name}/${name}"} > /dev/null 2>&1; then
        lvcreate --yes --name ${lib.escapeShellArg name} --extents 100%FREE \
          --stripes ${toString (lib.length devices)} ${lib.escapeShellArg name}
      fi
      vgchange --activate y ${lib.escapeShellArg name}
    '';

  service =
    name:
    { devices }:
    let
      volume = "${escape "/dev/${name}/${name}"}.device";
      parts = map (device: "${escape device}.device") devices;
    in
    {
      name = "raid0-${name}";
      value = {
        description = "RAID 0 volume ${name}";
        wantedBy = [ volume ];
        before = [
          volume
          "mkfs-${escape "/dev/${name}/${name}"}.service"
        ];
        requires = parts;
        after = parts;
        path = [
          pkgs.lvm2
          pkgs.util-linux
        ];
        # Mounts wait for it, and the default dependencies would have it wait for mounts.
        unitConfig.DefaultDependencies = false;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
        };
        script = script name devices;
      };
    };
in
{
  options.deployment.autoRaid0 = mkOption {
    default = { };
    example.bigdisk.devices = [
      "/dev/xvdg"
      "/dev/xvdh"
    ];
    description = ''
      RAID 0 volumes by name. `<name>` becomes the device `/dev/<name>/<name>`, striped over
      `devices` by LVM. Devices that are not empty are refused.
    '';
    type = types.attrsOf (
      types.submodule {
        options.devices = mkOption {
          type = types.listOf types.str;
          example = [
            "/dev/xvdg"
            "/dev/xvdh"
          ];
          description = "The devices that the volume is made of.";
        };
      }
    );
  };

  config = lib.mkIf (volumes != { }) {
    boot.kernelModules = [
      "dm-mod"
      "dm-mirror"
    ];
    systemd.services = lib.mapAttrs' service volumes;
  };
}
