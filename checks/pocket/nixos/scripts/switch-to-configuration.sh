#!/bin/sh
# Brings the running system, the boot loader or both to the configuration that this script belongs to.
system=@out@
root=${NIXOS_ROOT:-}
goal=${1:-}
# The host's own programs, whatever the system has.
PATH=/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}
export PATH

case $goal in
  switch | boot | test | dry-activate) ;;
  *)
    cat >&2 << USAGE
Usage: $0 [switch|boot|test|dry-activate]

switch:       make the configuration the boot default and activate it now
boot:         make the configuration the boot default
test:         activate the configuration, but don't make it the boot default
dry-activate: show what would be done, and do nothing
USAGE
    exit 1
    ;;
esac

# This system is for throw-away hosts: it must never take over a machine that somebody runs.
if [ -d "$root/run/systemd/system" ] && [ ! -e "$root/etc/NIXOS" ]; then
  echo "This is not a NixOS installation: systemd runs here, and there is no /etc/NIXOS" >&2
  exit 1
fi

record() {
  [ -d "$root/var/log/nixops-rig" ] || mkdir -p "$root/var/log/nixops-rig"
  echo "$goal $system $(date +%s.%N)" >> "$root/var/log/nixops-rig/activations"
}

if [ "$goal" = switch ] || [ "$goal" = boot ]; then
  @installBootLoader@ "$system" || {
    echo "Failed to install the boot loader" >&2
    exit 1
  }
fi
if [ "$goal" = boot ]; then
  record
  exit 0
fi

running=$root/run/current-system/init-interface-version
if [ -e "$running" ] && [ "$(cat "$running")" != "$(cat "$system/init-interface-version")" ]; then
  echo "Warning: the new configuration has an init that is incompatible with the running one" >&2
  echo "($(cat "$system/init-interface-version") after $(cat "$running")): it takes effect at the next reboot." >&2
  exit 100
fi

. "$system/units.sh"
if [ -d "$root/run/systemd/system" ]; then . "$system/units-of-systemd.sh"; fi
read_units "$system/unit-table"

if [ "$goal" = dry-activate ]; then
  announce "would stop" "$stopping"
  echo "would activate the configuration..." >&2
  NIXOS_ACTION=dry-activate "$system/dry-activate" || exit 2
  announce "would restart" "$restarting"
  announce "would start" "$starting"
  exit 0
fi

status=0
announce "stopping" "$stopping"
for unit in $stopping; do stop_unit "$unit"; done
echo "activating the configuration..." >&2
NIXOS_ACTION=$goal "$system/activate" || status=2
announce "restarting" "$restarting"
announce "starting" "$starting"
start_units
report_failed_units || status=$?
record
exit $status
