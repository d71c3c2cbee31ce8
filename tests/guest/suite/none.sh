# shellcheck shell=bash
# What is no incident, though it looks like one here and there.

incident clean none 'exit 0' -- incident.py clean
incident exit-1 none 'exit 1, nothing about memory' -- incident.py exit-1
incident term none 'SIGTERM' -- incident.py rest
do_term() { kill -TERM "$(pid_of term main)"; }
incident stopped none 'systemctl stop' -- incident.py rest
do_stopped() { systemctl stop --no-block "$(unit_of stopped)"; }
incident operator none 'systemctl restart' -- incident.py rest
do_operator() { systemctl restart --no-block "$(unit_of operator)"; }
incident abort none 'abort()' -- incident.py abort
incident watchdog-abort none 'WatchdogSec=5: SIGABRT, which is no SIGKILL' WatchdogSec=5 -- incident.py rest
incident worker-killed none 'kill -9 of a worker, the service goes on' -- incident.py worker-kill
incident enomem none 'mmap is refused: an OSError, and no MemoryError' -- incident.py enomem

begin='echo "main $$" >>$PIDS; echo ready >>$PIDS;'
incident mentions none 'lines that mention MemoryError' -- sh -c "$begin"' printf "%s\\n" "$@"; exec sleep 1000' sh \
  "KeyError: 'MemoryError'" '10.0.0.7 - - [21/Nov/2026:10:00:00 +0000] "GET /docs?highlight=MemoryError HTTP/1.1" 200 512' \
  'INFO retry_on=[TimeoutError, MemoryError]' 'python_exceptions_total{type="MemoryError"} 0' 'MemoryErrorHandler installed' \
  "ImportError: cannot import name 'MemoryErrorX' from 'builtins'" '    raise MemoryError("no room")  # a line of source'
incident gunicorn none "gunicorn's guess after any SIGKILL" -- \
  sh -c "$begin"' echo "[2026-11-21 10:00:00 +0000] [1] [ERROR] Worker (pid:471) was sent SIGKILL! Perhaps out of memory?"; exec sleep 1000'
# The limit is hit again and again, and reclaim finds room each time.
incident reclaim none 'page cache at the limit: memory.events max rises, nothing is killed' MemoryMax=30M -- \
  sh -c "$begin"' f=/var/tmp/reclaim.$$; dd if=/dev/zero of=$f bs=1M count=80 2>/dev/null; for i in 1 2 3; do cat $f >/dev/null; done; rm $f; exec sleep 1000'
incident start none 'a Python starts, with its 16 errors in reserve' -- incident.py rest
incident starts none '20 Pythons start' -- sh -c "$begin"' for i in $(seq 20); do python3 -c pass; done; exec sleep 1000'
# Python 3.12 says so in words; before, only the eval() of its last frame tells.
incident parser none "the parser's depth: a MemoryError that is none of memory" -- incident.py uncaught parser
