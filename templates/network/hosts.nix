# Where the machines are, and what is particular to each of them.
# This is the file to edit first: the rest works as it stands.
{
  web = {
    # The address, and the port and user of its sshd where they are not 22 and root.
    deployment.targetHost = "192.0.2.10";
    # deployment.targetPort = 2222;
    # deployment.targetUser = "admin"; # becomes root by `sudo`

    # The platform. `nixos-generate-config --show-hardware-config` on the machine
    # writes this and its disks; save that as ./hardware/web.nix and use
    # imports = [ ./hardware/web.nix ];
    # instead of these lines.
    nixpkgs.hostPlatform = "x86_64-linux";
    fileSystems."/" = {
      device = "/dev/disk/by-label/nixos";
      fsType = "ext4";
    };
    boot.loader.grub.device = "/dev/sda";
  };

  db = {
    deployment.targetHost = "192.0.2.11";

    nixpkgs.hostPlatform = "x86_64-linux";
    fileSystems."/" = {
      device = "/dev/disk/by-label/nixos";
      fsType = "ext4";
    };
    boot.loader.grub.device = "/dev/sda";
  };
}
