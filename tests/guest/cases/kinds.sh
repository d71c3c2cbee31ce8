#!/bin/bash
# Suite: trixie
# Title: Template instances, slices, scopes and bare cgroups are guarded, each as far as it can be
# Timeout: 180
guard_policy kinds <<'POLICY'
[Match]
Unit=kinds@*.service kinds.slice kinds-*.scope
Cgroup=/kinds-bare/**
[Policy]
Mode=act
[Rung ask]
Event=oom-kill 1000/1h
Action=signal SIGTERM all
[Rung restart]
Usage=85%
Action=restart
POLICY
has_wire() { [ "$(cat "/sys/fs/cgroup$1/memory.high")" != max ]; }

# A template's instance is restarted like any service.
write_service kinds@ MemoryMax=100M -- leak.py --rate 30
systemctl start kinds@one.service
echo kinds@one.service >>"$CASE_STATE/services"
wait_for 60 has_record kinds@one.service MEMGUARD_ACTION=restart MEMGUARD_RESULT=done
systemctl stop kinds@one.service

# A scope has no command that could start it again.
systemd-run --quiet --scope --unit=kinds-a.scope -p MemoryMax=100M python3 "$SERVICES/idle.py" --size 90 &
wait_for 60 has_record kinds-a.scope MEMGUARD_REASON=no-manager
systemctl stop kinds-a.scope
wait || true

# A slice is watched, and never acted on.
systemd-run --quiet --unit=kinds-in-slice --slice=kinds.slice python3 "$SERVICES/idle.py" --size 90
systemctl set-property --runtime kinds.slice MemoryMax=100M
wait_for 60 has_record kinds.slice MEMGUARD_REASON=protected
systemctl stop kinds-in-slice.service kinds.slice

# A bare cgroup gets its wire, and signals; what only systemd could do is refused.
mkdir /sys/fs/cgroup/kinds-bare
echo +memory >/sys/fs/cgroup/kinds-bare/cgroup.subtree_control
mkdir /sys/fs/cgroup/kinds-bare/one
echo 100M >/sys/fs/cgroup/kinds-bare/one/memory.max
wait_for 10 has_wire /kinds-bare/one
sleep 600 &
sleeper=$!
echo $sleeper >/sys/fs/cgroup/kinds-bare/one/cgroup.procs
memguardctl drill /kinds-bare/one ask
gone() { ! kill -0 $sleeper 2>/dev/null; }
wait_for 10 gone
wait $sleeper || true
rmdir /sys/fs/cgroup/kinds-bare/one /sys/fs/cgroup/kinds-bare
