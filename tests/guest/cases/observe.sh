#!/bin/bash
# Suite: bookworm
# Title: As shipped, every service is observed and none is acted on: what would have been done is said
# Timeout: 120
at_least "units watched as shipped" 4 "$(memguardctl list --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')"
same "modes as shipped" '["observe"]' "$(memguardctl list --json | python3 -c 'import json, sys; print(json.dumps(sorted({u["mode"] for u in json.load(sys.stdin)})))')"
guard_policy observe <<'POLICY'
[Match]
Unit=observe.service
[Rung restart]
Usage=70%
Action=restart
POLICY
start_service observe MemoryMax=100M -- leak.py --rate 10 --until 75
first=$(systemctl show --property=InvocationID --value observe)
wait_for 60 has_record observe MEMGUARD_REASON=observe MEMGUARD_ACTION=restart
same "memory.high" max "$(cg observe memory.high)"
same "the run" "$first" "$(systemctl show --property=InvocationID --value observe)"
same "actions" 0 "$(count_records observe MEMGUARD_KIND=action)"
