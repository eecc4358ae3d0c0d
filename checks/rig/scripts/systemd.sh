# Makes systemd the first process of a host, in the host's root, which is the root of this mount namespace already.
#   bash systemd.sh PROCESS 4> ready
set -eu

mount -n -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/lock /run/user /run/rig /run/wrappers/bin
. /etc/rig/new-boot.sh
# The machine's devices are no business of this systemd.
mount -n -t tmpfs -o mode=755 tmpfs /mnt
for device in null zero full random urandom tty; do
    : >"/mnt/$device"
    mount -n --bind "/dev/$device" "/mnt/$device"
done
mkdir /mnt/pts /mnt/shm
mount -n -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts /mnt/pts
ln -s pts/ptmx /mnt/ptmx
ln -s /proc/self/fd /mnt/fd
mount -n --move /mnt /dev
# Only the part of the control groups that is this host's own is seen in its namespace.
umount -n -l /sys/fs/cgroup
mount -n -t cgroup2 cgroup2 /sys/fs/cgroup

# Whoever made the host waits until sshd listens.
(
    until [ -s /run/sshd.pid ]; do sleep 0.05; done
    echo "$1" >&4
) &
exec 4>&-
exec env -i container=rig PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
    --log-target=journal --show-status=0
