#!/bin/bash
# Suite: trixie
# Title: SIGUSR1 on the first rung makes a listening service shed its memory, and the ladder relaxes without a restart
# Timeout: 120
guard_policy shed <<'POLICY'
[Match]
Unit=shed.service
[Policy]
Mode=act
Relax=5s
[Rung ask]
Usage=60%
Action=signal SIGUSR1
Settle=3s
[Rung restart]
Usage=90%
Action=restart
POLICY
start_service shed User=nobody MemoryMax=120M -- shed.py --rate 10 --size 100 --once
first=$(systemctl show --property=InvocationID --value shed)

wait_for 60 has_record shed MEMGUARD_ACTION="signal SIGUSR1 main" MEMGUARD_RESULT=done
wait_for 60 has_record shed MEMGUARD_RUNG=ask MEMGUARD_RESULT=helped
wait_for 60 has_record shed MEMGUARD_RUNG=ask MEMGUARD_RESULT=calm
at_least "bytes that the verify says were freed" $((30 * 1048576)) "$(records shed MEMGUARD_RESULT=helped | field MEMGUARD_FREED_BYTES | head -n 1)"
same "the run" "$first" "$(systemctl show --property=InvocationID --value shed)"
same "restarts" 0 "$(count_records shed MEMGUARD_ACTION=restart)"
# Back at the first rung's level, and above it by no more than the cache that is there.
at_least "the wire after it, in bytes" $((72 * 1048576)) "$(cg shed memory.high)"
at_most "the wire after it, in bytes" $((80 * 1048576)) "$(cg shed memory.high)"
no_oom_kill
