#!/bin/sh
# Runs the program of this name that the host has of its own: that of its PATH, or of the usual places.
usual=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
IFS=:
for directory in $PATH:$usual; do
  [ -x "$directory/@program@" ] || continue
  # Another program of the pocket would only look for this one again.
  case $(PATH=$PATH:$usual readlink -f "$directory/@program@") in
    */*-pocket/bin/*) ;;
    *) unset IFS && exec "$directory/@program@" "$@" ;;
  esac
done
echo "$0: this host has no @program@" >&2
exit 127
