# Has the systemd of the host run the services of a table. Sourced after `units.sh`, in place of what a shell would do.

stop_unit() {
  systemctl stop "$1"
  rm -f "$state/$1.state"
}

# A simple service counts as started before it has done anything: it is looked at a moment later.
start_units() {
  mkdir -p "$state" "$root/var/log/nixos-units"
  systemctl daemon-reload
  due=" $starting $restarting "
  [ "$due" != "   " ] || return 0
  # shellcheck disable=SC2086
  {
    systemctl reset-failed $starting $restarting 2> /dev/null
    systemctl restart $starting $restarting
  } || :
  sleep 0.2
  while read -r unit _ _ _ file _; do
    case $due in *" $unit "*) ;; *) continue ;; esac
    if systemctl --quiet is-failed "$unit"; then
      journalctl --quiet --no-pager --output=cat --unit="$unit" --lines=5 > "$root/var/log/nixos-units/$unit.log"
      unit_failed "$unit" "$file"
    else
      echo "$(systemctl is-active "$unit") $file" > "$state/$unit.state"
    fi
  done < "$table"
}
