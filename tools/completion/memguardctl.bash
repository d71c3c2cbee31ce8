# bash completion for memguardctl(1)

# Watched units, one a line. Asks the daemon; without one (or without the right to ask) there is nothing to offer.
__memguardctl_units() {
        memguardctl list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

__memguardctl_rungs() {
        memguardctl policy "$1" 2>/dev/null | sed -n 's/^\[Rung \(.*\)\]$/\1/p'
}

# Not by compgen -W, which would expand a "$" or a backslash in the name of a unit.
__memguardctl_offer_units() {
        local unit

        while IFS= read -r unit; do
                [[ $unit == "$1"* ]] && COMPREPLY+=("$(printf %q "$unit")")
        done < <(__memguardctl_units)
}

_memguardctl() {
        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
        local options='--json --host --root --socket --since --unit --verdict --directory --policy --flight --replay'
        options+=' --remove --dry --no-pager --help --version'
        local verbs='status list policy check doctor advise explain history simulate flight watch drill instrument snapshot'
        verbs+=' pause resume reload'
        local verdicts='memory-error kernel-oom-unit kernel-oom-ancestor kernel-oom-host userspace-oom memguard killed'
        verdicts+=' exit-137 runtime-oom limit-stall leak failure'
        local verb='' unit='' i

        COMPREPLY=()
        case $prev in
        --root | --directory)
                mapfile -t COMPREPLY < <(compgen -d -- "$cur")
                return
                ;;
        --socket | --policy)
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return
                ;;
        --since)
                mapfile -t COMPREPLY < <(compgen -W 'today yesterday -1h -1d -7d' -- "$cur")
                return
                ;;
        --verdict)
                mapfile -t COMPREPLY < <(compgen -W "$verdicts" -- "$cur")
                return
                ;;
        --unit)
                __memguardctl_offer_units "$cur"
                return
                ;;
        esac
        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
                return
        fi

        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                --root | --socket | --since | --unit | --verdict | --directory | --policy) i=$((i + 1)) ;;
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
        simulate)
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                ;;
        status | policy | doctor | advise | explain | pause | resume | drill | instrument | snapshot)
                if [[ -z $unit ]]; then
                        __memguardctl_offer_units "$cur"
                elif [[ $verb == drill ]]; then
                        mapfile -t COMPREPLY < <(compgen -W "$(__memguardctl_rungs "$unit")" -- "$cur")
                fi
                ;;
        esac
}

complete -F _memguardctl memguardctl
