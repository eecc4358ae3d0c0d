# First process of a host: puts the host's root together and goes on in it with first.sh.
# Descriptor 4 tells the owner that the host is up.
#   bash host.sh HOST_DIRECTORY NAME
set -eu
host=$1
root=$host/root

# /proc is still the machine's: this is the number by which the owner knows this process.
read -r process _ </proc/self/stat
exec 4>"$host/ready"

# The file is the machine's root's; the call is root's of this user namespace.
echo "$2" 2>/dev/null >/proc/sys/kernel/hostname || hostname "$2"
mount -n --bind "$root" "$root"
cd "$root"
# The owner made a directory for each that the machine has; links were copied as links.
for directory in usr bin sbin lib lib32 lib64 libx32; do
    if [ -d "$directory" ] && [ ! -L "$directory" ]; then
        mount -n --rbind -o ro "/$directory" "$directory"
    fi
done
# Debian's awk, which and others are links to there.
if [ -d /etc/alternatives ]; then
    mkdir -p etc/alternatives
    mount -n --bind -o ro /etc/alternatives etc/alternatives
fi
while IFS='	' read -r source target; do
    mkdir -p "$target"
    mount -n --rbind "$source" "$target"
done <"$host/shares"
mount -n --rbind /dev dev
mount -n --rbind -o ro /sys sys
mount -n -t proc proc proc

# systemd is the first process where it was asked for.
first=first.sh
[ ! -e "$host/systemd" ] || first=systemd.sh

# Covers the machine's root with the host's. Not with pivot_root, which newer Debian does not install by default.
mount -n --move . /
exec chroot . bash "/etc/rig/$first" "$process"
