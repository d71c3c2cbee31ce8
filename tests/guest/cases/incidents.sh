#!/bin/bash
# Suite: trixie
# Title: Every row of the labelled incident suite gets its verdict, cause, fate and pid, and what is none gets none
# Timeout: 3600
#
# The rows stand in suite/*.sh. tests/guest/incidents runs this case alone, several rounds of it, or a part.
rounds=${ROUNDS:-1} only=${ONLY:-*} dry=${DRY:-}
flying_max=3 # services that start at a time; Python takes half a second of both CPUs to do so under emulation

# What a row knows of itself: its unit, the file its processes note their pids in, the file it waits for.
unit_of() { echo "inc$ROUND-$1.service"; }
pids_file() { echo "/run/incidents/$ROUND/$1.pids"; }
# pid_of NAME main|worker
pid_of() { sed -n "s/^$2 //p" "$(pids_file "$1")" | head -n 1; }
is_defined() { declare -F "$1" >/dev/null; }

# incident NAME EXPECTED TITLE [KEY=VALUE...] -- COMMAND...: a row. EXPECTED is "none", or for each incident, joined by ";",
# the words VERDICT CAUSE FATE PID [BY]: PID is main or worker, BY the killer, the runtime or the cgroup whose limit it was;
# "-" stands for nothing, "a|b" for either. do_NAME, if there is one, is done when the service has noted "ready".
incident() { row together "$@"; }
# alone: the same for a row beside which no other may run, with before_NAME and after_NAME around it, and meanwhile_NAME
# after its start.
alone() { row alone "$@"; }
row() {
  local kind=$1 name=$2 expected=$3 title=$4 pids
  shift 4
  # shellcheck disable=SC2053 # a glob is meant
  [[ $name == $only ]] || return 0
  [ "$kind" = together ] && together+=("$name") || apart+=("$name")
  printf '%s\t%s\t%s\t%s\n' "$name" "$(unit_of "$name")" "$expected" "$title" >>"$state/rows"
  pids=$(pids_file "$name")
  unit_file "$(unit_of "$name")" "Environment=PIDS=${pids//\\/\\\\} GO=$GO" "$@" # systemd takes away a backslash
}

# slice_file NAME KEY=VALUE...
slice_file() { { echo "[Slice]" && printf '%s\n' "${@:2}"; } >"/run/systemd/system/$1.slice"; }

is_ready() { grep -qs '^ready' "$(pids_file "$1")"; }
launch() { systemctl start --no-block "$(unit_of "$1")"; }
do_deed() { if is_defined "do_$1"; then "do_$1"; fi; }

# land: does the deed of each service that is ready, and forgets it; one that has not got there in 20 s is left to the table.
land() {
  local name still=()
  for name in "${flying[@]}"; do
    if is_ready "$name"; then
      do_deed "$name"
    elif [ $((SECONDS - ${launched[$name]})) -lt 20 ]; then
      still+=("$name")
    fi
  done
  flying=("${still[@]}")
}

run_together() {
  local name flying=()
  declare -A launched=()
  for name in "${together[@]}"; do
    while [ ${#flying[@]} -ge $flying_max ]; do
      land
      sleep 0.1
    done
    launch "$name"
    launched[$name]=$SECONDS
    flying+=("$name")
  done
  while [ ${#flying[@]} -gt 0 ]; do
    land
    sleep 0.1
  done
}

results() { python3 /payload/suite/results.py "$@"; }
is_told() { results --state "$state" --since "$began" --told "$1"; }

# soon SECONDS COMMAND...: waits until it succeeds. What never happens shows in the table, so it ends nothing.
soon() {
  local ends=$((SECONDS + $1))
  until "${@:2}"; do
    [ $SECONDS -lt $ends ] || return 1
    sleep 0.2
  done
}

# An incident is told some seconds after its first evidence.
wait_until_told() {
  if [ "$dry" ]; then sleep 5; else soon "${2:-15}" is_told "$1" || true; fi
}

run_alone() {
  local name
  for name in "${apart[@]}"; do
    echo "round $ROUND: $name" >/dev/console # on the guest's console: where it stands, should it stand still
    rm -f "$GO"
    if is_defined "before_$name"; then "before_$name"; fi
    launch "$name"
    if is_defined "meanwhile_$name"; then "meanwhile_$name"; fi
    soon 20 is_ready "$name" || true
    do_deed "$name"
    wait_until_told "$name"
    if is_defined "after_$name"; then "after_$name"; fi
    systemctl stop "$(unit_of "$name")"
  done
}

finish() {
  systemctl stop "inc$ROUND-*.service" "inc$ROUND-*.slice" "inc$ROUND.slice" 2>/dev/null || true
  rm -f "/run/systemd/system/inc$ROUND"-*
  systemctl daemon-reload
  systemctl reset-failed "inc$ROUND-*" 2>/dev/null || true
}

# Rounds have units of their own: a unit's budget and peaks outlive it.
run_round() {
  local state=$RESULTS/round$1 began together=() apart=() failed=0
  ROUND=$1 GO=/run/incidents/$1/go
  mkdir -p "$state" "/run/incidents/$1"
  : >"$state/rows"
  for file in /payload/suite/*.sh; do
    # shellcheck source=/dev/null
    . "$file"
  done
  systemctl daemon-reload
  began=$EPOCHREALTIME
  run_together
  wait_until_told '*' 25
  systemctl stop "inc$ROUND-*.service"
  run_alone
  # PID 1 then sends the properties of every unit anew, also of those that ended long ago: nothing is to be told twice.
  systemctl daemon-reload
  sleep 6 # for what must not come
  journalctl --sync
  cp -r "/run/incidents/$1" "$state/pids"
  echo "Round $1 took $((${EPOCHREALTIME%.*} - ${began%.*})) s." | tee /dev/console
  results --state "$state" --since "$began" ${dry:+--dry} | tee "$state/table" || failed=1
  finish
  return $failed
}

for verb in restart stop kill; do
  guard_policy "incidents-$verb" <<POLICY
[Match]
Unit=inc*-guard-$verb.service
[Policy]
Mode=act
[Rung end]
Usage=70%
Action=$verb
POLICY
done
set -o pipefail
wrong=0
for round in $(seq "$rounds"); do run_round "$round" || wrong=$((wrong + 1)); done
same "rounds with a wrong row, of $rounds" 0 "$wrong"
