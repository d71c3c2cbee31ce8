#!/bin/bash
# Suite: bookworm
# Title: A leak of 60 MiB/s ends five times by a clean restart, and idle services beside it are never touched
# Timeout: 150
guard_policy leak-fast <<'POLICY'
[Match]
Unit=leak-fast.service idle-fast*.service
[Policy]
Mode=act
RestartBudget=20/1h
[Rung restart]
Usage=90%
Action=restart
POLICY
for i in 1 2 3; do start_service "idle-fast$i" MemoryMax=100M -- idle.py --size 20; done
start_service leak-fast MemoryMax=150M -- leak.py --rate 60

five_restarts() { [ "$(count_records leak-fast MEMGUARD_ACTION=restart MEMGUARD_RESULT=done)" -ge 5 ]; }
wait_for 120 five_restarts
systemctl stop leak-fast
at_least "runs that ended with their work saved" 5 "$(clean_runs leak-fast)"
same "runs that were lost" 0 $(($(runs leak-fast) - $(clean_runs leak-fast)))
no_oom_kill
for i in 1 2 3; do
  same "actions on idle-fast$i" 0 "$(count_records "idle-fast$i" MEMGUARD_KIND=action)"
  same "runs of idle-fast$i" 0 "$(systemctl show --property=NRestarts --value "idle-fast$i")"
done
