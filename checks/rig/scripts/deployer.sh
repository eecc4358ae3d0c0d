# Gives a program the rig's /nix and home directory, then becomes that program.
#   unshare --mount sh deployer.sh ROOT PROGRAM ARGUMENT…
root=$1
shift
{
    { [ -d /nix ] || mkdir /nix; } &&
        mount -n --bind "$root/nix" /nix &&
        mount -n --bind "$root/passwd" /etc/passwd
} || {
    echo "rig: cannot mount the rig's /nix from $root" >&2
    exit 125
}
exec "$@"
