"""A service whose anonymous memory rises and falls between two sizes: a cache with a life of its own, and no leak."""
import argparse
import time

from pages import Pages

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--low", type=int, default=20, help="MiB")
parser.add_argument("--high", type=int, default=60, help="MiB")
parser.add_argument("--period", type=float, default=10, help="seconds from one low to the next; half of it upwards")
args = parser.parse_args()

pages = Pages()
pause = args.period / 2 / (args.high - args.low)
while True:
    while len(pages) < args.high:
        pages.grow()
        if len(pages) > args.low:
            time.sleep(pause)
    while len(pages) > args.low:
        pages.shrink()
        time.sleep(pause)
