# Runs the services of a table in the way of systemd, as far as a shell can. Sourced, with `root` set.
# A row: unit, type, `remains` or `ends`, `restart` or `keep`, unit file, start script.

state=$root/run/nixos-units
starting=
stopping=
restarting=
failed=
watched=

unit_state() { if [ -e "$state/$1.state" ]; then cat "$state/$1.state"; fi; }

# Sets the lists of units that a change to the table $1 stops, starts and restarts.
read_units() {
  table=$1
  newline='
'
  known=$newline
  while read -r unit type remains if_changed file script; do
    known=$known$unit$newline
    case $(unit_state "$unit") in
      "active $file") ;;
      "active "*) if [ "$if_changed" = restart ]; then restarting="$restarting $unit"; fi ;;
      *) starting="$starting $unit" ;;
    esac
  done < "$table"
  for path in "$state"/*.state; do
    [ -e "$path" ] || continue
    unit=${path##*/}
    unit=${unit%.state}
    case $known in
      *"$newline$unit$newline"*) ;;
      *) stopping="$stopping $unit" ;;
    esac
  done
}

# "a b c" as "a, b, c".
listed() {
  list=
  for word in $1; do list=${list:+$list, }$word; done
  printf '%s\n' "$list"
}

announce() {
  if [ -n "$2" ]; then echo "$1 the following units: $(listed "$2")" >&2; fi
}

stop_unit() {
  if [ -e "$state/$1.pid" ]; then
    kill "$(cat "$state/$1.pid")" 2> /dev/null || :
    rm -f "$state/$1.pid"
  fi
  rm -f "$state/$1.state"
}

# A oneshot is waited for; anything else goes on by itself and is looked at once afterwards.
start_unit() {
  log=$root/var/log/nixos-units/$unit.log
  if [ "$type" = oneshot ]; then
    if "$script" > "$log" 2>&1 < /dev/null; then
      if [ "$remains" = remains ]; then
        echo "active $file" > "$state/$unit.state"
      else
        echo "inactive $file" > "$state/$unit.state"
      fi
    else
      unit_failed "$unit" "$file"
    fi
  else
    nohup "$script" > "$log" 2>&1 < /dev/null &
    echo "$!" > "$state/$unit.pid"
    echo "active $file" > "$state/$unit.state"
    watched="$watched $unit:$!:$file"
  fi
}

unit_failed() {
  failed="$failed $1"
  echo "failed $2" > "$state/$1.state"
}

# Starts what `read_units` found, in the order of the table.
start_units() {
  [ -d "$state" ] && [ -d "$root/var/log/nixos-units" ] || mkdir -p "$state" "$root/var/log/nixos-units"
  for unit in $restarting; do stop_unit "$unit"; done
  due=" $starting $restarting "
  while read -r unit type remains if_changed file script; do
    case $due in *" $unit "*) start_unit ;; esac
  done < "$table"
  [ -z "$watched" ] || sleep 0.2
  for entry in $watched; do
    unit=${entry%%:*}
    file=${entry##*:}
    process=${entry#*:}
    process=${process%%:*}
    kill -0 "$process" 2> /dev/null || {
      rm -f "$state/$unit.pid"
      if wait "$process"; then
        echo "inactive $file" > "$state/$unit.state"
      else
        unit_failed "$unit" "$file"
      fi
    }
  done
}

# Names the units that failed, with the end of what they said; gives 4 then, as NixOS does.
report_failed_units() {
  [ -n "$failed" ] || return 0
  echo "warning: the following units failed: $(listed "$failed")" >&2
  for unit in $failed; do
    echo "× $unit" >&2
    tail -n 5 "$root/var/log/nixos-units/$unit.log" >&2
  done
  return 4
}
