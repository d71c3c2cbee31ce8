# bash completion for memguardctl(1)

# Watched units, one a line. Asks the daemon; without one (or without the right to ask) there is nothing to offer.
__memguardctl_units() {
        memguardctl list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

__memguardctl_rungs() {
        memguardctl policy "$1" 2>/dev/null | sed -n 's/^\[Rung \(.*\)\]$/\1/p'
}

_memguardctl() {
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
        local options='--json --root --socket --no-pager --help --version'
        local verbs='status list policy check watch drill pause resume reload'
        local verb='' unit='' i

        COMPREPLY=()
        case $prev in
        --root)
                mapfile -t COMPREPLY < <(compgen -d -- "$cur")
                return
                ;;
        --socket)
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return
                ;;
        esac
        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
                return
        fi

        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                --root | --socket) i=$((i + 1)) ;;
                -*) ;;
                *)
                        if [[ -z $verb ]]; then
                                verb=${COMP_WORDS[i]}
                        elif [[ -z $unit ]]; then
                                unit=${COMP_WORDS[i]}
                        fi
                        ;;
                esac
        done

        if [[ -z $verb ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
                return
        fi
        case $verb in
        status | policy | pause | resume | drill)
                if [[ -z $unit ]]; then
                        # Not by compgen -W, which would expand a "$" or a backslash in the name of a unit.
                        while IFS= read -r i; do
                                [[ $i == "$cur"* ]] && COMPREPLY+=("$(printf %q "$i")")
                        done < <(__memguardctl_units)
                elif [[ $verb == drill ]]; then
                        mapfile -t COMPREPLY < <(compgen -W "$(__memguardctl_rungs "$unit")" -- "$cur")
                fi
                ;;
        esac
}

complete -F _memguardctl memguardctl
