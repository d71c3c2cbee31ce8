"""A service with the Python module: holds a cache, and does what is written to its FIFO: "fill MIB", "error", "thread", "leak N".

It logs nothing. What it counts is done in heartbeats."""
import os
import sys
import threading

import memguard

memguard.install()
memguard.RETRY_LAST = 5.0  # the case restarts the daemon and does not wait for minutes
cache = []
held = []
memguard.cache("pages", lambda: len(cache), cache.clear)


def fill(mib):
    for _ in range(mib * 16):
        cache.append(bytearray(os.urandom(16) * 4096))


def refuse():
    bytearray(10**16)


def work():
    refuse()


def leak(objects):
    held.extend(str(i) * 20 for i in range(objects))


fifo = sys.argv[1]
if not os.path.exists(fifo):
    os.mkfifo(fifo)
while True:
    with open(fifo) as commands:
        for line in commands:
            word, _, argument = line.strip().partition(" ")
            memguard.item_done()
            if word == "fill":
                fill(int(argument))
            elif word == "leak":
                leak(int(argument))
            elif word == "error":
                try:
                    refuse()
                except MemoryError:
                    memguard.report()
            elif word == "thread":
                thread = threading.Thread(target=work, name="worker")
                thread.start()
                thread.join()
