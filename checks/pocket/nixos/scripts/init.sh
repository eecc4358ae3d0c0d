#!/bin/sh
# What a host runs when it starts: it brings itself to the configuration, and its units up.
system=@out@
root=${NIXOS_ROOT:-}
PATH=/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}
export PATH
ln -sfn "$system" "$root/run/booted-system"
"$system/activate"
. "$system/units.sh"
read_units "$system/unit-table"
start_units
report_failed_units
