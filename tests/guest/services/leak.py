"""A service that leaks anonymous memory at a steady rate, and has unsaved work (work.py).

The leak grows 50 times a second, every page is touched, and a pause is not made up for afterwards: a throttled or
frozen leaker goes on at its rate, as one does whose requests came more slowly.
"""
import argparse
import time

from work import Work

STEPS_PER_SECOND = 50

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rate", type=float, default=8, help="MiB/s")
parser.add_argument("--base", type=int, default=0, help="MiB held from the beginning")
parser.add_argument("--until", type=float, default=float("inf"), help="MiB of leak; then it only holds")
args = parser.parse_args()

work = Work()
base = bytearray(args.base << 20)
step = int(args.rate * (1 << 20) / STEPS_PER_SECOND)
leak = []
while True:
    if len(leak) * step < args.until * (1 << 20):
        leak.append(bytearray(step))  # filled with zeroes by C code, so really there
        work.add()
    time.sleep(1 / STEPS_PER_SECOND)
