#!/bin/bash
# Suite: trixie
# Title: explain and history show an OOM kill with its evidence, also when the daemon does not run
# Timeout: 120
start_service explain MemoryMax=40M Restart=always RestartSec=100ms -- tail /dev/zero
told() { has_record explain MEMGUARD_KIND=incident; }
wait_for 60 told
systemctl stop explain memguardd
journalctl --sync

memguardctl explain explain | tee "$RESULTS/explain"
for words in 'the kernel killed tail' "the unit's own limit of 40M" 'Memory cgroup out of memory: Killed process' 'restarted'; do
  grep -q -- "$words" "$RESULTS/explain" || fail "explain does not say: $words"
done
memguardctl history --unit explain --json >"$RESULTS/history"
python3 - "$RESULTS/history" <<'PYTHON' || fail "history --json is not as it should be"
import json, sys
incidents = [json.loads(line) for line in open(sys.argv[1])]
assert incidents, "no incident"
for one in incidents:
    assert one["verdict"] == "kernel-oom-unit" and one["fate"] in ("restarted", "killed"), one
    assert one["unit"] == "explain.service" and one["pid"] > 1 and one["comm"] == "tail", one
    assert any(e["source"] == "kernel" for e in one["evidence"]), one
    assert one["memory"]["before"]["anon"] >= 0, one
PYTHON
status=0
memguardctl explain nothing-like-this || status=$?
same "exit status of explain for a unit without incidents" 1 "$status"
systemctl start memguardd
