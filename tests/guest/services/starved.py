"""Takes memory until its LimitAS= refuses it, by a name that keeps all of it, and dies of that with the Python module told."""
import sys
import time

if "--module" in sys.argv:
    import memguard

    memguard.install()
held = []


def fill():
    while True:
        held.append(bytearray(1 << 18))


time.sleep(1)
fill()
