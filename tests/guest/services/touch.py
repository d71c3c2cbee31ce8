"""Touches its MemoryHigh= now and then: grows until the kernel counts a hit, gives that back, and works for some seconds.

Each round adds a line to the file /run/UNIT.rounds.
"""
import argparse
import time

from pages import Pages

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--low", type=int, default=20, help="MiB that it keeps")
parser.add_argument("--every", type=float, default=14, help="seconds")
args = parser.parse_args()

with open("/proc/self/cgroup") as file:
    cgroup = file.read().strip().split("::")[1]


def hits():
    with open("/sys/fs/cgroup%s/memory.events" % cgroup) as file:
        return int(dict(line.split() for line in file)["high"])


rounds = "/run/%s.rounds" % cgroup.rsplit("/", 1)[1]
pages = Pages()
while True:
    before = hits()
    while hits() == before:
        pages.grow()
    while len(pages) > args.low:
        pages.shrink()
    with open(rounds, "a") as file:
        file.write("round\n")
    ends = time.monotonic() + args.every
    while time.monotonic() < ends:
        sum(range(20000))
        time.sleep(0.02)
