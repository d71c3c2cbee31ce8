"""A service that leaks anonymous memory at a steady rate, and has unsaved work (work.py).

The leak grows 50 times a second, every page is touched, and a pause is not made up for afterwards: a throttled or
frozen leaker goes on at its rate, as one does whose requests came more slowly. With --by-clock it is: on a slow machine
the rate is kept all the same.
"""
import argparse
import time

from work import Work

STEPS_PER_SECOND = 50

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rate", type=float, default=8, help="MiB/s")
parser.add_argument("--base", type=int, default=0, help="MiB held from the beginning")
parser.add_argument("--until", type=float, default=float("inf"), help="MiB of leak; then it only holds")
parser.add_argument("--by-clock", action="store_true", help="make up for time that was lost")
args = parser.parse_args()

work = Work()
base = bytearray(args.base << 20)
step = int(args.rate * (1 << 20) / STEPS_PER_SECOND)
leak = []
began = time.monotonic()
while True:
    due = (time.monotonic() - began) * STEPS_PER_SECOND if args.by_clock else len(leak) + 1
    while len(leak) < due and len(leak) * step < args.until * (1 << 20):
        leak.append(bytearray(step))  # filled with zeroes by C code, so really there
        work.add()
    time.sleep(1 / STEPS_PER_SECOND)
