"""A calm service of a master and workers of like size."""
import argparse
import os
import signal

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--workers", type=int, default=3)
parser.add_argument("--size", type=int, default=10, help="MiB of each")
args = parser.parse_args()

for _ in range(args.workers):
    if os.fork() == 0:
        memory = bytearray(b"x") * (args.size << 20)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while True:
            signal.pause()
while True:
    signal.pause()
