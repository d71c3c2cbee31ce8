#!/bin/bash
# Suite: bookworm
# Title: A leak of 8 MiB/s ends five times by a clean restart; a streaming and a sawing service run two minutes untouched
# Timeout: 300
guard_policy leak-slow <<'POLICY'
[Match]
Unit=leak-slow.service stream.service saw.service
[Policy]
Mode=act
RestartBudget=20/1h
[Rung ask]
Usage=80%
Action=signal SIGWINCH
[Rung restart]
Usage=90%
Action=restart
POLICY
start_service stream MemoryMax=100M -- stream.py --file /var/tmp/leak-slow.data --size 200 --rate 50
start_service saw MemoryMax=100M -- saw.py --low 12 --high 60 --period 8
start_service leak-slow MemoryMax=150M -- leak.py --rate 8
began=$SECONDS

five_restarts() { [ "$(count_records leak-slow MEMGUARD_ACTION=restart MEMGUARD_RESULT=done)" -ge 5 ]; }
wait_for 240 five_restarts
systemctl stop leak-slow
at_least "runs that ended with their work saved" 5 "$(clean_runs leak-slow)"
same "runs that were lost" 0 $(($(runs leak-slow) - $(clean_runs leak-slow)))
no_oom_kill

while [ $((SECONDS - began)) -lt 120 ]; do sleep 1; done
at_least "times that the stream ran into its limit or a wire" 100 $(($(cg_event stream max) + $(cg_event stream high)))
at_least "MiB of the saw's peak" 60 $(($(cg saw memory.peak 2>/dev/null || echo 70000000) / 1048576))
for quiet in stream saw; do
  same "actions on $quiet" 0 "$(count_records $quiet MEMGUARD_KIND=action)"
  same "rungs of $quiet" 0 "$(count_records $quiet MEMGUARD_KIND=rung)"
  same "runs of $quiet that were ended" 0 "$(systemctl show --property=NRestarts --value $quiet)"
done
