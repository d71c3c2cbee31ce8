#!/bin/bash
# Title: The package upgrades and purges cleanly, and comes back; a host without PSI is told so
# Timeout: 120
dpkg -i /payload/memguard.deb
systemctl --quiet is-active "$GUARD" || fail "it does not run after an upgrade"
systemctl --quiet is-enabled "$GUARD" || fail "it is not enabled after an upgrade"
journalctl --catalog --no-pager --quiet -n 1 MEMGUARD_KIND=state | grep -q "Defined-By: memguard" || fail "the journal has no catalog entry"

mkdir -p "$RESULTS/fake/proc" "$RESULTS/fake/sys/fs/cgroup"
status=0
memguardd --root "$RESULTS/fake" 2>"$RESULTS/lacks" || status=$?
same "exit status on a host that lacks cgroup v2" 69 $status
grep -q cgroup "$RESULTS/lacks" || fail "what is lacking is not said: $(cat "$RESULTS/lacks")"

dpkg --purge memguard
[ -e /etc/memguard ] && fail "/etc/memguard is left behind"
[ -e /var/lib/memguard ] && fail "/var/lib/memguard is left behind"
[ -e /run/memguard ] && fail "/run/memguard is left behind"
systemctl --quiet is-active "$GUARD" && fail "the daemon still runs"
same "failed units" "" "$(systemctl --failed --no-legend --plain | grep memguard || true)"
dpkg -i /payload/memguard.deb
systemctl --quiet is-active "$GUARD" || fail "it does not run after a second installation"
