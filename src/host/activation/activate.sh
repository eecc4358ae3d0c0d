# Makes a system the one that runs, by itself: whoever asked for it may go away meanwhile.
#
#   sh activate.sh DIRECTORY SYSTEM GOAL ROLLBACK LEASE LIMIT UNITS [GENERATION]
#
# ROLLBACK: `yes' goes back to what ran before where it fails or is not confirmed. LEASE: seconds without a
# word from the deployer after which it is not confirmed. LIMIT: seconds that switching may take.
# UNITS: `refuse' goes back where units fail, `accept' does not. GENERATION: the one of the system profile that
# SYSTEM is, where it is one already.
#
# Files in DIRECTORY: `log', what is said; `pid'; `tested', the exit status of the new system; `renew', made by
# the deployer to begin the lease anew; `decision', a link whose target is the decision, made by whoever
# comes first; `bell', a pipe that wakes whoever waits for a decision; `end', the last word. Each is whole as soon as it
# is there. `turn' is locked while there is nothing to be decided and no last word, for whoever waits for one of them.
set -u
umask 022
directory=$1 system=$2 goal=$3 rollback=$4 lease=$5 limit=$6 units=$7 generation=${8:-}
profile=/nix/var/nix/profiles/system
roots=/nix/var/nix/gcroots/nixops
marks=/run/nixops/activating
PATH=${PATH:+$PATH:}/run/current-system/sw/bin:/run/wrappers/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
cd /
exec </dev/null >>"$directory/log" 2>&1

tell() {
  echo "$2" >"$directory/.$1"
  mv "$directory/.$1" "$directory/$1"
}

over="$roots /run/nixops/holder"
end() {
  # Both before the last word: who reads it may begin at once.
  rm -rf $over
  exec 9>&-
  tell end "$*"
  exit 0
}

# What runs is as somebody wanted it, so that nothing need be repeated.
settled() { over="$over $marks"; }

# Runs `switch-to-configuration' of $1 with the goal $2, which may hang, and may leave daemons behind.
switch() { timeout --kill-after=10 "$limit" "$1/bin/switch-to-configuration" "$2" 8>&- 9>&-; }

# Goes back because of $1, or fails where that cannot be.
back() {
  if [ "$rollback" != yes ] || [ "$goal" = boot ] || [ -z "$before" ] || [ "$before" = "$system" ]; then
    end failed "$status" "$1"
  fi
  echo "going back to $before"
  switch "$before" test
  returned=$?
  case $returned in 0 | 4 | 100) settled ;; esac
  end rolled-back "$status" "$1" "$returned"
}

# A session that looks at it holds it for an instant; one that is frozen then must not hold this up.
turn() { exec 8<"$directory/turn" && flock -w 1 8; }
turn
echo $$ >"$directory/pid"
exec 9>>/run/nixops/lock
flock -n 9 || {
  exec 9>&-
  tell end "busy $(cat /run/nixops/holder 2>/dev/null)"
  exit 0
}
cp "$directory/who" /run/nixops/holder

status=0
before=$(readlink -f /run/current-system) || before=
[ -d "$before/bin" ] || before=
mkdir -p "$marks" && : >"$marks/$goal"
mkdir -p "$roots" && ln -sfn "$system" "$roots/new"
[ -z "$before" ] || ln -sfn "$before" "$roots/before"

if [ "$goal" != boot ]; then
  switch "$system" test
  status=$?
  case $status in
    0 | 100) refused= ;;
    4) if [ "$units" = refuse ]; then refused=units; else refused=; fi ;;
    124 | 137) refused=limit ;;
    *) refused=status ;;
  esac
  [ -z "$refused" ] || back "$refused"
  if [ "$rollback" = yes ]; then
    mkfifo "$directory/bell" && exec 7<>"$directory/bell"
    tell tested "$status"
    exec 8>&-
    # Counted in sleeps: clocks jump.
    left=$lease
    until [ -L "$directory/decision" ]; do
      if [ -e "$directory/renew" ]; then
        rm -f "$directory/renew"
        left=$lease
      fi
      if [ "$left" -le 0 ]; then
        # Where no decision can be noted, nobody else can note one.
        ln -s lease "$directory/decision" || [ -L "$directory/decision" ] || break
        continue
      fi
      timeout 1 head -c 1 <&7 >/dev/null || [ $? = 124 ] || sleep 1
      left=$((left - 1))
    done
    decision=$(readlink "$directory/decision") || decision=lease
    exec 7>&-
    turn
    [ "$decision" = confirm ] || back "$decision"
  fi
fi

if [ "$goal" != test ]; then
  booted=$(readlink "$profile") || booted=
  if [ -n "$generation" ]; then
    nix-env --profile "$profile" --switch-generation "$generation" 8>&- 9>&- || back profile
  else
    nix-env --profile "$profile" --set "$system" 8>&- 9>&- || back profile
  fi
  switch "$system" boot
  installed=$?
  case $installed in
    0 | 4 | 100) ;;
    *)
      [ "$goal" != boot ] || status=$installed
      number=${booted#system-}
      if [ "$rollback" = yes ] && [ -n "$booted" ]; then
        nix-env --profile "$profile" --switch-generation "${number%-link}" 8>&- 9>&-
        switch "$(readlink -f "$profile")" boot
      fi
      back boot
      ;;
  esac
  [ "$goal" != boot ] || status=$installed
fi
case $goal,$status in
  switch,*) settled ;;
  *) rm -f "$marks/$goal" ;;
esac
end "done" "$status"
: whole
