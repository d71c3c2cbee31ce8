"""A calm service: it holds some memory and does nothing at all."""
import argparse
import signal

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--size", type=int, default=10, help="MiB")
args = parser.parse_args()

memory = bytearray(args.size << 20)
while True:
    signal.pause()
