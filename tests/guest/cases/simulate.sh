#!/bin/bash
# Suite: bookworm
# Title: What the flight recorder kept of a leak tells, under another policy, that a restart would have come before the kill
# Timeout: 180
guard_policy simulate <<'POLICY'
[Match]
Unit=simulate.service
[Rung tell]
Usage=80%
Action=notify
POLICY
start_service simulate MemoryMax=100M -- leak.py --rate 8
wait_for 90 has_record simulate MEMGUARD_VERDICT=kernel-oom-unit

cat >"$RESULTS/simulate-act.conf" <<'POLICY'
[Match]
Unit=simulate.service
[Policy]
Mode=act
[Rung ask]
Usage=60%
Action=signal SIGUSR1
Settle=1s
[Rung restart]
Usage=85%
Action=restart
POLICY
memguardctl simulate --flight --policy "$RESULTS/simulate-act.conf" --unit simulate | tee "$RESULTS/simulate.txt"
memguardctl simulate --flight --policy "$RESULTS/simulate-act.conf" --unit simulate --json >"$RESULTS/simulate.json"
value() { tail -n 1 "$RESULTS/simulate.json" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
of_unit() { tail -n 1 "$RESULTS/simulate.json" | python3 -c 'import json, sys; print(json.load(sys.stdin)["units"][0][sys.argv[1]])' "$1"; }
at_least "restarts that it would have made" 1 "$(value disruptions)"
at_least "kills in the recording" 1 "$(value recorded_kills)"
same "incidents, as there would have been no kill" 0 "$(value incidents)"
at_least "microseconds from the restart to the kill" 200000 "$(of_unit lead_usec)"
at_most "when it would have restarted, against the kill" "$(of_unit first_recorded_kill_usec)" "$(of_unit first_disruption_usec)"
grep -q "Would do now to simulate.service: restart" "$RESULTS/simulate.txt" || fail "no line says that it would have restarted"
grep -q "recorded  *Recorded of simulate.service instead: the kernel's OOM killer" "$RESULTS/simulate.txt" || fail "no line tells of the recorded kill"

# Under the policies that are in force it tells what happened: the kill, and no action.
memguardctl simulate --flight --unit simulate --json >"$RESULTS/simulate.json"
at_least "incidents" 1 "$(value incidents)"
same "restarts under the policy that observes" 0 "$(value disruptions)"

# Nobody but root reads it, and nothing is left of it when it is switched off.
same "mode of the directory" 700 "$(stat -c %a /var/lib/memguard/flight)"
same "modes of its files" 600 "$(stat -c %a /var/lib/memguard/flight/* | sort -u)"
memguardctl flight | tee "$RESULTS/flight.txt"
mkdir -p /etc/memguard/memguardd.conf.d
printf '[Recorder]\nFlight=no\n' >/etc/memguard/memguardd.conf.d/simulate.conf
memguardctl check
systemctl restart "$GUARD"
before=$(stat -c '%s %Y' /var/lib/memguard/flight/current.trace)
start_service simulate-off MemoryMax=100M -- sleep 60
sleep 2
systemctl restart "$GUARD"
same "size and time of the recorder's file while it is off" "$before" "$(stat -c '%s %Y' /var/lib/memguard/flight/current.trace)"
rm /etc/memguard/memguardd.conf.d/simulate.conf
systemctl restart "$GUARD"
