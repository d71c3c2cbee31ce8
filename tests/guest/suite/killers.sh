# shellcheck shell=bash
# Userspace killers, and the guard itself. Each killer gets a threshold that only its victim crosses.

# threshold: a percentage of available memory that only the victim gets below; nohang takes none above 50.
threshold() { awk '/^MemTotal/ { all = $2 } /^MemAvailable/ { p = int($2 * 100 / all) - 15; print p < 50 ? p : 50 }' /proc/meminfo; }

# start_killer NAME: starts one, which the image has masked; stop_killer undoes that.
start_killer() {
  rm -f "/etc/systemd/system/$1.service" "/etc/systemd/system/$1.socket"
  systemctl daemon-reload
  systemctl start "$1.service"
}
stop_killer() {
  systemctl stop "$1.service"
  systemctl stop "$1.socket" 2>/dev/null || true
  ln -sf /dev/null "/etc/systemd/system/$1.service"
  systemctl daemon-reload
}
victim="OOMScoreAdjust=1000 Environment=REQUEST=400"

# shellcheck disable=SC2086 # several settings
{
  alone earlyoom 'userspace-oom - killed main earlyoom' 'earlyoom' $victim -- incident.py fill-late
  alone nohang 'userspace-oom - killed main nohang' 'nohang' $victim -- incident.py fill-late
  alone oomd 'userspace-oom - killed main oomd' 'oomd' $victim -- incident.py fill-late
}
before_earlyoom() {
  local percent
  percent=$(threshold)
  echo "EARLYOOM_ARGS=\"-m $percent,$percent -s 100,100 -r 0\"" >/etc/default/earlyoom
  start_killer earlyoom
}
do_earlyoom() { touch "$GO"; }
after_earlyoom() { stop_killer earlyoom; }

before_nohang() {
  local percent
  percent=$(threshold)
  sed -i -E "s/^(soft|hard)_threshold_min_mem *=.*/\1_threshold_min_mem = $percent %/" /etc/nohang/nohang.conf
  start_killer nohang
}
do_nohang() { touch "$GO"; }
after_nohang() { stop_killer nohang; }

before_oomd() {
  mkdir -p /etc/oomd
  cat >/etc/oomd/oomd.json <<OOMD
{ "rulesets": [ { "name": "victim is large",
  "detectors": [ [ "large", { "name": "memory_above",
    "args": { "cgroup": "system.slice/$(unit_of oomd)", "threshold_anon": "150M", "duration": "0" } } ] ],
  "actions": [ { "name": "kill_by_memory_size_or_growth",
    "args": { "cgroup": "system.slice/$(unit_of oomd)", "post_action_delay": "5" } } ] } ] }
OOMD
  echo 'DAEMON_OPTS="--interval 1 --config /etc/oomd/oomd.json"' >/etc/default/oomd # Debian's own is for hybrid cgroups
  start_killer oomd
}
do_oomd() { touch "$GO"; }
after_oomd() { stop_killer oomd; }

# It kills by pressure, so its victim thrashes in a slice of its own.
slice_file "inc$ROUND-stall" ManagedOOMMemoryPressure=kill ManagedOOMMemoryPressureLimit=1%
alone systemd-oomd 'userspace-oom - killed main systemd-oomd' 'systemd-oomd' Slice="inc$ROUND-stall.slice" MemoryHigh=40M MemoryMax=300M -- \
  sh -c "echo \"main \$\$\" >>\$PIDS; echo ready >>\$PIDS; exec /usr/bin/python3 -u $SERVICES/stall.py --kind file --size 60"
before_systemd-oomd() {
  mkdir -p /etc/systemd/oomd.conf.d
  printf '[OOM]\nDefaultMemoryPressureDurationSec=1s\n' >/etc/systemd/oomd.conf.d/incident.conf
  start_killer systemd-oomd
}
after_systemd-oomd() { stop_killer systemd-oomd; }

# The guard's own verbs; the policies are cases/incidents.sh's.
incident guard-restart 'memguard - restarted main' 'a rung restarts a leaking service' MemoryMax=100M -- incident.py leak
incident guard-stop 'memguard - killed main' 'a rung stops a leaking service' MemoryMax=100M -- incident.py leak
incident guard-kill 'memguard - killed main' 'a rung kills a leaking service' MemoryMax=100M -- incident.py leak
