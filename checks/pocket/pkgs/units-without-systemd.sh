# Where no systemd runs, `is-active` tells of the units that the pocket's activation started.
if [ "$1" = is-active ] && [ ! -d /run/systemd/system ]; then
  for unit; do :; done
  case $unit in *.*) ;; *) unit=$unit.service ;; esac
  state=/run/nixos-units/$unit
  { read -r word _ < "$state.state"; } 2> /dev/null || word=inactive
  [ ! -e "$state.pid" ] || kill -0 "$(cat "$state.pid")" 2> /dev/null || word=failed
  echo "$word"
  [ "$word" = active ]
  exit
fi
