#!/bin/bash
# Suite: trixie
# Title: The doctor finds each planted fault of a unit and a host and none in a sound one; advice is what systemd and check take
# Timeout: 240
guard_policy doctor <<'POLICY'
[Match]
Unit=doctor-sound.service
[Policy]
Mode=act
[Rung restart]
Usage=90%
Action=restart
POLICY
guard_policy doctor-ill <<'POLICY'
[Match]
Unit=doctor-ill.service
[Policy]
RestartBudget=5/1h
[Rung restart]
Usage=90%
Action=restart
POLICY
sysctl() { echo "$2" >"/proc/sys/vm/$1"; }
restore() { sysctl panic_on_oom 0 && sysctl overcommit_memory 0 && sysctl overcommit_ratio 50 && sysctl oom_kill_allocating_task 0; }
trap restore EXIT

# found SUBJECT [UNIT]: the ids of what is found, sorted; "unit" or "host".
found() {
  { memguardctl --json doctor "${@:2}" || true; } | python3 -c '
import json, sys
print(*sorted(f["id"] for f in json.load(sys.stdin)["findings"] if f["subject"] == sys.argv[1]))' "$1"
}
finds() { [[ " $(found "$1" "${@:3}") " == *" $2 "* ]]; }

start_service doctor-sound MemoryMax=200M Restart=on-failure OOMPolicy=continue -- workers.py
sleep 2
same "what is wrong with a sound unit" "" "$(found unit doctor-sound)"
memguardctl doctor doctor-sound >"$RESULTS/sound" || fail "the doctor calls a sound unit or host bad: $(cat "$RESULTS/sound")"

start_service doctor-ill Restart=on-abort OOMPolicy=stop MemoryHigh=300M MemoryAccounting=no LimitAS=4G LimitDATA=4G \
  KillMode=process TimeoutStopSec=2s OOMScoreAdjust=-1000 StandardOutput=null Delegate=yes SendSIGKILL=no \
  LogRateLimitIntervalSec=30s LogRateLimitBurst=5 StartLimitBurst=2 StartLimitIntervalSec=1h -- workers.py
sleep 2
ill="accounting-off delegated high-no-swap kill-mode limit-as limit-data log-hidden log-rate no-limit no-sigkill observe-only"
ill+=" oom-policy oom-score restart rung-above-high start-limit stop-timeout"
same "what is wrong with an ill unit" "$ill" "$(found unit doctor-ill)"
memguardctl doctor doctor-ill >"$RESULTS/ill" && fail "the doctor's exit status is 0 for an ill unit"
grep -q $'\033' "$RESULTS/ill" && fail "there are escape sequences in a file"

before=$(found host)
sysctl panic_on_oom 1
sysctl overcommit_ratio 500
sysctl overcommit_memory 2
sysctl oom_kill_allocating_task 1
for fault in panic-on-oom overcommit-strict oom-kill-allocating; do
  finds host "$fault" || fail "$fault is not found: $(found host)"
done
restore
same "what is wrong with the host afterwards" "$before" "$(found host)"
memguardctl pause
finds host daemon-paused || fail "daemon-paused is not found: $(found host)"
memguardctl resume
echo nonsense >/etc/memguard/policy.d/zz-doctor.conf
finds host policy-mistakes || fail "policy-mistakes is not found: $(found host)"
rm /etc/memguard/policy.d/zz-doctor.conf
systemctl stop "$GUARD"
finds host daemon-down || fail "daemon-down is not found: $(found host)"
systemctl start "$GUARD"

# Advice for a unit after a short life: provisional, and in a form that is taken.
start_service doctor-new Restart=on-failure -- workers.py
advice() { memguardctl --json advise doctor-new >"$RESULTS/advice"; }
value() { python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))
for key in sys.argv[2:]: v = v[int(key)] if isinstance(v, list) else v[key]
print(v)' "$RESULTS/advice" "$@"; }
is_seen() { advice && [ "$(value runs)" = 1 ] && [ "$(value settings 4 key)" = Workers ]; }
wait_for 60 is_seen
same "provisional" True "$(value provisional)"
same "workers that are counted" 3 "$(value settings 4 reason | sed 's/ .*//')"
grep -q '^memguard-peaks 1$' /var/lib/memguard/peaks || fail "nothing was written down: $(cat /var/lib/memguard/peaks)"
memguardctl advise doctor-new >"$RESULTS/text"
cat "$RESULTS/text"
dropin=$(value dropin path) policy=$(value policy path)
mkdir -p "$(dirname "$dropin")"
echo "$policy" >>"$CASE_STATE/policies"
value dropin text >"$dropin"
value policy text >"$policy"
systemd-analyze verify doctor-new.service >"$RESULTS/verify" 2>&1 || fail "systemd does not take the drop-in: $(cat "$RESULTS/verify")"
grep -F doctor-new "$RESULTS/verify" && fail "systemd complains of the drop-in"
memguardctl check || fail "check does not take the policy"
systemctl daemon-reload
memguardctl reload
same "MemoryMax" "$(value memory_max)" "$(systemctl show --property=MemoryMax --value doctor-new)"
same "what is wrong with a unit as advised" "observe-only" "$(found unit doctor-new)"
rm "$dropin"
rmdir "$(dirname "$dropin")"
# What a run has needed outlives it, and the daemon.
systemctl stop doctor-new
systemctl restart "$GUARD"
since_case _PID=1 | grep -F "$GUARD: Main process exited, code=killed" && fail "the daemon did not end, it crashed"
advice || fail "there is no advice for a unit that has ended"
same "runs that are remembered" 1 "$(value runs)"
