# Another boot: its id, and the system of the profile. Sourced when /run is empty, before anything of the system runs.

boot=/proc/sys/kernel/random/boot_id
umount -n -l "$boot" 2>/dev/null || true
cat /proc/sys/kernel/random/uuid >/run/rig/boot_id
mount -n --bind /run/rig/boot_id "$boot"

system=/nix/var/nix/profiles/system
if [ -e "$system" ]; then
    system=$(readlink -f "$system")
    ln -s "$system" /run/booted-system
    # As stage 2 of NixOS does: activation sets /run/current-system, and a failure does not stop the boot.
    if [ -x "$system/activate" ]; then
        "$system/activate" >>/var/log/activate.log 2>&1 </dev/null || true
    fi
fi
