#!/bin/bash
# Suite: bookworm
# Title: The Python module tells of errors that nobody else sees, says what it freed, and is there again after a restart
# Timeout: 240
guard_policy module <<'POLICY'
[Match]
Unit=talks.service starved.service plain.service
[Policy]
Mode=act
Uprobes=no
Journal=no
[Rung ask]
Usage=60%
Action=pressure
Settle=3s
POLICY
fifo=/run/talks/fifo
quiet=(StandardOutput=null StandardError=null)
start_service talks MemoryMax=150M DynamicUser=yes RuntimeDirectory=talks ProtectSystem=strict PrivateNetwork=yes "${quiet[@]}" \
  -- talks.py $fifo
say() { echo "$@" >$fifo; }
of_module() { memguardctl status --json talks | python3 -c "
import json, sys
print((json.load(sys.stdin)['units'][0]['module'] or {}).get('$1'))"; }
greeted() { [ "$(of_module processes)" = 1 ]; }
has_done() { [ "$(of_module items)" -ge "$1" ] 2>/dev/null; }
wait_for 30 greeted
wait_for 10 test -p $fifo
pid=$(systemctl show --property=MainPID --value talks)
same "the process that speaks" "$pid" "$(of_module pid)"
memguardctl status talks | tee "$RESULTS/status"
grep -q "Python: .*module .* in 1 process" "$RESULTS/status" || fail "status does not show the module"

# A caught error, and one in a thread: neither probe nor log knows of them.
say error
wait_for 30 has_record talks MEMGUARD_VERDICT=memory-error
say thread
two_errors() { [ "$(count_records talks MEMGUARD_VERDICT=memory-error)" -ge 2 ]; }
wait_for 40 two_errors
records talks MEMGUARD_VERDICT=memory-error | field MEMGUARD_SITE >"$RESULTS/sites"
same "sites in refuse()" 2 "$(grep -c 'talks.py:[0-9]* in refuse$' "$RESULTS/sites")"
same "its pid" "$pid" "$(records talks MEMGUARD_VERDICT=memory-error | field MEMGUARD_PID | sort -u)"
same "how sure" likely "$(records talks MEMGUARD_VERDICT=memory-error | field MEMGUARD_CONFIDENCE | sort -u)"
records talks MEMGUARD_VERDICT=memory-error | field MEMGUARD_EVIDENCE | grep -q module || fail "the evidence does not name the module"

# Memory is asked for, and the answer is in the record.
say fill 100
wait_for 60 has_record talks MEMGUARD_ACTION=pressure MEMGUARD_RESULT=done
at_least "bytes that were freed" $((60 * 1048576)) "$(records talks MEMGUARD_ACTION=pressure MEMGUARD_RESULT=done | field MEMGUARD_FREED_BYTES | head -n 1)"
records talks MEMGUARD_ACTION=pressure MEMGUARD_RESULT=done | field MESSAGE | head -n 1 | tee "$RESULTS/freed"
# Whether the pages go back when the cache lets go of them or when malloc is asked to, is malloc's to say.
grep -qE "pages|malloc_trim" "$RESULTS/freed" || fail "the record does not say what freed them"
wait_for 30 has_record talks MEMGUARD_RUNG=ask MEMGUARD_RESULT=helped
same "the run" "$pid" "$(systemctl show --property=MainPID --value talks)"

# Where it grew.
memguardctl snapshot talks
wait_for 20 has_record talks MEMGUARD_ACTION=snapshot
say leak 100000
before=$(of_module items)
wait_for 40 has_done "$before"
memguardctl snapshot talks
grew() { records talks MEMGUARD_ACTION=snapshot | field MESSAGE | grep -q 'grew most.*talks.py:[0-9]* by'; }
wait_for 30 grew
records talks MEMGUARD_ACTION=snapshot | field MESSAGE

# The daemon is another one now.
systemctl restart "$GUARD"
wait_for 40 greeted
say error
three_errors() { [ "$(count_records talks MEMGUARD_VERDICT=memory-error)" -ge 3 ]; }
wait_for 40 three_errors

# No memory is left to tell it with.
start_service starved LimitAS=200M Restart=no "${quiet[@]}" -- starved.py --module
wait_for 60 has_record starved MEMGUARD_VERDICT=memory-error
records starved MEMGUARD_VERDICT=memory-error | field MEMGUARD_SITE | grep -q 'starved.py:[0-9]* in fill$' || fail "the site is not fill()"
same "its cause" rlimit-as "$(records starved MEMGUARD_VERDICT=memory-error | field MEMGUARD_CAUSE | head -n 1)"

# No change of the code, and back.
start_service plain Environment=PYTHONPATH=/opt/mine "${quiet[@]}" -- idle.py
memguardctl instrument plain
grep -q 'PYTHONPATH=/usr/lib/memguard/python:/opt/mine"' /etc/systemd/system/plain.service.d/50-memguard.conf || fail "what was set before is lost"
systemctl daemon-reload
systemctl restart plain
plain_speaks() { memguardctl status plain | grep -q "Python: .*module"; }
wait_for 30 plain_speaks
memguardctl instrument --remove plain
[ -e /etc/systemd/system/plain.service.d ] && fail "the drop-in's folder is left behind"
no_oom_kill
