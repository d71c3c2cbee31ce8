"""A service that reads one file again and again: its page cache fills any limit, and all of it can be reclaimed.

Nothing is wrong with it, however full its cgroup is. The file must be on a disk: on a tmpfs it would not be reclaimable.
"""
import argparse
import os
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--size", type=int, default=200, help="MiB of the file")
parser.add_argument("--rate", type=float, default=100, help="MiB/s at most")
parser.add_argument("--file", default="/var/tmp/stream.data")
args = parser.parse_args()

BLOCK = 1 << 20
if not os.path.exists(args.file) or os.path.getsize(args.file) != args.size * BLOCK:
    with open(args.file, "wb") as file:
        for _ in range(args.size):
            file.write(b"s" * BLOCK)
        file.flush()
        os.fsync(file.fileno())
buffer = bytearray(BLOCK)
print("stream: reading %d MiB" % args.size)
while True:
    with open(args.file, "rb", buffering=0) as file:
        began = time.monotonic()
        blocks = 0
        while file.readinto(buffer):
            blocks += 1
            ahead = blocks / args.rate - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)
