# The rules of systemd.tmpfiles: directories (d, D), files (f) and links (L, L+), without ages.
while read -r type path mode user group _ argument; do
  path=$root$path
  case $type in
    d | D)
      mkdir -p "$path"
      [ "${mode:--}" = - ] || chmod "$mode" "$path"
      ;;
    f | f+)
      if [ ! -e "$path" ] || [ "$type" = f+ ]; then
        mkdir -p "$(dirname "$path")"
        printf '%s' "$argument" > "$path"
        [ "${mode:--}" = - ] || chmod "$mode" "$path"
      fi
      ;;
    L | L+)
      if [ "$type" = L+ ]; then rm -rf "$path"; fi
      [ -e "$path" ] || [ -L "$path" ] || ln -s "$argument" "$path"
      continue
      ;;
    *) continue ;;
  esac
  [ "${user:--}" = - ] || chown "$user" "$path"
  [ "${group:--}" = - ] || chown ":$group" "$path"
done < "$systemConfig/etc/tmpfiles.d/00-nixos.conf"
