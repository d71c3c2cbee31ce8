#!/bin/bash
# Suite: trixie
# Title: One request of twice the limit ends cleanly with a loan; without one the kernel's kill stays in that unit
# Timeout: 180
guard_policy loan <<'POLICY'
[Match]
Unit=burst-loan.service burst-bare.service idle-loan.service
[Policy]
Mode=act
RestartBudget=20/1h
[Rung restart]
Usage=80%
Action=restart
POLICY
guard_policy loan-more <<'POLICY'
[Match]
Unit=burst-loan.service
[Policy]
Loan=200M
POLICY
start_service idle-loan MemoryMax=100M -- idle.py --size 20
start_service burst-loan MemoryMax=150M -- burst.py --wait 3 --size 300
limit=$(cg burst-loan memory.max)

wait_for 60 has_record burst-loan MEMGUARD_ACTION=restart MEMGUARD_RESULT=done
systemctl stop burst-loan
at_least "runs that ended with their work saved" 1 "$(clean_runs burst-loan)"
same "runs that were lost" 0 $(($(runs burst-loan) - $(clean_runs burst-loan)))
no_oom_kill
systemctl start burst-loan
same "memory.max of the new run" "$limit" "$(cg burst-loan memory.max)"
same "memory.max in bytes" $((150 * 1048576)) "$limit"
systemctl stop burst-loan

start_service burst-bare MemoryMax=150M -- burst.py --wait 1 --size 300
killed() { [ "$(new_oom_kills)" -ge 1 ]; }
wait_for 60 killed
systemctl is-active --quiet idle-loan || fail "the service beside it was ended too"
same "runs of the idle service" 0 "$(systemctl show --property=NRestarts --value idle-loan)"
same "actions on the idle service" 0 "$(count_records idle-loan MEMGUARD_KIND=action)"
