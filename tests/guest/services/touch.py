"""Touches its wall now and then: grows to --high MiB for a moment every so many seconds, and works in between.

Each round adds a line to the file /run/NAME.rounds, NAME being that of its unit.
"""
import argparse
import os
import time

from pages import Pages

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--low", type=int, default=20, help="MiB")
parser.add_argument("--high", type=int, default=40, help="MiB")
parser.add_argument("--every", type=float, default=14, help="seconds")
args = parser.parse_args()

unit = os.path.basename(os.environ.get("WORK", "touch.work"))[: -len(".work")]
pages = Pages()
while True:
    while len(pages) < args.high:
        pages.grow()
    while len(pages) > args.low:
        pages.shrink()
    with open("/run/%s.rounds" % unit, "a") as file:
        file.write("round\n")
    ends = time.monotonic() + args.every
    while time.monotonic() < ends:
        sum(range(20000))
        time.sleep(0.02)
