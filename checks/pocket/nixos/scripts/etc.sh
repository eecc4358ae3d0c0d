# Links the files of /etc, and copies those that have permissions of their own. A file of the host
# that is not ours stays as it is: hosts of the rig keep their own passwd and ssh keys.
static=$root/etc/static
ledger=$root/var/lib/nixos/etc-files
[ -d "$root/var/lib/nixos" ] || mkdir -p "$root/var/lib/nixos"
newline='
'
ours=$newline
[ ! -e "$ledger" ] || ours=$newline$(cat "$ledger")$newline
ln -sfn "$systemConfig/etc" "$static.new"
mv -fT "$static.new" "$static"

is_ours() {
  if [ -L "$root/etc/$1" ]; then
    case $(readlink "$root/etc/$1") in /etc/static/*) return 0 ;; *) return 1 ;; esac
  fi
  case $ours in *"$newline$1$newline"*) return 0 ;; *) return 1 ;; esac
}

kept=$newline
foreign=
while read -r target mode owner group; do
  path=$root/etc/$target
  there=
  if [ -e "$path" ] || [ -L "$path" ]; then there=yes; fi
  if [ "$mode" = symlink ] && [ -L "$path" ] && [ "$path" -ef "$static/$target" ]; then
    # Linked already, whatever the system: /etc/static is what changes.
    kept=$kept$target$newline
    continue
  fi
  if [ -n "$there" ] && ! is_ours "$target"; then
    foreign="$foreign /etc/$target"
    continue
  fi
  [ -d "${path%/*}" ] || mkdir -p "${path%/*}"
  if [ "$mode" != symlink ]; then
    rm -f "$path.new"
    cp -L "$systemConfig/etc/$target" "$path.new"
    chown "${owner#+}:${group#+}" "$path.new" 2> /dev/null ||
      echo "/etc/$target cannot be given to $owner:$group" >&2
    chmod "$mode" "$path.new"
    mv -fT "$path.new" "$path"
  elif [ -n "$there" ]; then
    ln -sfn "/etc/static/$target" "$path.new"
    mv -fT "$path.new" "$path"
  else
    ln -s "/etc/static/$target" "$path"
  fi
  kept=$kept$target$newline
done < "$systemConfig/etc-files"
known=$ledger.foreign
if [ -n "$foreign" ] && [ "$foreign" != "$(cat "$known" 2> /dev/null)" ]; then
  echo "left as they are, since the host made them:$foreign" >&2
fi
printf '%s' "$foreign" > "$known"

# What an earlier configuration had and this one has not.
if [ -e "$ledger" ]; then
  while read -r target; do
    [ -n "$target" ] || continue
    case $kept in
      *"$newline$target$newline"*) ;;
      *) if is_ours "$target"; then rm -f "$root/etc/$target"; fi ;;
    esac
  done < "$ledger"
fi
printf '%s' "${kept#"$newline"}" > "$ledger.new"
mv -f "$ledger.new" "$ledger"
