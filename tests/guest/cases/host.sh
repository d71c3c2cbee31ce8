#!/bin/bash
# Suite: trixie
# Title: On a host without limits a leak of 25 MiB/s ends by clean restarts of the leaking unit alone, and the record says why
# Timeout: 900
# The guest's 1 GiB is the host. host-swap.sh and host-avoid.sh are variants of this.
runs=${RUNS:-1} # --set RUNS=5
calm=${CALM:-}  # --set CALM=yes measures a minute without a leak
restarts=2      # of the leak in each run
swap=${swap:-}  # MiB of a swap file
avoid=${avoid:-}
innocents="host-quiet1 host-quiet2 host-quiet3 host-big"

guard_policy host <<'POLICY'
[Match]
Unit=host-*.service
[Policy]
Mode=act
RestartBudget=32/1h
[Rung ask]
Usage=80%
Action=signal SIGWINCH
[Rung restart]
Usage=95%
Action=restart
[Host stall]
PressureFull=150ms/1s
Action=notify
Settle=100ms
[Host low]
Available=15%
Action=relieve
Settle=2s
POLICY
[ -z "$avoid" ] || guard_policy host-leak <<'POLICY'
[Match]
Unit=host-leak.service
[Policy]
Preference=avoid
POLICY

drop_swap() {
  swapoff /var/host.swap || true
  rm -f /var/host.swap
}
if [ "$swap" ]; then
  trap drop_swap EXIT
  fallocate -l "${swap}M" /var/host.swap
  chmod 600 /var/host.swap
  mkswap /var/host.swap >/dev/null
  swapon /var/host.swap
fi

invocation() { systemctl show --property=InvocationID --value "$1"; }
swap_free() { sed -n 's/^SwapFree: *\([0-9]*\).*/\1/p' /proc/meminfo; }
available() { sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo; }
for quiet in host-quiet1 host-quiet2 host-quiet3; do start_service $quiet -- idle.py --size 20; done
start_service host-big -- idle.py --size 250
sleep 3 # they have what they begin with
before=$(for unit in $innocents; do invocation "$unit"; done)
oom_before=$(sed -n 's/^oom_kill //p' /proc/vmstat)

restarted() { [ "$(count_records host-leak MEMGUARD_ACTION=restart MEMGUARD_RESULT=done)" -ge "$1" ]; }
relaxed() { [ "$(since_case -o json "_SYSTEMD_UNIT=$GUARD" MEMGUARD_RUNG=low MEMGUARD_RESULT=calm | wc -l)" -ge "$1" ]; }
at_least "pressure triggers" 1 "$(memguardctl status --json | sed -n 's/.*"psi_triggers": *\([0-9]*\).*/\1/p')"
memguardctl status | grep '^Host: '
memguardctl policy --host
if [ "$calm" ]; then
  pid=$(systemctl show --property=MainPID --value "$GUARD")
  wakeups() { awk '/^voluntary_ctxt/ { n += $2 } END { print n }' /proc/"$pid"/task/*/status; }
  sleep 60
  woken=$(wakeups)
  sleep 60
  echo "calm: $(($(wakeups) - woken)) wakeups of memguardd in a minute, with $(($(available) / 1024)) MiB available"
fi

least=$(available) least_swap=$(swap_free)
write_service host-leak Restart=always RestartSec=100ms -- leak.py --rate 25 --by-clock
for run in $(seq "$runs"); do
  systemctl start host-leak
  for tick in $(seq 600); do
    now=$(available)
    [ "$now" -ge "$least" ] || least=$now
    now=$(swap_free)
    [ "$now" -ge "$least_swap" ] || least_swap=$now
    if [ $((tick % 8)) = 0 ] && restarted $((run * restarts)); then break; fi
    sleep 0.25
  done
  restarted $((run * restarts)) || fail "run $run: the leak was not restarted $restarts times"
  systemctl stop host-leak
  echo "run $run: $(runs host-leak) runs of the leak so far, $(clean_runs host-leak) ended cleanly; least available $((least / 1024)) MiB," \
    "least swap free $((least_swap / 1024)) MiB"
done
since_case -o cat "_SYSTEMD_UNIT=$GUARD" MEMGUARD_REASON=host
wait_for 60 relaxed 1

at_least "restarts" $((runs * restarts)) "$(count_records host-leak MEMGUARD_ACTION=restart MEMGUARD_RESULT=done)"
same "runs that were lost" 0 $(($(runs host-leak) - $(clean_runs host-leak)))
no_oom_kill
same "kernel OOM kills anywhere" 0 $(($(sed -n 's/^oom_kill //p' /proc/vmstat) - oom_before))
same "the runs of the others" "$before" "$(for unit in $innocents; do invocation "$unit"; done)"
for unit in $innocents; do
  [ -n "$avoid" ] || same "actions on $unit" 0 "$(count_records "$unit" MEMGUARD_KIND=action)"
  for verb in restart stop kill; do same "$verb of $unit" 0 "$(count_records "$unit" MEMGUARD_ACTION=$verb)"; done
done
[ -z "$swap" ] || at_least "MiB of the swap that were always free" $((swap / 2)) $((least_swap / 1024))
reasons=$(records host-leak MEMGUARD_REASON=host MEMGUARD_ACTION=restart | field MESSAGE)
at_least "restarts taken for the host, with the reason" $((runs * restarts)) "$(grep -c 'taken for the host.*grew by .*/s' <<<"$reasons")"
if [ "$avoid" ]; then
  at_least "restarts of the avoided leak, with the reason" 1 "$(grep -c 'though it has Preference=avoid' <<<"$reasons")"
  asked=$(records host-big MEMGUARD_REASON=host | field MESSAGE)
  at_least "steps of the big one before it" 1 "$(grep -c "rung 'ask' is taken for the host.*Preference=avoid" <<<"$asked")"
fi
