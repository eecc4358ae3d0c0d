# First process of a host, now that it sees the host's root: boots, then reaps processes until it is killed.
#   bash first.sh PROCESS 4> ready
set -eu

bash /etc/rig/boot.sh 4>&-
echo "$1" >&4
# From here on there is nothing to say but that the sleep was killed.
exec 4>&- 2>/dev/null

# Waiting is what reaps: every orphan of this host becomes a child of this process. A reboot ends the sleep.
while true; do
    sleep infinity &
    wait "$!" || true
done
