#!/bin/bash
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
start_service leak-fast MemoryMax=150M Restart=always -- leak.py --rate 60

wait_for 120 clean_runs_at_least leak-fast 5
systemctl stop leak-fast
same "runs that were lost" 0 $(($(runs leak-fast) - $(clean_runs leak-fast)))
no_oom_kill
at_least "restarts by memguard" 5 "$(count_records leak-fast MEMGUARD_ACTION=restart MEMGUARD_RESULT=done)"
for i in 1 2 3; do same "actions on idle-fast$i" 0 "$(count_records "idle-fast$i" MEMGUARD_KIND=action)"; done
