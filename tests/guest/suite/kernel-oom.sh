# shellcheck shell=bash
# The kernel's OOM kills: by the unit's own limit, by one above it, by the host's.
max="MemoryMax=40M"

incident oom-stop 'kernel-oom-unit - killed main' 'the main process, OOMPolicy=stop' $max OOMPolicy=stop -- incident.py fill
incident oom-continue 'kernel-oom-unit - killed main' 'the main process, OOMPolicy=continue: systemd says signal' \
  $max OOMPolicy=continue -- incident.py fill
incident oom-kill 'kernel-oom-unit - killed main' 'the main process, OOMPolicy=kill: memory.oom.group counts one too many' \
  $max OOMPolicy=kill -- incident.py fill
incident oom-restarted 'kernel-oom-unit - restarted main' 'the main process, Restart=always after 100 ms' \
  $max Restart=always RestartSec=100ms -- incident.py fill
incident oom-worker 'kernel-oom-unit - worker-died worker' 'a worker, OOMPolicy=continue: systemd says nothing' \
  $max OOMPolicy=continue -- incident.py fill-worker
incident oom-worker-stop 'kernel-oom-unit - killed worker' 'a worker, OOMPolicy=stop: systemd ends the service' \
  $max OOMPolicy=stop -- incident.py fill-worker
incident oom-group 'kernel-oom-unit - killed main|worker' 'all processes at once, OOMPolicy=kill' \
  $max OOMPolicy=kill -- incident.py fill-worker
incident oom-shell 'kernel-oom-unit - exited main' 'below sh -c, which passes on 137' \
  $max OOMPolicy=continue -- sh -c "/usr/bin/python3 -u $SERVICES/incident.py fill; exit \$?"
incident oom-tail 'kernel-oom-unit - killed main' 'no Python at all' $max OOMPolicy=continue -- \
  sh -c 'echo "main $$" >>$PIDS; echo ready >>$PIDS; exec tail /dev/zero'
incident 'oom\x2ddash' 'kernel-oom-unit - killed main' "an escaped name, which the kernel's log escapes again" \
  $max OOMPolicy=continue -- incident.py fill
incident both 'memory-error rlimit-as survived main; kernel-oom-unit - killed main' 'a caught MemoryError, and 7 s later an OOM kill' \
  LimitAS=200M $max OOMPolicy=continue Environment=PAUSE=7 -- incident.py error-then-fill
incident both-close 'memory-error rlimit-as survived|killed main; kernel-oom-unit - killed main' 'a caught MemoryError, and 1 s later an OOM kill' \
  LimitAS=200M $max OOMPolicy=continue Environment=PAUSE=1 -- incident.py error-then-fill

# Two at the same time: both wait for the second one's start.
incident twin-a 'kernel-oom-unit - killed main' 'killed at the same time as another' $max -- incident.py fill-on-go
incident twin-b 'kernel-oom-unit - killed main' 'killed at the same time as another' $max -- incident.py fill-on-go
do_twin-b() { touch "$GO"; }

slice_file "inc$ROUND-tight" MemoryMax=60M
slice_file "inc$ROUND-tight-inner" MemoryMax=infinity
tight="/inc$ROUND.slice/inc$ROUND-tight.slice"
incident slice "kernel-oom-ancestor - killed main $tight" "the slice's limit" Slice="inc$ROUND-tight.slice" OOMPolicy=continue -- incident.py fill
incident slice-worker "kernel-oom-ancestor - worker-died worker $tight" "the slice's limit, a worker" \
  Slice="inc$ROUND-tight.slice" OOMPolicy=continue -- incident.py fill-worker
incident slice-inner "kernel-oom-ancestor - restarted main $tight" "the limit two slices above, Restart=always" \
  Slice="inc$ROUND-tight-inner.slice" Restart=always RestartSec=100ms -- incident.py fill

# The kernel's own choice of the whole host, without the minute of thrashing that it takes to get there.
alone host 'kernel-oom-host - killed main' "the host's memory (sysrq)" OOMScoreAdjust=1000 Environment=REQUEST=80 -- incident.py hold
do_host() { echo f >/proc/sysrq-trigger; }
alone host-continue 'kernel-oom-host - killed main' "the host's memory (sysrq), OOMPolicy=continue" \
  OOMScoreAdjust=1000 OOMPolicy=continue Environment=REQUEST=80 -- incident.py hold
do_host-continue() { echo f >/proc/sysrq-trigger; }
