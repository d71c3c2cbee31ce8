#!/bin/bash
# Suite: bookworm
# Title: PID 1's scope, journald, udev, the guard itself and whole slices are never acted on, even by a drill
guard_policy protected <<'POLICY'
[Match]
Unit=init.scope systemd-journald.service systemd-udevd.service memguardd.service system.slice
[Policy]
Mode=act
[Rung kill]
Event=oom-kill 1000/1h
Action=kill
POLICY
for unit in init.scope systemd-journald.service systemd-udevd.service memguardd.service system.slice; do
  memguardctl drill $unit kill || true
  withheld() { [ "$(since_case -o json MEMGUARD_UNIT="$unit" MEMGUARD_REASON=protected | wc -l)" -ge 1 ]; }
  wait_for 10 withheld
  case $unit in
    *.service) path=/system.slice/$unit ;;
    *) path=/$unit ;;
  esac
  same "memory.high of $unit" max "$(cat "/sys/fs/cgroup$path/memory.high")"
done
for unit in systemd-journald systemd-udevd "$GUARD"; do
  systemctl --quiet is-active "$unit" || fail "$unit does not run any more"
done
