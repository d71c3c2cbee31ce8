#!/bin/bash
# Suite: trixie
# Title: A service held at its MemoryHigh= is told as limit-stall within 30 s; a rung restarts one; a stream and a toucher are let be
# Timeout: 600
runs=${RUNS:-1} # --set RUNS=3
guard_policy stall <<'POLICY'
[Match]
Unit=stall-?.service stall-below.service stallnot-*.service
[Policy]
Mode=observe
POLICY
guard_policy stall-act <<'POLICY'
[Match]
Unit=stall-act.service
[Policy]
Mode=act
[Rung restart]
Event=limit-stall 1/10min
Action=restart
POLICY
printf '[Slice]\nMemoryHigh=40M\n' >/run/systemd/system/stall.slice
# All the while: page cache fills a MemoryMax= and a MemoryHigh= at full speed, and another one touches its wall now and then.
start_service stallnot-max MemoryMax=50M -- stream.py --file /var/tmp/stall-max.data --size 120 --rate 20
start_service stallnot-high MemoryHigh=50M -- stream.py --file /var/tmp/stall-high.data --size 120 --rate 20
start_service stallnot-touch MemoryHigh=40M -- touch.py

stalled() { has_record "$1" MEMGUARD_VERDICT=limit-stall; }
# wait_for_stall NAME: prints the seconds from the first time that it hit its wall to the record.
wait_for_stall() {
  local name=$1 began=$EPOCHREALTIME hit
  until [ "$(cg_event "$name" high)" -gt 0 ]; do sleep 0.1; done
  hit=$EPOCHREALTIME
  wait_for 60 stalled "$name"
  seconds=$(awk -v a="$hit" -v b="$(records "$name" MEMGUARD_VERDICT=limit-stall | field __REALTIME_TIMESTAMP | head -n 1)" \
    'BEGIN { printf "%d", b / 1e6 - a + 0.999 }')
  echo "$name: hit its wall $(awk -v a="$began" -v b="$hit" 'BEGIN { printf "%.1f", b - a }') s after its start; told $seconds s later"
  at_most "seconds until $name was told" 30 "$seconds"
}

for run in $(seq "$runs"); do
  start_service "stall-$run" MemoryHigh=40M -- leak.py --rate 8
  wait_for_stall "stall-$run"
  [ "$run" != 1 ] || memguardctl explain stall-1
  systemctl kill --signal=KILL "stall-$run"
done
same "the limit" "/system.slice/stall-1.service" "$(records stall-1 MEMGUARD_VERDICT=limit-stall | field MEMGUARD_LIMIT)"
same "its fate" survived "$(records stall-1 MEMGUARD_VERDICT=limit-stall | field MEMGUARD_FATE)"
at_least "pieces of evidence" 3 "$(records stall-1 MEMGUARD_VERDICT=limit-stall | field MEMGUARD_EVIDENCE | wc -l)"
memguardctl history --json --verdict limit-stall | grep -q '"unit":"stall-1.service"' || fail "history does not have it"

# The wall is lifted for the goodbye: its work is saved.
start_service stall-act MemoryHigh=40M TimeoutStopSec=20 -- leak.py --rate 8
wait_for_stall stall-act
clean() { [ "$(clean_runs stall-act)" -ge 1 ]; }
wait_for 30 clean
wait_for 30 has_record stall-act MEMGUARD_ACTION=restart MEMGUARD_RESULT=done
same "its wall after it, in bytes" $((40 * 1048576)) "$(cg stall-act memory.high)"
systemctl stop stall-act

# A wall above it, which its own memory.events do not know of.
start_service stall-below Slice=stall.slice -- leak.py --rate 8
wait_for 90 stalled stall-below
same "the limit" /stall.slice "$(records stall-below MEMGUARD_VERDICT=limit-stall | field MEMGUARD_LIMIT)"
same "hits of its own" 0 "$(cg_event stall-below high)"
systemctl stop stall-below
journalctl --sync
records stall-below MEMGUARD_VERDICT=limit-stall | field MESSAGE

for quiet in stallnot-max stallnot-high stallnot-touch; do
  echo "$quiet: $(cg $quiet memory.events | tr '\n' ' '); $(cg $quiet memory.pressure | tail -n 1)"
  same "incidents of $quiet" 0 "$(count_records $quiet MEMGUARD_KIND=incident)"
done
at_least "times that the stream hit MemoryMax=" 100 "$(cg_event stallnot-max max)"
at_least "times that the stream hit MemoryHigh=" 50 "$(cg_event stallnot-high high)"
at_least "times that the toucher hit its wall" 3 "$(cg_event stallnot-touch high)"
at_least "rounds that the toucher has done" 3 "$(wc -l </run/stallnot-touch.service.rounds)"
