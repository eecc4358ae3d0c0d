# Completes the words of `nixops` in bash.
_nixops() {
    # Readline splits words at `@`, `:` and `=`, and nixops does not: they are put together again.
    local line=${COMP_LINE:0:COMP_POINT} words=() word i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i == 0)) || [[ -z $line || $line == [[:space:]]* ]]; then
            line=${line#"${line%%[![:space:]]*}"}
            words+=('')
        fi
        ((i < COMP_CWORD)) || word=$line
        words[${#words[@]} - 1]+=$word
        line=${line#"$word"}
    done
    local index=$((${#words[@]} - 1))
    # What stands before the part that readline replaces.
    local before=${words[index]%"$2"}
    local IFS=$'\v'
    COMPREPLY=($(_CLAP_IFS=$IFS _CLAP_COMPLETE_INDEX=$index NIXOPS_COMPLETE=bash nixops -- "${words[@]}" 2> /dev/null))
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
    if [[ ${#COMPREPLY[@]} = 1 && ${COMPREPLY[0]} == *[=/:] ]]; then
        compopt -o nospace
    fi
}
complete -o bashdefault -o nosort -F _nixops nixops
