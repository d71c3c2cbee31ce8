#!/bin/bash
# Title: Real services of every class of growth are recorded by the daemon's own trace
# Timeout: 3600
# tests/growth/record puts this into a guest of its own; it is no case of tests/guest/run.
workloads=/payload/services/workloads.py
mkdir -p "/etc/systemd/system/$GUARD.d"
printf '[Service]\nExecStart=\nExecStart=/usr/sbin/memguardd --trace /var/lib/memguard/growth.trace\n' >"/etc/systemd/system/$GUARD.d/trace.conf"
systemctl daemon-reload
systemctl restart "$GUARD"
guard_policy growth <<'POLICY'
[Match]
Unit=rec-*.service
[Policy]
Mode=observe
Uprobes=no
Journal=no
POLICY
# shellcheck disable=SC2013
names=$(sed -n 's/^def \(\(steady\|warm\|leak\|step\|saw\|burst\|cache\)_[a-z]*\)():/\1/p' $workloads)
batch() {
  for name in "$@"; do
    start_service "rec-$name" MemoryMax=96M MemorySwapMax=0 -- /usr/bin/python3 -u $workloads "$name"
    sleep 1
  done
  sleep "${SECONDS_EACH:-320}"
  for name in "$@"; do
    systemctl stop "rec-$name" || true
    systemctl reset-failed "rec-$name" 2>/dev/null || true
    rm -f /var/tmp/growth-*
  done
}
# shellcheck disable=SC2086
set -- $names
while [ $# -gt 0 ]; do
  batch "${@:1:11}"
  shift $(($# < 11 ? $# : 11))
done
systemctl stop "$GUARD"
gzip -c /var/lib/memguard/growth.trace >"$RESULTS/growth.trace.gz"
rm -r "/etc/systemd/system/$GUARD.d"
systemctl daemon-reload
systemctl start "$GUARD"
