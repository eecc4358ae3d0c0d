# Writes what is the server's own to standard output: its programs are the computer's, and volumes are by themselves.
#   sh -c "$(cat backup.sh)"
set -eu
cd /
set --
for directory in boot etc home nix root srv var; do
    [ ! -d "$directory" ] || set -- "$@" "$directory"
done
exec tar --create --exclude=etc/alternatives --exclude=var/log/sshd.log --file=- "$@"
