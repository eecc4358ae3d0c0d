#!/bin/sh
# Runs the program of this name that the host has of its own.
for directory in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
  if [ -x "$directory/@program@" ]; then exec "$directory/@program@" "$@"; fi
done
echo "$0: this host has no @program@" >&2
exit 127
