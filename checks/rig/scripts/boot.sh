# What a host does each time it comes up: an empty /run, a new boot, the system of the profile, then sshd.
#   bash boot.sh
set -eu

umount -n -l /run 2>/dev/null || true
mount -n -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/lock /run/user /run/rig /run/wrappers/bin

if [ ! -e /etc/sudoers ] && [ ! -e /etc/doas.conf ]; then
    cp "$(command -v setpriv)" /run/wrappers/setpriv
    chmod 4755 /run/wrappers/setpriv
    cp /etc/rig/sudo.sh /run/wrappers/bin/sudo
    chmod 755 /run/wrappers/bin/sudo
fi
cp /etc/rig/reboot.sh /run/wrappers/bin/reboot
cp /etc/rig/poweroff.sh /run/wrappers/bin/poweroff
chmod 755 /run/wrappers/bin/reboot /run/wrappers/bin/poweroff

. /etc/rig/new-boot.sh

[ -e /etc/ssh/sshd_config ] || exit 0

# From 9.8 on, sshd refuses whoever failed too often; here, all who fail on purpose share an address.
if ! grep -q PerSourcePenalties /etc/ssh/sshd_config &&
    /usr/sbin/sshd -t -f /etc/ssh/sshd_config -o PerSourcePenalties=no 2>/dev/null; then
    echo "PerSourcePenalties no" >>/etc/ssh/sshd_config
fi
/usr/sbin/sshd -f /etc/ssh/sshd_config -E /var/log/sshd.log
until [ -s /run/sshd.pid ]; do sleep 0.005; done
