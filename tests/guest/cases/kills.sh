#!/bin/bash
# Suite: bookworm
# Title: Each of 6 OOM kills in a row with RestartSec=100ms is one incident, also without journald and without /dev/kmsg
# Timeout: 600
kills=${KILLS:-6} # --set KILLS=50
dropin=/run/systemd/system/$GUARD.d/kmsg.conf
journald="systemd-journald.socket systemd-journald-dev-log.socket systemd-journald-audit.socket systemd-journald.service"

restore() {
  rm -f "$dropin"
  systemctl daemon-reload
  # shellcheck disable=SC2086 # several units
  systemctl start $journald 2>/dev/null || true
}
trap restore EXIT

# Each run notes its pid and is killed, the last one rests. It must start fast, so it is no Python.
# shellcheck disable=SC2016 # $$ and $PIDS are the service's
killed_often='[ "$(wc -l <$PIDS)" -lt '$kills' ] || exec sleep 10000; echo $$ >>$PIDS; exec tail /dev/zero'
# kill_often NAME: returns when the last kill is done.
kill_often() {
  pids=/run/kills.$1
  : >"$pids"
  counted=$(oom_kills)
  start_service "kills-$1" MemoryMax=10M Restart=always RestartSec=100ms "Environment=PIDS=$pids" -- sh -c "$killed_often"
  all_runs() { [ "$(wc -l <"$pids")" -ge "$kills" ]; }
  wait_for 180 all_runs
  resting() { [ "$(oom_kills)" -ge $((counted + kills)) ] && systemctl --quiet is-active "kills-$name"; }
  name=$1 wait_for 30 resting
}

# compare NAME: the pids on standard input are those that were reported, one a line.
compare() {
  local name=$1 reported=$RESULTS/$1.reported
  sort >"$reported"
  sort "$pids" >"$RESULTS/$name.killed"
  echo "$name: $(($(oom_kills) - counted)) kills by the kernel, $(wc -l <"$reported") incidents," \
    "missed: $(comm -13 "$reported" "$RESULTS/$name.killed" | xargs), too many: $(comm -23 "$reported" "$RESULTS/$name.killed" | xargs)"
  [ -z "${DRY:-}" ] || return 0 # --set DRY=yes: only to see that the kills happen
  same "$name: kills by the kernel" "$kills" "$(($(oom_kills) - counted))"
  cmp -s "$reported" "$RESULTS/$name.killed" || fail "$name: the incidents are not the kills"
}
in_journal() { records "kills-$1" MEMGUARD_KIND=incident MEMGUARD_VERDICT=kernel-oom-unit MEMGUARD_FATE=restarted | field MEMGUARD_PID; }
all_told() { [ "$(records "kills-$1" MEMGUARD_KIND=incident | wc -l)" -ge "$kills" ]; }
# soon_told NAME: all are told, or will not be; then time for one too many.
soon_told() {
  for _ in $(seq 14); do
    if all_told "$1"; then break; fi
    sleep 1
  done
  sleep 5
}

kill_often all
soon_told all
in_journal all | compare all

# Nobody keeps records now, so whoever watches live counts them.
memguardctl watch --json >"$RESULTS/watched.json" &
watch=$!
sleep 1
# shellcheck disable=SC2086
systemctl stop $journald 2>/dev/null
kill_often no-journald
sleep 14 # what nobody explains settles for 8 s
kill $watch
wait $watch || true
# shellcheck disable=SC2086
systemctl start $journald 2>/dev/null || true
python3 - "$RESULTS/watched.json" <<'PIDS' | compare no-journald
import json
import re
import sys

with open(sys.argv[1]) as file:
    for line in file:
        record = json.loads(line)
        if record.get("kind") == "incident" and record.get("unit") == "kills-no-journald.service":
            print(record.get("pid") or "".join(re.findall(r"\(pid (\d+)\)", record.get("text", ""))))
PIDS

mkdir -p "$(dirname "$dropin")"
printf '[Service]\nInaccessiblePaths=/dev/kmsg\n' >"$dropin"
systemctl daemon-reload
systemctl restart "$GUARD"
kill_often no-kmsg
soon_told no-kmsg
in_journal no-kmsg | compare no-kmsg
restore
systemctl restart "$GUARD"
