#!/bin/bash
# Suite: bookworm
# Title: 10,000 lines/s of an unwatched service cost the guard less than 2 % of a core; what a watched one costs is printed
# Timeout: 300
#
# The journal must keep the lines, or only the first seconds would be a flood.
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\nRateLimitIntervalSec=0\n' >/run/systemd/journald.conf.d/flood.conf
systemctl restart systemd-journald
trap 'rm /run/systemd/journald.conf.d/flood.conf; systemctl restart systemd-journald' EXIT

guard_policy 10-observe </dev/null # an empty file of that name takes the place of the shipped one
guard_policy flood <<'POLICY'
[Match]
Unit=flood-watched.service flood-quiet.service
[Policy]
Mode=observe
POLICY
start_service flood-quiet -- idle.py

# cpu UNIT: the microseconds it has used since it was started; 0 where it does not run.
cpu() {
  local used=0
  used=$(sed -n 's/^usage_usec //p' "/sys/fs/cgroup/system.slice/$1/cpu.stat" 2>/dev/null) || used=0
  echo "${used:-0}"
}
# hundredths UNIT BEFORE TIME: of a per cent of a core; a unit that was started anew counts from 0.
hundredths() {
  local now
  now=$(cpu "$1")
  [ "$now" -lt "$2" ] || now=$((now - $2))
  echo $((now * 10000 / $3))
}

# measure NAME COMMAND...: runs it and prints what the guard and its reader of the journal used meanwhile; $cost is the sum.
measure() {
  local name=$1 used reader began took
  used=$(cpu "$GUARD") reader=$(cpu memguard-journal.service) began=${EPOCHREALTIME/./}
  shift
  "$@"
  took=$((${EPOCHREALTIME/./} - began))
  used=$(hundredths "$GUARD" "$used" $took)
  reader=$(hundredths memguard-journal.service "$reader" $took)
  cost=$((used + reader))
  printf '%-10s %s.%02d %% of a core: memguardd %s.%02d %%, memguard-journal %s.%02d %%, in %s s. %s\n' "$name" \
    $((cost / 100)) $((cost % 100)) $((used / 100)) $((used % 100)) $((reader / 100)) $((reader % 100)) $((took / 1000000)) \
    "$(cat "$(work_file "flood-$name")" 2>/dev/null || true)"
}
# From the start of the service to its last line: ten seconds and what Python takes to begin.
flood() {
  systemctl restart "flood-$1"
  wait_for 60 test -s "$(work_file "flood-$1")"
}
cost=0
write_service flood-unwatched -- flood.py --rate 10000 --time 10
write_service flood-watched -- flood.py --rate 10000 --time 10
sleep 5
measure idle sleep 12
# The least of up to three: under emulation a busy host adds to what is counted, and nothing takes from it.
unwatched=10000
for _ in 1 2 3; do
  rm -f "$(work_file flood-unwatched)"
  measure unwatched flood unwatched
  [ "$cost" -ge $unwatched ] || unwatched=$cost
  [ "$unwatched" -ge 200 ] || break
  sleep 5
done
measure watched flood watched
[ "$unwatched" -lt 200 ] || fail "the unwatched flood cost $unwatched hundredths of a per cent of a core, at most 199 are allowed"
