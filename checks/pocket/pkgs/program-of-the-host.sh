#!/bin/sh
# Runs the program of this name that the host has of its own: that of its PATH, or of the usual places.
usual=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
IFS=:
for directory in $PATH:$usual; do
  program=$directory/@program@
  # Hosts start these all the time: no other program is asked where that can be.
  if [ ! -x "$program" ] || [ "$program" -ef "$0" ]; then continue; fi
  case $directory in
    /usr/* | /sbin | /bin) ;;
    # Another program of the pocket would only look for this one again.
    *) case $(PATH=$PATH:$usual readlink -f "$program") in */*-pocket/bin/*) continue ;; esac ;;
  esac
  unset IFS
  exec "$program" "$@"
done
echo "$0: this host has no @program@" >&2
exit 127
