"""A service that is calm, then asks for a lot of memory in one single request, and has unsaved work (work.py).

bytearray(n) fills n bytes in C: there is no bytecode in between at which a SIGTERM could be handled. After it the
service holds the memory and ticks on in short sleeps.
"""
import argparse
import time

from work import Work

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--wait", type=float, default=3, help="seconds before the request")
parser.add_argument("--size", type=int, default=100, help="MiB of the request")
parser.add_argument("--base", type=int, default=0, help="MiB held from the beginning")
parser.add_argument("--hold", type=float, default=float("inf"), help="seconds after which the memory is given back")
args = parser.parse_args()

work = Work()
base = bytearray(args.base << 20)


def tick(seconds):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        work.add()
        time.sleep(0.05)


tick(args.wait)
print("burst: %d MiB" % args.size)
request = bytearray(args.size << 20)
print("burst: done")
tick(args.hold)
del request
print("burst: given back")
tick(float("inf"))
