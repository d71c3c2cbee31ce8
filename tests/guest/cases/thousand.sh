#!/bin/bash
# Suite: trixie
# Title: 1,000 watched units with pressure rungs cost at most 20 psimon threads, and one's pressure reaches its own ladder
# Timeout: 300
guard_policy thousand <<'POLICY'
[Match]
Cgroup=/many*.slice/*
[Policy]
Mode=act
[Rung notice]
PressureSome=100ms/1s
Action=notify
[Rung kill]
Usage=90%
Action=kill
POLICY
base=/sys/fs/cgroup
for s in $(seq 0 24); do
  mkdir "$base/many$s.slice"
  echo +memory >"$base/many$s.slice/cgroup.subtree_control"
  for u in $(seq 40); do mkdir "$base/many$s.slice/u$u"; done
done
watched() { [ "$(memguardctl list --json | python3 -c 'import json,sys; print(sum("/many" in str(u) for u in json.load(sys.stdin)))')" -ge 1000 ]; }
wait_for 60 watched
threads=$(pgrep -c '^psimon' || true)
echo "psimon threads: $threads"
at_most "psimon threads" 20 "$threads"
grep -E 'VmRSS|VmLck' "/proc/$(systemctl show --property=MainPID --value "$GUARD")/status"

for unit in many0.slice/u7 many24.slice/u33; do
  echo $((30 * 1048576)) >"$base/$unit/memory.max"
  /bin/sh -c "echo \$\$ >$base/$unit/cgroup.procs; exec /usr/bin/python3 $SERVICES/stall.py --kind file --size 80" &
  stall=$!
  reached() { [ "$(since_case -o json "MEMGUARD_CGROUP=/$unit" MEMGUARD_RUNG=notice MEMGUARD_KIND=rung | wc -l)" -ge 1 ]; }
  wait_for 60 reached
  kill -9 $stall
  wait $stall || true
done
same "rungs of the others" 0 "$(since_case -o json MEMGUARD_KIND=rung | python3 -c '
import json, sys
print(sum(json.loads(line).get("MEMGUARD_CGROUP") not in ("/many0.slice/u7", "/many24.slice/u33") for line in sys.stdin))')"
rmdir $base/many*.slice/u* $base/many*.slice
