#!/bin/bash
# Suite: bookworm
# Title: memguardctl speaks for eyes and for programs, pauses and resumes, and has the exit statuses of its manual
guard_policy ctl <<'POLICY'
[Match]
Unit=ctl.service
[Policy]
Mode=act
[Rung restart]
Usage=80%
Action=restart
POLICY
start_service ctl MemoryMax=100M -- idle.py --size 20
for verb in status "status ctl" list "policy ctl" check; do
  # shellcheck disable=SC2086 # words
  memguardctl $verb >"$RESULTS/text"
  grep -q "$(printf '\033')" "$RESULTS/text" && fail "$verb writes colours into a file"
  # shellcheck disable=SC2086
  memguardctl --json $verb | python3 -m json.tool >/dev/null || fail "$verb --json is no JSON"
done
is() { [ "$(cg "$1" "$2")" = "$3" ]; }
memguardctl watch --json >"$RESULTS/watch" &
watcher=$!
sleep 1
memguardctl pause
wait_for 5 is ctl memory.high max
systemctl restart "$GUARD" # the pause outlives the daemon
sleep 2
same "memory.high while paused" max "$(cg ctl memory.high)"
memguardctl resume
wait_for 5 is ctl memory.high $((80 * 1048576))
wait $watcher || true # it ends with the daemon that was restarted
python3 -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' "$RESULTS/watch" || fail "watch --json is no JSON"
status() {
  local status=0
  "$@" >/dev/null 2>&1 || status=$?
  echo $status
}
same "status of an unknown verb" 2 "$(status memguardctl dance)"
same "status of an unknown unit" 1 "$(status memguardctl status nothing-here.service)"
systemctl stop "$GUARD"
same "status without a daemon" 3 "$(status memguardctl status)"
systemctl start "$GUARD"
