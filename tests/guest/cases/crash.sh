#!/bin/bash
# Title: After kill -9 of the daemon in a throttle, a freeze and a restart with a loan, everything is the operator's again
# Timeout: 240
guard_policy crash <<'POLICY'
[Match]
Unit=crash-throttle.service crash-freeze.service
[Policy]
Mode=act
RestartBudget=20/1h
[Rung brake]
Usage=95%
Action=throttle 5min
[Rung freeze]
Event=oom-kill 1000/1h
Action=freeze 1min
POLICY
killed_daemon() {
  systemctl kill --signal=KILL "$GUARD"
  wait_for 30 systemctl --quiet is-active "$GUARD"
}
is() { [ "$(cg "$1" "$2")" = "$3" ]; }

# A throttle needs something to reclaim: a service with cache.
start_service crash-throttle MemoryMax=100M MemoryHigh=90M -- stream.py --size 60 --rate 50
operator=$((90 * 1048576))
sleep 5
memguardctl drill crash-throttle brake
at_most "memory.high while throttled" $((operator - 1)) "$(cg crash-throttle memory.high)"
killed_daemon
wait_for 10 is crash-throttle memory.high $operator

start_service crash-freeze MemoryMax=100M -- idle.py --size 20
memguardctl drill crash-freeze freeze
wait_for 5 is crash-freeze cgroup.freeze 1
killed_daemon
wait_for 10 is crash-freeze cgroup.freeze 0

# A service that takes its time to stop, so that the daemon can be killed in the middle.
guard_policy crash-more <<'POLICY'
[Match]
Unit=crash-slow.service
[Policy]
Mode=act
Loan=100M
[Rung stop]
Usage=90%
Action=restart
POLICY
start_service crash-slow MemoryMax=100M MemoryHigh=80M TimeoutStopSec=15 -- \
  /bin/sh -c 'trap "sleep 8; exit 0" TERM; while :; do sleep 0.2; done'
memguardctl drill crash-slow stop
wait_for 5 is crash-slow memory.max $((200 * 1048576))
killed_daemon
wait_for 10 is crash-slow memory.max $((100 * 1048576))
wait_for 10 is crash-slow memory.high $((80 * 1048576))
wait_for 30 systemctl --quiet is-active crash-slow
same "memory.max after the restart" $((100 * 1048576)) "$(cg crash-slow memory.max)"
same "memory.high after the restart" $((80 * 1048576)) "$(cg crash-slow memory.high)"
