#!/bin/sh
# Stands in for sudo with a rule that lets everyone become root without a password.
user=root
while [ $# -gt 0 ]; do
    case $1 in
        --) shift; break ;;
        -u | --user) user=$2; shift 2 ;;
        --user=*) user=${1#--user=}; shift ;;
        -H | --set-home | -n | --non-interactive | -S | --stdin | -E | --preserve-env | -nH | -Hn) shift ;;
        -*) echo "sudo: this stand-in does not know the option $1" >&2; exit 1 ;;
        *) break ;;
    esac
done
if [ $# -eq 0 ]; then
    echo "sudo: no command" >&2
    exit 1
fi
HOME=$(getent passwd "$user" | cut -d : -f 6) USER=$user LOGNAME=$user
export HOME USER LOGNAME
exec /run/wrappers/setpriv --reuid "$user" --regid "$user" --init-groups "$@"
