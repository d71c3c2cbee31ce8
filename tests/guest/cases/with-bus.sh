#!/bin/bash
# Title: With dbus-daemon running a leaking service is restarted as well, and the guard uses PID 1's private socket
# Timeout: 120
# Bus: yes
guard_policy with-bus <<'POLICY'
[Match]
Unit=with-bus.service
[Policy]
Mode=act
[Rung restart]
Usage=85%
Action=restart
POLICY
start_service with-bus MemoryMax=100M -- leak.py --rate 30
wait_for 60 has_record with-bus MEMGUARD_ACTION=restart MEMGUARD_RESULT=done
systemctl stop with-bus
same "runs that were lost" 0 $(($(runs with-bus) - $(clean_runs with-bus)))
# One private connection, none through the broker.
pid=$(systemctl show --property=MainPID --value "$GUARD")
same "connections to the broker" "" "$(busctl list --no-legend | awk -v pid="$pid" '$2 == pid { print $1 }')"
has_record with-bus MEMGUARD_KIND=rung || fail "there is no record of the rung"
