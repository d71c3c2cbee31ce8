#!/bin/bash
# Suite: trixie
# Title: Every verb does what it says, reports it, and what can be undone is undone in time
# Timeout: 240
guard_policy verbs <<'POLICY'
[Match]
Unit=verbs.service
[Policy]
Mode=act
RestartBudget=20/1h
Relax=5min
[Rung notify]
Usage=60%
Action=notify
[Rung all]
Usage=65%
Action=signal SIGTERM all
[Rung largest]
Usage=70%
Action=signal TERM largest
[Rung reclaim]
Usage=75%
Action=reclaim 10M
[Rung throttle]
Usage=80%
Action=throttle 3s
[Rung freeze]
Usage=85%
Action=freeze 2s
[Rung hook]
Usage=90%
Action=start verbs-hook.service
[Rung restart]
Usage=95%
Action=restart
POLICY
guard_policy verbs-end <<'POLICY'
[Match]
Unit=verbs-*.service
[Policy]
Mode=act
[Rung stop]
Event=oom-kill 1000/1h
Action=stop
[Rung kill]
Event=oom-kill 1000/1h
Action=kill
[Rung pressure]
Event=oom-kill 1000/1h
Action=pressure
[Rung ask]
Usage=94%
Action=signal SIGUSR1
[Rung ask-all]
Usage=95%
Action=signal SIGUSR1 all
POLICY
# A file of its own: cache that another unit brought in would be charged there.
start_service verbs MemoryMax=150M -- stream.py --file /var/tmp/verbs.data --size 60 --rate 50
write_service verbs-hook -- /bin/sh -c 'echo hooked >>/run/verbs-hook; exec sleep 600'
grown() { [ "$(cg verbs memory.current)" -gt $((50 * 1048576)) ]; }
wait_for 30 grown
drill() {
  memguardctl drill "$1" "$2"
  wait_for 20 has_record "$1" MEMGUARD_RUNG="$2" MEMGUARD_KIND=action MEMGUARD_RESULT="${3:-done}"
}
is() { [ "$(cg "$1" "$2")" = "$3" ]; }
# The next rung's wire is far above what the service uses.
is_lifted() {
  local high
  high=$(cg verbs memory.high)
  [ "$high" = max ] || [ "$high" -gt $((110 * 1048576)) ]
}

drill verbs notify
drill verbs reclaim
at_least "bytes that reclaim says it freed" $((5 * 1048576)) "$(records verbs MEMGUARD_RUNG=reclaim MEMGUARD_KIND=action | field MEMGUARD_FREED_BYTES | tail -n 1)"
drill verbs throttle
at_most "memory.high while throttled" $((100 * 1048576)) "$(cg verbs memory.high)"
wait_for 10 is_lifted
drill verbs freeze
same "frozen" 1 "$(cg verbs cgroup.freeze)"
wait_for 10 is verbs cgroup.freeze 0
wait_for 10 has_record verbs MEMGUARD_ACTION=freeze MEMGUARD_RESULT=undone
drill verbs hook
wait_for 10 test -s /run/verbs-hook
first=$(systemctl show --property=InvocationID --value verbs)
drill verbs restart
[ "$(systemctl show --property=InvocationID --value verbs)" != "$first" ] || fail "restart made no new run"

# SIGTERM ends a stream: both kinds reach it.
drill verbs all
down() { ! systemctl --quiet is-active "$1"; }
wait_for 10 down verbs
systemctl start verbs
wait_for 10 systemctl --quiet is-active verbs
drill verbs largest
wait_for 10 down verbs

start_service verbs-a -- idle.py --size 10
start_service verbs-b -- idle.py --size 10
start_service verbs-c -- idle.py --size 10
drill verbs-a stop
wait_for 10 down verbs-a
drill verbs-b kill
wait_for 10 down verbs-b
drill verbs-c pressure failed # it does not listen, and that is said
systemctl is-active --quiet verbs-c || fail "a refused verb ended the service"
# Nor does it handle this signal, which would end it.
drill verbs-c ask failed
drill verbs-c ask-all failed
records verbs-c MEMGUARD_RUNG=ask MEMGUARD_KIND=action | field MESSAGE | tee /dev/stderr | grep -q 'has no handler for SIGUSR1' ||
  fail "it is not said why no signal was sent"
systemctl is-active --quiet verbs-c || fail "a signal that it does not expect ended the service"
