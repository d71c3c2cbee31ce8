#!/bin/bash
# Title: The guest is the system that the other cases count on
# Timeout: 60

same "process 1" systemd "$(cat /proc/1/comm)"
same "filesystem of /sys/fs/cgroup" cgroup2fs "$(stat --file-system --format=%T /sys/fs/cgroup)"
grep -qw memory /sys/fs/cgroup/cgroup.subtree_control || fail "the memory controller is not on below the root cgroup"
[ -r /proc/pressure/memory ] || fail "the kernel does not measure pressure"
same "swap devices" 1 "$(wc -l </proc/swaps)" # its heading
same "active timers" "" "$(systemctl list-timers --no-legend)"

start_service smoke MemoryMax=64M -- idle.py --size 8
same "state of the service" active "$(systemctl is-active smoke)"
same "memory.max of the service" $((64 << 20)) "$(cg smoke memory.max)"
no_oom_kill
same "records about a service without a policy" 0 "$(count_records smoke)"
same "state of the broker" inactive "$(systemctl is-active dbus.service || true)"
