#!/bin/bash
# Suite: trixie
# Title: A thousand calm units cost at most 6 wakeups a minute and 6 MiB, of it 2 MiB private; figures are printed
# Timeout: 400
# A daemon of its own: what a thousand units cost, not what the cases before have left in its heap.
systemctl restart "$GUARD"
guard_policy cost <<'POLICY'
[Match]
Cgroup=/cost*.slice/*
[Policy]
Mode=act
[Rung kill]
Usage=90%
Action=kill
POLICY
base=/sys/fs/cgroup
for s in $(seq 0 9); do
  mkdir "$base/cost$s.slice"
  echo +memory >"$base/cost$s.slice/cgroup.subtree_control"
  for u in $(seq 100); do mkdir "$base/cost$s.slice/u$u"; done
done
# Every unit's wire is at 90 % of what the host has; asking the daemon for a list would be part of what it costs.
watched() { [ "$(cat $base/cost*.slice/u*/memory.high | grep -vc max)" -ge 1000 ]; }
wait_for 90 watched
pid=$(systemctl show --property=MainPID --value "$GUARD")
wakeups() { awk '/^voluntary_ctxt/ { n += $2 } END { print n }' /proc/"$pid"/task/*/status; }
sleep 70 # a minute after the end of a run, as of the cases before, it is written what units have needed
before=$(wakeups)
sleep 90
woken=$(((2 * ($(wakeups) - before) + 2) / 3)) # a minute
rss=$(sed -n 's/^VmRSS:\s*\([0-9]*\) kB/\1/p' /proc/"$pid"/status)
private=$(sed -n 's/^Private_Dirty:\s*\([0-9]*\) kB/\1/p' /proc/"$pid"/smaps_rollup)
# Where it is, for whoever finds it grown.
awk '/^[0-9a-f]+-/ { where = $0 } /^Private_Dirty:/ && $2 > 60 { print $2 " kB: " where }' /proc/"$pid"/smaps
echo "cost: $woken wakeups a minute, VmRSS $rss kB, $private kB of it private and dirty" | tee /dev/kmsg
same "units in the list" 1000 "$(memguardctl list --json | grep -o '/cost[0-9]*.slice/u[0-9]*"' | sort -u | wc -l)"
echo "after a list of them: $(sed -n 's/^Private_Dirty:\s*//p' /proc/"$pid"/smaps_rollup) private and dirty"
rmdir $base/cost*.slice/u* $base/cost*.slice
at_most "wakeups a minute" 6 "$woken"
at_most "VmRSS in kB" 6144 "$rss"
at_most "private kB" 2048 "$private"
