"""A service that meets one memory incident, or only looks as if it did: incident.py MANNER [HOW].

MANNER is what becomes of the error (uncaught, silent, logged, json, chained, ignored, thread, task, pool, executor, fork,
group), HOW the way to it (request, huge, raise, overflow, grow, zlib, loads, numpy, maps, parser). Other deeds meet no
MemoryError, or one and then more: fill and its relatives grow until the kernel kills; DEEDS has them all.

Before anything happens the file $PIDS gets a line "main PID" or "worker PID" for each process that the case may ask for,
and "ready" when the deed is next. A run that finds the file was begun by Restart= and only rests.
"""
import os
import signal
import sys
import time

MIB = 1 << 20
REQUEST = int(os.environ.get("REQUEST", "300")) * MIB  # above LimitAS=, below what the host has
PIDS = os.environ["PIDS"]


def note(line):
    with open(PIDS, "a") as file:
        file.write(line + "\n")


def rest():
    while True:
        signal.pause()


def wait_for_go():
    while not os.path.exists(os.environ["GO"]):
        time.sleep(0.05)


# How: each raises MemoryError.


def request():
    return bytearray(REQUEST)


def huge():
    return bytearray(10**13)


def application():
    raise MemoryError()


def overflow():
    return [0] * 2**62


def grow():
    chunks = []
    while True:
        chunks.append(bytes(1000))


def zlib_buffer():
    import zlib
    return zlib.decompress(zlib.compress(b"x"), bufsize=REQUEST)


def loads():
    """The service limits itself, when the text is there and its copy is not."""
    import json
    import resource
    text = '"'.ljust(48 * MIB, "x")
    text += '"'
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 16 * MIB, resource.getrlimit(resource.RLIMIT_AS)[1]))
    return json.loads(text)


def numpy_array():
    import numpy
    return numpy.zeros(10**12)


def maps():
    """Uses up vm.max_map_count, which the case has lowered, and keeps the mappings."""
    import mmap
    kept = maps.kept = []
    try:
        while True:
            kept.append(mmap.mmap(-1, mmap.PAGESIZE))
    except OSError:
        pass
    return bytearray(100 * MIB)


def parser():
    return eval("-" * 100000 + "1")


HOW = {
    "request": request, "huge": huge, "raise": application, "overflow": overflow, "grow": grow, "zlib": zlib_buffer,
    "loads": loads, "numpy": numpy_array, "maps": maps, "parser": parser,
}


# What becomes of the error.


def uncaught(how):
    how()


def silent(how):
    try:
        how()
    except MemoryError:
        note("caught MemoryError")
    rest()


def logged(how):
    import logging
    try:
        how()
    except MemoryError:
        logging.exception("request failed")
    rest()


def json_line(how):
    import json
    import traceback
    try:
        how()
    except MemoryError:
        print(json.dumps({"level": "error", "event": "request failed", "exception": traceback.format_exc()}))
    rest()


def chained(how):
    try:
        how()
    except MemoryError as error:
        raise RuntimeError("no room for the request") from error


def ignored(how):
    class Held:
        def __del__(self):
            how()
    held = Held()
    del held
    rest()


def thread(how):
    import threading
    threading.Thread(target=how, name="handler").start()
    rest()


def task(how):
    import asyncio
    import gc

    async def handler():
        how()

    async def main():
        asyncio.create_task(handler())
        await asyncio.sleep(0.1)
        gc.collect()
        await asyncio.sleep(float("inf"))
    asyncio.run(main())


def worker_begins():
    note("worker %d" % os.getpid())


def pool(how):
    import logging
    import multiprocessing
    try:
        multiprocessing.Pool(1, worker_begins).apply(how)
    except MemoryError:
        logging.exception("the worker failed")
    rest()


def executor(how):
    import concurrent.futures
    import logging
    workers = concurrent.futures.ProcessPoolExecutor(1, initializer=worker_begins)
    try:
        workers.submit(how).result()
    except MemoryError:
        logging.exception("the worker failed")
    rest()


def fork(how):
    """The child ends as a Python program does that met an error it does not catch; the parent goes on."""
    if os.fork() == 0:
        worker_begins()
        how()
    os.wait()
    rest()


def group(how):
    errors = []
    for _ in range(2):
        try:
            how()
        except MemoryError as error:
            errors.append(error)
    raise ExceptionGroup("both requests failed", errors)


MANNERS = {
    "uncaught": uncaught, "silent": silent, "logged": logged, "json": json_line, "chained": chained, "ignored": ignored,
    "thread": thread, "task": task, "pool": pool, "executor": executor, "fork": fork, "group": group,
}


# Deeds without a MemoryError, or with more than one.


def fill():
    chunks = []
    while True:
        chunks.append(bytearray(MIB))


def leak():
    chunks = []
    while True:
        chunks.append(bytearray(MIB))
        time.sleep(0.05)


def hold():
    """Some memory, and then nothing."""
    memory = bytearray(REQUEST)
    note("ready")
    rest()
    del memory


def fill_late():
    """Grows to a size when the case says so, and stays there."""
    wait_for_go()
    hold()


def fill_on_go():
    wait_for_go()
    fill()


def fill_worker():
    if os.fork() == 0:
        worker_begins()
        fill()
    os.wait()
    rest()


def error_then_fill():
    try:
        request()
    except MemoryError:
        print("MemoryError was survived")
    time.sleep(float(os.environ["PAUSE"]))
    fill()


def raise_often():
    for _ in range(10):
        time.sleep(float(os.environ["PAUSE"]))
        began = time.time_ns() // 1000
        try:
            request()
        except MemoryError:
            note("raised %d" % began)
    rest()


def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGABRT, signal.SIG_IGN)
    note("ready")
    rest()


def worker_kill():
    """A worker that somebody kills; no memory is involved and the unit goes on."""
    child = os.fork()
    if child == 0:
        worker_begins()
        rest()
    os.kill(child, signal.SIGKILL)
    os.wait()
    rest()


def enomem():
    """The kernel refuses memory, and it is no MemoryError."""
    import logging
    import mmap
    try:
        mmap.mmap(-1, 10**13)
    except OSError:
        logging.exception("no mapping")
    rest()


DEEDS = {
    "fill": fill, "leak": leak, "hold": hold, "fill-late": fill_late, "fill-on-go": fill_on_go, "fill-worker": fill_worker,
    "error-then-fill": error_then_fill, "raise-often": raise_often, "stubborn": stubborn, "worker-kill": worker_kill, "enomem": enomem, "rest": rest,
    "abort": os.abort, "exit-1": lambda: sys.exit(1), "clean": lambda: sys.exit(0),
}

if os.path.exists(PIDS):
    rest()
note("main %d" % os.getpid())
name = sys.argv[1]
if name not in ("hold", "stubborn"):
    note("ready")
if name in MANNERS:
    MANNERS[name](HOW[sys.argv[2]])
else:
    DEEDS[name]()
