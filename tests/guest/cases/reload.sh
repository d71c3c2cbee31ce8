#!/bin/bash
# Title: After daemon-reload, set-property and daemon-reexec the wires are armed again, and the operator's MemoryHigh= is honoured
# Timeout: 120
guard_policy reload <<'POLICY'
[Match]
Unit=reload.service
[Policy]
Mode=act
[Rung restart]
Usage=80%
Action=restart
POLICY
start_service reload MemoryMax=100M -- idle.py --size 20
wire=$((80 * 1048576))
is() { [ "$(cg "$1" "$2")" = "$3" ]; }
wait_for 5 is reload memory.high $wire
first=$(systemctl show --property=InvocationID --value reload)

systemctl daemon-reload
wait_for 1 is reload memory.high $wire
systemctl set-property --runtime reload.service CPUWeight=150
wait_for 1 is reload memory.high $wire
systemctl daemon-reexec
wait_for 1 is reload memory.high $wire

# Nothing of ours among the drop-ins: only what set-property made.
same "drop-ins that name MemoryHigh" "" "$(grep -rl MemoryHigh /run/systemd/system /run/systemd/transient /run/systemd/system.control /etc/systemd/system.control 2>/dev/null || true)"

# The operator's own, below the wire: it stands, and nothing of ours is above or below it.
systemctl set-property --runtime reload.service MemoryHigh=60M
sleep 1
same "memory.high as the operator set it" $((60 * 1048576)) "$(cg reload memory.high)"
# Above the wire: the wire is below it, and a stop puts the operator's back.
systemctl set-property --runtime reload.service MemoryHigh=90M
wait_for 1 is reload memory.high $wire
systemctl stop "$GUARD"
same "memory.high when the daemon is gone" $((90 * 1048576)) "$(cg reload memory.high)"
systemctl start "$GUARD"
wait_for 5 is reload memory.high $wire
systemctl set-property --runtime reload.service MemoryHigh=infinity
wait_for 1 is reload memory.high $wire
# A limit that moves takes the wire with it.
systemctl set-property --runtime reload.service MemoryMax=200M
wait_for 1 is reload memory.high $((160 * 1048576))
same "the run" "$first" "$(systemctl show --property=InvocationID --value reload)"
