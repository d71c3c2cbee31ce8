# shellcheck shell=bash
# Ends by SIGKILL that no memory had part in, exit status 137, and other runtimes' own errors.

incident kill-9 'killed - killed main' 'kill -9 of the main process' -- incident.py rest
do_kill-9() { kill -KILL "$(pid_of kill-9 main)"; }
incident kill-restarted 'killed - restarted main' 'kill -9 of the main process, Restart=always' \
  Restart=always RestartSec=100ms -- incident.py rest
do_kill-restarted() { kill -KILL "$(pid_of kill-restarted main)"; }
incident kill-client 'killed - killed main' 'systemctl kill --signal=KILL' -- incident.py rest
do_kill-client() { systemctl kill --signal=KILL "$(unit_of kill-client)"; }
incident kill-limited 'killed - killed main' 'kill -9 of a service that is near its limit' MemoryMax=40M Environment=REQUEST=25 -- incident.py hold
do_kill-limited() { kill -KILL "$(pid_of kill-limited main)"; }
incident kill-self 'killed - killed main' 'it kills itself' -- sh -c 'echo "main $$" >>$PIDS; echo ready >>$PIDS; kill -KILL $$'
incident kill-cgroup 'killed - killed main' 'cgroup.kill' -- incident.py rest
do_kill-cgroup() { echo 1 >"$(cg_dir "$(unit_of kill-cgroup)")/cgroup.kill"; }
incident stop-timeout 'killed - killed main' 'it ignores SIGTERM, TimeoutStopSec=1' TimeoutStopSec=1 -- incident.py stubborn
do_stop-timeout() { systemctl stop --no-block "$(unit_of stop-timeout)"; }
incident start-timeout 'killed - killed main' 'it never says that it is ready, TimeoutStartSec=5' \
  Type=notify TimeoutStartSec=5 TimeoutStopSec=1 -- incident.py stubborn
incident watchdog 'killed - killed main' 'WatchdogSec=5, WatchdogSignal=KILL' WatchdogSec=5 WatchdogSignal=KILL -- incident.py rest
incident watchdog-deaf 'killed - killed main' 'WatchdogSec=5, it ignores SIGABRT' WatchdogSec=5 TimeoutAbortSec=1 -- incident.py stubborn

begin='echo "main $$" >>$PIDS; echo ready >>$PIDS;'
incident exit-137 'exit-137 - exited main' 'exit 137, and nothing was killed' -- sh -c "$begin exit 137"
incident exit-137-again 'exit-137 - restarted main' 'exit 137, Restart=always' Restart=always RestartSec=100ms -- \
  sh -c '[ ! -e $PIDS ] || exec sleep 1000; echo "main $$" >>$PIDS; echo ready >>$PIDS; exit 137'

incident php 'runtime-oom - exited main php' 'PHP, memory_limit=32M' -- \
  sh -c "$begin"' exec php -d memory_limit=32M -d display_errors=0 -d log_errors=1 -d error_log= -r "\$x = str_repeat(\"x\", 1 << 26);"'
incident ruby 'runtime-oom - exited main ruby' 'Ruby' LimitAS=2G -- sh -c "$begin"' exec ruby -e "x = %q(a) * 10**13"'
incident jvm 'runtime-oom - exited main jvm' "the JVM's last words, printed by sh" -- \
  sh -c "$begin"' echo "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space" >&2; echo "	at Main.main(Main.java:7)" >&2; exit 1'
incident jvm-thread 'runtime-oom - survived main jvm' "the JVM's words of a thread that ends, printed by sh" -- \
  sh -c "$begin"' echo "Exception in thread \"pool-1-thread-3\" java.lang.OutOfMemoryError: Java heap space" >&2; exec sleep 1000'
incident node 'runtime-oom - killed main node' "Node's last words, printed by sh" -- \
  sh -c "$begin"' echo "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory" >&2; kill -ABRT $$'
incident go 'runtime-oom - exited main go' "Go's last words, printed by sh" -- \
  sh -c "$begin"' echo "runtime: out of memory: cannot allocate 16777216-byte block (121405440 in use)" >&2; echo "fatal error: out of memory" >&2; exit 2'
incident rust 'runtime-oom - killed main rust' "Rust's last words, printed by sh" -- \
  sh -c "$begin"' echo "memory allocation of 1099511627776 bytes failed" >&2; kill -ABRT $$'
incident cpp 'runtime-oom - killed main c++' "the last words of C++, printed by sh" -- \
  sh -c "$begin"' echo "terminate called after throwing an instance of '\''std::bad_alloc'\''" >&2; echo "  what():  std::bad_alloc" >&2; kill -ABRT $$'
