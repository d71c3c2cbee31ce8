#!/bin/bash
# Suite: bookworm
# Title: A leak of a minute is named with its forecast; with TimeToLimit= it is restarted before its limit; a saw is no leak
# Timeout: 480
guard_policy growth <<'POLICY'
[Match]
Unit=grow-*.service
[Policy]
Mode=act
POLICY
guard_policy growth-warned <<'POLICY'
[Match]
Unit=grow-warned.service
[Rung leave]
TimeToLimit=1min
Action=restart
POLICY
start_service grow-saw MemoryMax=120M MemorySwapMax=0 -- saw.py --low 12 --high 45 --period 24
start_service grow-leak MemoryMax=120M MemorySwapMax=0 -- leak.py --rate 1.4
start_service grow-warned MemoryMax=120M MemorySwapMax=0 -- leak.py --rate 1.4

# The one that nobody guards: told once, with the time at which it would end.
wait_for 240 has_record grow-leak MEMGUARD_VERDICT=leak
memguardctl status grow-leak | tee /dev/stderr | grep -q 'Growth: leak, by ' || fail "status shows no leak"
memguardctl list | grep '^grow-leak' | grep -q 'leak, .* left' || fail "the list shows no leak"
memguardctl explain grow-leak | tee /dev/stderr | grep -q 'reaches its limit of 120M in ' || fail "explain has no forecast"
class() { memguardctl status "$1" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["units"][0]["growth"]["'"$2"'"])'; }
same "the class of the leak" leak "$(class grow-leak class)"
at_least "its bytes a second" 1000000 "$(class grow-leak slope_bytes_per_s)"
at_most "its bytes a second" 1800000 "$(class grow-leak slope_bytes_per_s)"
systemctl stop grow-leak

# The other: ended with its work saved, by the forecast alone.
wait_for 120 has_record grow-warned MEMGUARD_ACTION=restart MEMGUARD_RESULT=done
records grow-warned MEMGUARD_KIND=rung | field MESSAGE | tee /dev/stderr | grep -q 'it leaks .* and reaches its limit in' ||
  fail "the rung does not say why it was taken"
at_least "runs that ended with their work saved" 1 "$(clean_runs grow-warned)"
same "leaks told of one run" 1 "$(count_records grow-leak MEMGUARD_VERDICT=leak)"
no_oom_kill

same "the class of the saw" saw "$(class grow-saw class)"
same "leaks told of the saw" 0 "$(count_records grow-saw MEMGUARD_VERDICT=leak)"
same "restarts of the saw" 0 "$(systemctl show --property=NRestarts --value grow-saw)"
