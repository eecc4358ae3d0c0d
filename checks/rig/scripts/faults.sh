# What can go wrong on a host, each as a function; runs inside the host.
#   bash faults.sh FUNCTION ARGUMENT…
set -eu

# Prints the processes of sshd: the one that listens first, then one or two for every session.
sshd_processes() {
    [ -s /run/sshd.pid ] && cat /run/sshd.pid
    sshd_sessions
}

sshd_sessions() {
    listener=$(cat /run/sshd.pid 2>/dev/null || true)
    for file in /proc/[0-9]*/comm; do
        # The process may end between the listing and the reading.
        { read -r program <"$file"; } 2>/dev/null || continue
        process=${file#/proc/}
        process=${process%/comm}
        case $program in
            sshd*) [ "$process" = "$listener" ] || echo "$process" ;;
        esac
    done
}

signal() {
    name=$1
    shift
    for process in "$@"; do kill "-$name" "$process" 2>/dev/null || true; done
}

listening() {
    [ -s /run/sshd.pid ] && [ -d "/proc/$(cat /run/sshd.pid)" ]
}

has_systemd() {
    [ -d /run/systemd/system ]
}

stop_listening() {
    if has_systemd; then
        systemctl stop sshd.service
        rm -f /run/sshd.pid
    elif [ -s /run/sshd.pid ]; then
        signal KILL "$(cat /run/sshd.pid)"
        while listening; do sleep 0.005; done
        rm -f /run/sshd.pid
    fi
}

stop() {
    stop_listening
    cut_connections
}

start() {
    signal CONT $(sshd_processes)
    if ! listening; then
        rm -f /run/sshd.pid
        if has_systemd; then
            systemctl start sshd.service
        else
            /usr/sbin/sshd -f /etc/ssh/sshd_config -E /var/log/sshd.log
        fi
        until [ -s /run/sshd.pid ]; do sleep 0.005; done
    fi
}

hang() {
    signal STOP $(sshd_processes)
}

cut_connections() {
    signal KILL $(sshd_sessions)
}

# All processes but the first and this one.
reboot() {
    kill -KILL -1
    exec bash /etc/rig/boot.sh
}

switch_off() {
    kill -KILL -1
    # Their sockets are closed when they are gone, and a port is free only then.
    for file in /proc/[0-9]*/comm; do
        process=${file#/proc/}
        process=${process%/comm}
        case $process in 1 | $$) continue ;; esac
        # What the first process begins to sleep with stays; it has another name for a moment.
        while { read -r program <"$file"; } 2>/dev/null && [ "$program" != sleep ]; do sleep 0.005; done
    done
    rm -f /run/sshd.pid
}

# Leaves the listener's sessions alone: only new connections meet the other port.
move_to_port() {
    stop_listening
    sed -i "s/^Port .*/Port $1/" /etc/ssh/sshd_config
    start
}

# A directory of links to all programs but Nix's hides them under their full names too.
hide_nix() {
    mountpoint -q /usr/bin && return
    mkdir -p /run/rig/programs /run/rig/programs-but-nix
    mount -n --bind /usr/bin /run/rig/programs
    mount -n -t tmpfs -o mode=755 tmpfs /run/rig/programs-but-nix
    ln --symbolic --target-directory=/run/rig/programs-but-nix /run/rig/programs/*
    rm -f /run/rig/programs-but-nix/nix /run/rig/programs-but-nix/nix-*
    mount -n --move /run/rig/programs-but-nix /usr/bin
}

show_nix() {
    mountpoint -q /usr/bin || return 0
    umount -n -l /usr/bin
    umount -n -l /run/rig/programs
}

limit_disk() {
    if mountpoint -q /nix; then
        mount -n -o "remount,size=$1" /nix
        return
    fi
    mkdir -p /run/rig/nix
    mount -n -t tmpfs -o "mode=755,size=$1" tmpfs /run/rig/nix
    cp -a /nix/. /run/rig/nix || {
        umount -n /run/rig/nix
        exit 1
    }
    mount -n --move /run/rig/nix /nix
}

"$@"
