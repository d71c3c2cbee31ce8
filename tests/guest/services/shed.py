"""A service that listens: it grows to a size, and on SIGUSR1 it gives its whole cache back to the kernel.

Then it grows again, as caches do, unless --once. It says "shed N MiB" on its standard output.
"""
import argparse
import signal
import time

from pages import Pages

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rate", type=float, default=10, help="MiB/s")
parser.add_argument("--size", type=int, default=80, help="MiB at which it stops growing")
parser.add_argument("--once", action="store_true", help="stay small after the first signal")
args = parser.parse_args()

pages = Pages()
asked = False


def ask(_signal, _frame):
    global asked
    asked = True


signal.signal(signal.SIGUSR1, ask)
size = args.size
while True:
    if asked:
        asked = False
        freed = len(pages)
        while len(pages):
            pages.shrink()
        print("shed %d MiB" % freed)
        if args.once:
            size = 0
    if len(pages) < size:
        pages.grow()
    time.sleep(1 / args.rate)
