#!/bin/sh
# A provider that does one thing wrong: the name by which it is called says which.
echo $$ > "${0%/*}/pid"

say() { printf '%s\n' "$1"; }
hear() { IFS= read -r request; }
answer() { say "{\"jsonrpc\":\"2.0\",\"id\":$1,\"result\":$2}"; }
refuse() { say "{\"jsonrpc\":\"2.0\",\"id\":$1,\"error\":$2}"; }
notify() { say "{\"jsonrpc\":\"2.0\",\"method\":\"$1\",\"params\":$2}"; }
about='{"protocol":1,"provider":{"name":"fake","version":"0"},"types":{}}'
welcome() { hear; answer 1 "$about"; }
for_ever() { exec sleep 1000; }

case ${0##*/} in
  # While it is greeted.
  exits-at-once) printf 'reading the configuration\nno credentials\n' >&2; exit 3 ;;
  dies-by-a-signal) kill -s KILL $$ ;;
  never-answers) echo "waiting for the cloud" >&2; for_ever ;;
  chooses-a-newer-version) hear; answer 1 '{"protocol":7,"provider":{"name":"fake","version":"0"},"types":{}}'; for_ever ;;
  speaks-newer-versions-only)
    hear
    refuse 1 '{"code":1,"message":"fake speaks version 7","data":{"kind":"unsupported","hint":"update NixOps"}}'
    for_ever ;;
  has-no-name) hear; answer 1 '{"protocol":1,"provider":{"name":"","version":"0"},"types":{}}'; for_ever ;;
  is-no-provider) hear; answer 1 '{"protocol":"one"}'; for_ever ;;

  # While it is asked something.
  answers-a-wrong-id) welcome; hear; answer 99 '{}'; for_ever ;;
  answers-twice) welcome; hear; answer 2 '{}'; answer 2 '{}'; for_ever ;;
  breaks-off) welcome; hear; printf '{"jsonrpc":"2.0","id' ;;
  writes-100-megabytes) welcome; hear; head -c 100000000 /dev/zero | tr '\0' x; say; for_ever ;;
  writes-no-text) welcome; hear; printf '{"jsonrpc":"\377"}\n'; for_ever ;;
  prints) welcome; hear; say "Connecting to the cloud ..."; for_ever ;;
  writes-other-json) welcome; hear; say '["hello"]'; for_ever ;;
  says-both) welcome; hear; say '{"jsonrpc":"2.0","id":2,"result":{},"error":{"code":1,"message":"no"}}'; for_ever ;;
  says-neither) welcome; hear; say '{"jsonrpc":"2.0","id":2}'; for_ever ;;
  sings) welcome; hear; notify sing '{}'; for_ever ;;
  logs-wrongly) welcome; hear; notify log '{"level":"loud","message":"hello"}'; for_ever ;;
  asks) welcome; hear; say '{"jsonrpc":"2.0","id":1,"method":"secret","params":{}}'; for_ever ;;
  does-not-understand) welcome; hear; refuse null '{"code":-32700,"message":"the message is no JSON"}'; for_ever ;;
  answers-something-else) welcome; hear; answer 2 '{"id":"one","outputs":{},"private":1,"secret":2}'; hear; answer 3 '{"id":["hunter2"],"outputs":{}}'; for_ever ;;
  crashes) welcome; hear; hear; hear; echo "segmentation fault, nearly" >&2; exit 139 ;;
  leaves-a-child) welcome; hear; sleep 1000 & exit 1 ;;
  closes-its-output) welcome; hear; exec >&-; for_ever ;;
  closes-its-input) hear; exec <&-; answer 1 "$about"; for_ever ;;
  does-not-read) welcome; for_ever ;;
  ignores-everything) trap '' TERM; welcome; while :; do sleep 0.1; done ;;
  gives-up) welcome; hear; hear; refuse 2 '{"code":1,"message":"stopped","data":{"kind":"cancelled"}}'; for_ever ;;
  gives-up-in-the-middle)
    welcome; hear; hear; hear; answer 2 '{"id":"one","outputs":{}}'
    hear; refuse 3 '{"code":1,"message":"stopped","data":{"kind":"cancelled"}}'
    hear; answer 4 '{"id":"three","outputs":{}}'
    for_ever ;;
  is-late) welcome; hear; hear; answer 2 '{"id":"one","outputs":{}}'; for_ever ;;
  stays) trap '' TERM; welcome; while :; do sleep 0.1; done ;;
  fails-in-the-end) welcome; while hear; do :; done; echo "cannot save" >&2; exit 4 ;;
  is-noisy)
    head -c 3000000 /dev/zero | tr '\0' x >&2
    welcome; hear
    notify log '{"request":2,"level":"warning","message":"slow today"}'
    notify progress '{"request":2,"message":"making","done":1,"total":2}'
    notify log '{"message":"by the way"}'
    answer 2 '{"id":"one","outputs":{"size":3}}'
    while hear; do :; done ;;
  is-rude)
    hear
    answer 1 '{"protocol":1,"provider":{"name":"rude","version":"0"},"types":{"server":{},"volume":{}}}'
    while hear; do
      id=${request#*'"id":'}
      id=${id%%[!0-9]*}
      case $request in
        '{'*'"schema"'*) result='{"types":{"server":{"options":{"type":"objekt"},"outputs":{}}}}' ;;
        '{'*'"create"'*) result="{\"id\":\"$id\",\"outputs\":{}}" ;;
        '{'*'"read"'*) result='{"resources":[{"outputs":{}}]}' ;;
        '{'*'"diff"'*) result='{"changes":[{"path":["size"],"kind":"update"}]}' ;;
        '{'*'"update"'*) result='{"outputs":{},"size":2}' ;;
        *) result='{}' ;;
      esac
      answer "$id" "$result"
    done
    say "Good bye"; exit 1 ;;
  refuses)
    welcome; hear
    refuse 2 '{"code":1,"message":"the inputs are wrong","data":{"kind":"invalid","hint":"see the docs","diagnostics":[{"path":["disks","0","size"],"message":"too small"},{"message":"too cheap"}]}}'
    hear; refuse 3 '{"code":-32601,"message":"there is no method `dance`"}'
    while hear; do :; done ;;
  *) echo "unknown: $0" >&2; exit 64 ;;
esac
