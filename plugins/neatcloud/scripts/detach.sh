# Starts a program that outlives this one, its terminal and its parent. What was open stays closed to it: a lock of
# the deployer's that it inherited would be held for as long as the server lives.
#   bash detach.sh PROGRAM ARGUMENT…
for descriptor in /proc/self/fd/*; do
    descriptor=${descriptor##*/}
    [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-"
done
cd /
exec setsid --fork "$@"
