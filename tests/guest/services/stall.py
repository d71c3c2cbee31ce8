"""A service under memory pressure of its own making: it stalls in reclaim and refaults, but asks for no more.

Give it a MemoryHigh= (or MemoryMax=, for "file") below --size. "anon" touches fresh memory above memory.high, which
puts it to sleep for most of the time (without swap, PSI "some" goes beyond 50 %); "file" re-reads a file that does not
fit, at random, which makes refaults and some per cent of pressure.
"""
import argparse
import mmap
import os
import random
import time

from pages import MIB, PAGE, Pages

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--size", type=int, default=60, help="MiB")
parser.add_argument("--kind", choices=["anon", "file"], default="anon")
parser.add_argument("--wait", type=float, default=0, help="seconds before it begins")
parser.add_argument("--file", default="/var/tmp/stall.data")
args = parser.parse_args()

time.sleep(args.wait)
print("stall: begins")
if args.kind == "anon":
    pages = Pages()
    while True:
        if len(pages) >= args.size:
            pages.shrink()
        pages.grow()

with open(args.file, "wb") as file:
    for _ in range(args.size):
        file.write(b"s" * MIB)
    file.flush()
    os.fsync(file.fileno())
with open(args.file, "rb") as file:
    data = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    while True:
        data[random.randrange(len(data) // PAGE) * PAGE]
