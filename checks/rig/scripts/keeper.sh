# Stays outside of the hosts' process namespace, so that it can tidy up after them.
# It does not depend on its parent's way of ending: the hosts die when the pipe on standard input closes.
#   bash keeper.sh ROOT < pipe
root=$1

# A handler, not "ignore": what is ignored here would be ignored by every program on every host.
trap : HUP INT TERM

unshare --pid --fork --kill-child -- bash "$root/scripts/init.sh" "$root"

# All hosts have ended. What the deployer's side left running is known by its home directory.
for environment in $(grep --files-with-matches --null-data --line-regexp --fixed-strings --no-messages \
    "HOME=$root/home" /proc/[0-9]*/environ); do
    process=${environment#/proc/}
    kill -KILL "${process%/environ}"
done
# Control groups of systemds are empty by now.
for groups in "$root"/hosts/*/systemd; do
    [ ! -e "$groups" ] || find "$(cat "$groups")" -depth -type d -exec rmdir {} \;
done
for _ in 1 2 3 4 5; do
    rm --recursive --force --one-file-system "$root" && break
    sleep 0.1
done
