# shellcheck shell=bash
# What a guest case is written with. runner sources it before the case, under `set -eEu`, in a bash of the case's own.
#
# A case starts services, waits for what must happen, and calls fail with a sentence when it did not. It need not clean
# up: after it the runner stops its services and removes its policies. Names of services are best used by one case
# only, because budgets and learned peaks of a unit outlive it. A case's own files for later reading go to $RESULTS.

GUARD=memguardd.service                # the service under test
CASE_STATE=${CASE_STATE:-/run/guest}   # what the case began with and made
SERVICES=${SERVICES:-/payload/services}

# fail SENTENCE: ends the case.
fail() {
  trap - ERR
  echo "failed: $*"
  exit 1
}

# same WHAT EXPECTED ACTUAL
same() { [ "$2" = "$3" ] || fail "$1: expected $2, found $3"; }

# at_least WHAT LEAST ACTUAL, at_most WHAT MOST ACTUAL: whole numbers.
at_least() { [ "$3" -ge "$2" ] || fail "$1: expected at least $2, found $3"; }
at_most() { [ "$3" -le "$2" ] || fail "$1: expected at most $2, found $3"; }

# wait_for SECONDS COMMAND...: until the command succeeds; fails the case when it does not in time.
wait_for() {
  local seconds=$1 ends=$((${EPOCHREALTIME/./} + $1 * 1000000)) # microseconds
  shift
  until "$@"; do
    [ "${EPOCHREALTIME/./}" -lt "$ends" ] || fail "waited $seconds s in vain for: $*"
    sleep 0.2
  done
}

# unit NAME: NAME itself when it has a suffix, otherwise NAME.service.
unit() {
  case $1 in
    *.service | *.slice | *.scope | *.socket | *.timer) echo "$1" ;;
    *) echo "$1.service" ;;
  esac
}

# guard_policy NAME <<POLICY: a policy file for the daemon, and a reload.
guard_policy() {
  mkdir -p /etc/memguard/policy.d
  cat >"/etc/memguard/policy.d/$1.conf"
  chmod 644 "/etc/memguard/policy.d/$1.conf"
  echo "/etc/memguard/policy.d/$1.conf" >>"$CASE_STATE/policies"
  memguardctl reload
}

# unit_file NAME [KEY=VALUE...] -- COMMAND...: a real unit file, not a transient one, that systemd does not know yet.
# Keys go to [Service], those that only [Unit] has to [Unit]. A command NAME.py is one of services/.
unit_file() {
  local name=$1 key unit_keys="StartLimitIntervalSec=0" service_keys="" line="" word
  shift
  while [ "$1" != -- ]; do
    key=$1
    shift
    case $key in
      StartLimit* | After=* | Before=* | Wants=* | Requires=* | BindsTo=* | PartOf=* | OnFailure=* | OnSuccess=*)
        unit_keys+=$'\n'$key ;;
      *) service_keys+=$'\n'$key ;;
    esac
  done
  shift
  case $1 in
    */*) ;;
    *.py) set -- /usr/bin/python3 -u "$SERVICES/$1" "${@:2}" ;;
    *) set -- "$(command -v "$1")" "${@:2}" ;;
  esac
  for word in "$@"; do
    word=${word//\\/\\\\} word=${word//\"/\\\"} word=${word//%/%%}
    line+=" \"${word//\$/\$\$}\""
  done
  mkdir -p /run/systemd/system
  cat >"/run/systemd/system/$(unit "$name")" <<UNIT
[Unit]
Description=Case service $name
$unit_keys
[Service]
Type=exec
Environment=WORK=$(work_file "$name")
ExecStart=${line# }$service_keys
UNIT
}

# write_service NAME [KEY=VALUE...] -- COMMAND...: a unit file known to systemd, not yet started.
write_service() {
  unit_file "$@"
  rm -f "$(work_file "$1")"
  unit "$1" >>"$CASE_STATE/services"
  systemctl daemon-reload
}

# start_service NAME [KEY=VALUE...] -- COMMAND...: write_service and start.
start_service() {
  write_service "$@"
  systemctl start "$(unit "$1")"
}

# The work file of leak.py and burst.py, and the runs in it: all begun, those that ended with their work saved.
work_file() { echo "/var/tmp/$1.work"; }
runs() { { grep -s '^start ' "$(work_file "$1")" || true; } | wc -l; }
clean_runs() { { grep -s '^clean ' "$(work_file "$1")" || true; } | wc -l; }
runs_at_least() { [ "$(runs "$1")" -ge "$2" ]; }
clean_runs_at_least() { [ "$(clean_runs "$1")" -ge "$2" ]; }

# cg_dir UNIT, cg UNIT FILE: the cgroup of a running unit, and the content of one of its files.
cg_dir() { echo "/sys/fs/cgroup$(systemctl show --property=ControlGroup --value "$(unit "$1")")"; }
cg() { cat "$(cg_dir "$1")/$2"; }
# cg_event UNIT KEY: one count of memory.events.
cg_event() { cg "$1" memory.events | sed -n "s/^$2 //p"; }

# oom_kills [CGROUP]: the kernel's OOM kills in a slice since boot, those of removed units included.
# shellcheck disable=SC2120 # cases give it an argument
oom_kills() { sed -n 's/^oom_kill //p' "/sys/fs/cgroup/${1:-system.slice}/memory.events"; }
# new_oom_kills: those in system.slice since the case began.
# shellcheck disable=SC2119
new_oom_kills() { echo $(($(oom_kills) - $(cat "$CASE_STATE/oom_kills"))); }
no_oom_kill() { same "kernel OOM kills in system.slice" 0 "$(new_oom_kills)"; }

# since_case JOURNALCTL-ARGUMENTS...: the journal since the case began.
since_case() {
  journalctl --sync
  # Not --after-cursor: with a match that the cursor's own entry does not meet, systemd 252 loses the first entry after it.
  journalctl --quiet --no-pager --since="@$(cat "$CASE_STATE/began")" "$@"
}

# records UNIT [FIELD=VALUE...]: what memguard wrote about the unit since the case began, one JSON object a line.
records() {
  since_case -o json "_SYSTEMD_UNIT=$GUARD" "OBJECT_SYSTEMD_UNIT=$(unit "$1")" "${@:2}"
}
count_records() { records "$@" | wc -l; }
has_record() { [ "$(count_records "$@")" -gt 0 ]; }

# field NAME: reads records, prints that field of each; a field that stands several times gives several lines.
field() {
  python3 -c '
import json, sys
for line in sys.stdin:
    value = json.loads(line).get(sys.argv[1], [])
    for text in value if isinstance(value, list) else [value]:
        print(text)' "$1"
}

# begin_case: remembers where the journal and the kill counts stand. The runner calls it.
begin_case() {
  rm -rf "$CASE_STATE"
  mkdir -p "$CASE_STATE"
  journalctl --sync
  echo "$EPOCHREALTIME" >"$CASE_STATE/began"
  # shellcheck disable=SC2119
  oom_kills >"$CASE_STATE/oom_kills"
}

# cleanup: stops what the case started and removes its policies; does not wait for a service that will not go.
cleanup() {
  local service policy
  if [ -f "$CASE_STATE/services" ]; then
    while read -r service; do
      systemctl stop --no-block "$service" || true
      systemctl kill --signal=KILL "$service" 2>/dev/null || true
      systemctl stop "$service" || true
      systemctl revert "$service" 2>/dev/null || true
      rm -f "/run/systemd/system/$service"
      systemctl reset-failed "$service" 2>/dev/null || true
    done < <(sort -u "$CASE_STATE/services")
    systemctl daemon-reload
    rm "$CASE_STATE/services"
  fi
  if [ -f "$CASE_STATE/policies" ]; then
    while read -r policy; do rm -f "$policy"; done <"$CASE_STATE/policies"
    rm "$CASE_STATE/policies"
    memguardctl reload || true
  fi
}
