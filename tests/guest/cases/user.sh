#!/bin/bash
# Suite: bookworm
# Title: A leaking unit of a user's manager is restarted cleanly by that manager
# Timeout: 150
# Bus: yes
# A user's manager needs logind, and that needs the broker.
guard_policy user <<'POLICY'
[Match]
Unit=user-kinds.service
[Policy]
Mode=act
[Rung restart]
Usage=85%
Action=restart
POLICY
install -d -o guest -g guest /home/guest/.config/systemd/user
cat >/home/guest/.config/systemd/user/user-kinds.service <<UNIT
[Service]
Environment=WORK=/tmp/user-kinds.work
ExecStart=/usr/bin/python3 -u $SERVICES/leak.py --rate 30
MemoryMax=100M
UNIT
systemctl start user@1000.service
as_guest() { runuser -u guest -- env XDG_RUNTIME_DIR=/run/user/1000 "$@"; }
as_guest systemctl --user daemon-reload
as_guest systemctl --user start user-kinds.service
restarted() { [ "$(since_case -o json MEMGUARD_UNIT=user-kinds.service MEMGUARD_ACTION=restart MEMGUARD_RESULT=done | wc -l)" -ge 1 ]; }
wait_for 90 restarted
as_guest systemctl --user stop user-kinds.service
same "runs of the user's unit that were lost" 0 $(($(grep -c ^start /tmp/user-kinds.work) - $(grep -c ^clean /tmp/user-kinds.work)))
systemctl stop user@1000.service
