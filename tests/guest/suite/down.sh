# shellcheck shell=bash
# What happens while the daemon does not run is told when it is back, as far as anything still shows it.

daemon_is_away() { systemctl stop "$GUARD"; }
daemon_is_back() { systemctl start "$GUARD"; }
ended() { [ "$(systemctl show --property=ExecMainCode --value "$(unit_of "$1")")" != 0 ]; }
again() { [ "$(systemctl show --property=NRestarts --value "$(unit_of "$1")")" != 0 ]; }

alone down-oom 'kernel-oom-unit - restarted main' 'an OOM kill and a restart while the daemon was down' \
  MemoryMax=40M Restart=always RestartSec=100ms -- incident.py fill
before_down-oom() { daemon_is_away; }
do_down-oom() {
  soon 20 again down-oom || true
  sleep 1
  daemon_is_back
}
alone down-error 'memory-error rlimit-as exited main' 'an uncaught MemoryError while the daemon was down' LimitAS=200M -- incident.py uncaught request
before_down-error() { daemon_is_away; }
do_down-error() {
  soon 20 ended down-error || true
  sleep 1
  daemon_is_back
}
