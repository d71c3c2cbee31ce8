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
main_pid() { systemctl show --property=MainPID --value "$GUARD"; }
# A process with probes takes a moment to die.
is_another() { [ "$(main_pid)" != 0 ] && [ "$(main_pid)" != "$1" ] && systemctl --quiet is-active "$GUARD"; }
killed_daemon() {
  local pid
  pid=$(main_pid)
  systemctl kill --signal=KILL "$GUARD"
  wait_for 30 is_another "$pid"
}
is() { [ "$(cg "$1" "$2")" = "$3" ]; }

# A throttle needs something to reclaim: a service with cache.
start_service crash-throttle MemoryMax=100M MemoryHigh=90M -- stream.py --file /var/tmp/crash.data --size 60 --rate 50
operator=$((90 * 1048576))
grown() { [ "$(cg crash-throttle memory.current)" -gt $((50 * 1048576)) ]; }
wait_for 30 grown
memguardctl drill crash-throttle brake
throttled() { [ "$(cg crash-throttle memory.high)" -lt $operator ]; }
wait_for 10 throttled
killed_daemon
wait_for 10 is crash-throttle memory.high $operator

start_service crash-freeze MemoryMax=100M -- idle.py --size 20
memguardctl drill crash-freeze freeze
wait_for 5 is crash-freeze cgroup.freeze 1
killed_daemon
wait_for 10 is crash-freeze cgroup.freeze 0

# A service that takes its time to stop, so that the daemon can be killed in the middle. Many short sleeps: systemd's TERM
# goes to every process that it finds in the cgroup, a sleep of the trap included.
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
  /bin/sh -c 'trap "for i in 1 2 3 4 5 6 7 8; do sleep 1; done; exit 0" TERM; echo ready >/run/crash-slow; while :; do sleep 0.2; done'
wait_for 10 test -e /run/crash-slow
memguardctl drill crash-slow stop
wait_for 5 is crash-slow memory.max $((200 * 1048576))
killed_daemon
wait_for 10 is crash-slow memory.max $((100 * 1048576))
wait_for 10 is crash-slow memory.high $((80 * 1048576))
wait_for 30 systemctl --quiet is-active crash-slow
same "memory.max after the restart" $((100 * 1048576)) "$(cg crash-slow memory.max)"
same "memory.high after the restart" $((80 * 1048576)) "$(cg crash-slow memory.high)"
