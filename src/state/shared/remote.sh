# Keeps a file that several people share: `state.age` in a directory, beside `state.lock` while somebody
# works on it. Run where the directory is, as `sh -c SCRIPT sh VERB DIRECTORY …`; says in its first
# line what it found. Nothing but what every system has is used.
set -eu
export LC_ALL=C
umask 007
CDPATH=
verb=$1
if ! cd "$2" 2> /dev/null; then
  echo "there is no directory $2, or it is closed to $(id -un)" >&2
  exit 1
fi

# The word that tells one encrypted file from every other: the code at the end of its header.
revision() {
  if [ -e state.age ]; then sed -n -e '/^--- /{p;q;}' state.age | cut -c 5-; else echo none; fi
}

is_mine() {
  grep -q -F "\"token\":\"$1\"" state.lock 2> /dev/null
}

say_lock() {
  echo "$1"
  cat state.lock 2> /dev/null || :
}

case $verb in
# take TOKEN < text: makes the lock if there is none.
take)
  temporary=state.lock.$3
  trap 'rm -f "$temporary"' EXIT
  cat > "$temporary"
  # A name for a whole file comes into being at once. Where files have one name only, a new file does.
  if ln "$temporary" state.lock 2> /dev/null; then echo taken
  elif [ -e state.lock ]; then say_lock held
  elif (set -C; cat "$temporary" > state.lock) 2> /dev/null; then echo taken
  else say_lock held; fi
  ;;
# retake TOKEN < text: gives a lock that is ours a new text.
retake)
  temporary=state.lock.$3
  trap 'rm -f "$temporary"' EXIT
  cat > "$temporary"
  if is_mine "$3"; then mv -f "$temporary" state.lock; echo taken; else say_lock held; fi
  ;;
# fetch REVISION: gives the file, unless it is the one that is known already.
fetch)
  now=$(revision)
  if [ "$now" = none ]; then echo none
  elif [ "$now" = "$3" ]; then echo same
  else echo other; cat state.age; fi
  ;;
# replace TOKEN REVISION SIZE < file: puts a new file in place of the one with this revision.
replace)
  temporary=state.age.$3
  trap 'rm -f "$temporary"' EXIT
  cat > "$temporary"
  if [ "$(wc -c < "$temporary")" -ne "$5" ]; then
    echo "the state did not arrive as a whole" >&2
    exit 1
  fi
  sync "$temporary" 2> /dev/null || sync
  if ! is_mine "$3"; then say_lock lost
  elif [ "$(revision)" != "$4" ]; then echo moved
  else
    ln -f state.age state.age.before 2> /dev/null || :
    mv -f "$temporary" state.age
    sync . 2> /dev/null || sync
    echo done
  fi
  ;;
# release TOKEN: removes the lock if it is ours.
release)
  if is_mine "$3"; then rm -f state.lock; echo done; else say_lock lost; fi
  ;;
# holder: gives the lock.
holder)
  if [ -e state.lock ]; then say_lock held; else echo none; fi
  ;;
# unlock: removes the lock, whosever it is.
unlock)
  if [ -e state.lock ]; then say_lock held; rm -f state.lock; else echo none; fi
  ;;
*)
  echo "unknown verb $verb" >&2
  exit 1
  ;;
esac
