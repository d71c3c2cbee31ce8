"""A service that logs a lot of ordinary lines at a steady rate, then rests. Its last line goes to $WORK: lines and seconds.

A pause is made up for afterwards, as far as the journal takes the lines.
"""
import argparse
import os
import signal
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rate", type=int, default=10000, help="lines/s")
parser.add_argument("--time", type=float, default=10, help="seconds")
args = parser.parse_args()

LINES = b"".join(b"2026-11-21 10:00:00,%03d INFO app.views: GET /orders/%d 200 in 12 ms\n" % (i, i) for i in range(100))
began = time.monotonic()
printed = 0
while time.monotonic() - began < args.time:
    if printed < (time.monotonic() - began) * args.rate:
        rest = LINES
        while rest:
            rest = rest[os.write(1, rest):]
        printed += 100
    else:
        time.sleep(0.005)
with open(os.environ["WORK"], "w") as file:
    file.write("%d lines in %.1f s\n" % (printed, time.monotonic() - began))
while True:
    signal.pause()
