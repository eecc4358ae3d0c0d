# First process of the rig's process namespace: starts a host for every name that it reads.
# When its input closes it ends, and the kernel ends every process of every host with it.
#   bash init.sh ROOT < names
root=$1

# The first process must wait, or processes whose parent has gone would stay as zombies; so another one reads.
exec 3<&0
while read -r name; do
    host=$root/hosts/$name
    (
        more=
        if [ -e "$host/systemd" ]; then
            # A systemd needs control groups of its own.
            groups=$(cat "$host/systemd")
            mkdir "$groups"
            echo "$BASHPID" >"$groups/cgroup.procs"
            more="--cgroup --ipc"
        fi
        # By SIGHUP the kernel ends the first process of a namespace that asks for a boot.
        status=129
        while [ "$status" = 129 ]; do
            # shellcheck disable=SC2086
            unshare --mount --uts --pid $more --fork --kill-child -- \
                bash "$root/scripts/host.sh" "$host" "$name" 3<&- </dev/null >"$host/boot.log" 2>&1
            status=$?
        done
        echo "$status" >"$host/ended"
    ) &
done <&3 &
exec 3<&- </dev/null
wait "$!"
