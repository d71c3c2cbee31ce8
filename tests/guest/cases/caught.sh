#!/bin/bash
# Suite: trixie
# Title: A caught MemoryError of a service that logs nothing is reported with its pid within 100 ms, ten times
# Timeout: 240
#
# The service notes the time just before each request that is refused; the record's own time is when journald got it. The
# median is what counts: on a busy host the emulated machine as a whole may stand still for longer.
start_service caught LimitAS=200M Environment=PIDS=/run/caught.pids Environment=PAUSE=3 -- incident.py raise-often
noted() { grep -s "^raised " /run/caught.pids || true; }
all_noted() { [ "$(noted | wc -l)" -eq 10 ]; }
wait_for 120 all_noted
sleep 2
records caught MEMGUARD_KIND=state MEMGUARD_REASON=sighted >"$RESULTS/sighted.json"
python3 - "$(sed -n 's/^main //p' /run/caught.pids)" "$RESULTS/sighted.json" <<'COMPARE'
import json
import sys

pid, path = sys.argv[1:]
with open(path) as file:
    records = [json.loads(line) for line in file]
with open("/run/caught.pids") as file:
    raised = [int(line.split()[1]) for line in file if line.startswith("raised ")]
wrong = [record.get("MEMGUARD_PID") for record in records if record.get("MEMGUARD_PID") != pid]
told = sorted(int(record["_SOURCE_REALTIME_TIMESTAMP"]) for record in records)
latencies = [min((time - at for time in told if time >= at), default=float("inf")) / 1000 for at in raised]
print("ms from the request to the record: " + " ".join("%.1f" % latency for latency in latencies))
if wrong:
    sys.exit("failed: records with another pid than %s: %s" % (pid, wrong))
if len(told) != len(raised):
    sys.exit("failed: %d errors, %d records" % (len(raised), len(told)))
median = sorted(latencies)[len(latencies) // 2]
if median > 100 or max(latencies) > 1000:
    sys.exit("failed: median %.1f ms, worst %.1f ms" % (median, max(latencies)))
COMPARE
