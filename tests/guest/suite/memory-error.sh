# shellcheck shell=bash
# Python's MemoryError: where it may come from, and what may become of it.
as="LimitAS=200M"

# Uncaught: the service ends.
incident uncaught 'memory-error rlimit-as exited main' 'uncaught, under LimitAS=' $as -- incident.py uncaught request
incident restarted 'memory-error rlimit-as restarted main' 'uncaught, Restart=always' \
  $as Restart=always RestartSec=100ms -- incident.py uncaught request
incident data 'memory-error rlimit-data exited main' 'uncaught, under LimitDATA=' LimitDATA=200M -- incident.py uncaught request
incident grow 'memory-error rlimit-as exited main' 'uncaught, grown until nothing is left to print it with' \
  LimitAS=60M -- incident.py uncaught grow
incident huge 'memory-error request-size exited main' 'uncaught, one request beyond all memory' -- incident.py uncaught huge
incident numpy 'memory-error request-size exited main' "uncaught, numpy's own class" -- incident.py uncaught numpy
incident chained 'memory-error rlimit-as exited main' 'uncaught as the cause of a RuntimeError' $as -- incident.py chained request
incident group 'memory-error rlimit-as exited main' 'uncaught, two in an exception group' $as -- incident.py group request
incident no-output 'memory-error rlimit-as exited main' 'uncaught, StandardOutput= and StandardError=null' \
  $as StandardOutput=null StandardError=null -- incident.py uncaught request
# The last command is not the Python one, so that sh must fork.
incident shell 'memory-error rlimit-as exited main' 'uncaught, below sh -c' \
  $as -- sh -c "/usr/bin/python3 -u $SERVICES/incident.py uncaught request; exit \$?"
incident applied 'memory-error unknown exited main' 'raised by the application, no limit anywhere' -- incident.py uncaught raise
incident overflow 'memory-error unknown exited main' 'a size that overflows, no limit anywhere' -- incident.py uncaught overflow

# Caught, or of a part of the service only.
incident logged 'memory-error rlimit-as survived main' 'caught and logged with logging.exception' $as -- incident.py logged request
incident silent 'memory-error rlimit-as survived main' 'caught, and nothing is said' $as -- incident.py silent request
incident silent-huge 'memory-error request-size survived main' 'caught, one request beyond all memory' -- incident.py silent huge
incident silent-data 'memory-error rlimit-data survived main' 'caught, under LimitDATA=' LimitDATA=200M -- incident.py silent request
incident json 'memory-error rlimit-as survived main' 'caught, logged as one line of JSON' $as -- incident.py json request
incident thread 'memory-error rlimit-as survived main' 'ends a thread' LimitAS=500M Environment=REQUEST=600 -- incident.py thread request
incident task 'memory-error rlimit-as survived main' 'ends an asyncio task that nobody awaits' $as -- incident.py task request
incident ignored 'memory-error rlimit-as survived main' 'swallowed in __del__: "Exception ignored in"' $as -- incident.py ignored request
incident zlib 'memory-error rlimit-as survived main' 'zlib, caught and logged' $as -- incident.py logged zlib
incident loads 'memory-error rlimit-as survived main' 'json.loads, the service has limited itself' -- incident.py logged loads
incident pool 'memory-error request-size survived worker' 'in a worker of multiprocessing.Pool, caught by the parent' -- incident.py pool huge
incident executor 'memory-error rlimit-as survived worker' 'in a worker of ProcessPoolExecutor, caught by the parent' \
  LimitAS=800M Environment=REQUEST=900 -- incident.py executor request
incident worker 'memory-error rlimit-as worker-died worker' 'ends a forked worker, the service goes on' $as -- incident.py fork request

# Rules of the whole host, so nothing else may run beside these.
alone maps 'memory-error map-count survived main' 'vm.max_map_count is used up' -- incident.py silent maps
before_maps() { sysctl --quiet --write vm.max_map_count=4000; }
after_maps() { sysctl --quiet --write vm.max_map_count=65530; }

strict_overcommit() {
  local committed
  committed=$(sed -n 's/^Committed_AS: *\([0-9]*\).*/\1/p' /proc/meminfo)
  rm -f "$GO.still"
  mkfifo "$GO.still"
  sysctl --quiet --write vm.overcommit_kbytes=$((committed + 200 * 1024)) vm.overcommit_memory=2
}
# The kernel counts a request before it refuses it, and for that moment nobody else can fork, not even this shell.
sit_still() { read -rt 4 <>"$GO.still" || true; }
lax_overcommit() { sysctl --quiet --write vm.overcommit_memory=0 vm.overcommit_ratio=50; }
alone overcommit 'memory-error overcommit exited main' 'uncaught, vm.overcommit_memory=2' -- incident.py uncaught request
before_overcommit() { strict_overcommit; }
meanwhile_overcommit() { sit_still; }
after_overcommit() { lax_overcommit; }
alone overcommit-caught 'memory-error overcommit survived main' 'caught, vm.overcommit_memory=2' -- incident.py silent request
before_overcommit-caught() { strict_overcommit; }
meanwhile_overcommit-caught() { sit_still; }
after_overcommit-caught() { lax_overcommit; }
