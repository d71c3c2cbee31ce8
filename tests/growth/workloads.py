"""Real services for the labelled set of growth: each does what services of its class do, in minutes instead of days.

    workloads.py NAME

No size below is exact: the interpreter, its allocator and the page cache have their own say, as in the field.
"""
import array
import collections
import functools
import gc
import json
import os
import random
import sqlite3
import sys
import threading
import time

FILES = os.environ.get("WORK_FILES", "/var/tmp")
BEGAN = time.monotonic()
TICK = 0.1
random.seed(len(sys.argv[1]) * 7919)


def age():
    return time.monotonic() - BEGAN


def ticks():
    while True:
        yield age()
        time.sleep(TICK)


def table(mib):
    """Rows as a service has them: a few small objects each."""
    return [{"id": i, "name": "name %d" % i, "tags": ("a", i)} for i in range(int(mib * (1 << 20) / 360))]


def request(n=30):
    return json.loads(json.dumps([{"user": i, "text": "x" * random.randrange(100)} for i in range(n)]))


def answer_requests(base, every=lambda at: None):
    kept = table(base)
    for at in ticks():
        request()
        every(at)
    return kept


# Steady.


def steady_requests():
    answer_requests(25)


def steady_idle():
    kept = table(40)
    while kept:
        time.sleep(1)


def steady_threads():
    kept = table(15)
    for _ in ticks():
        threads = [threading.Thread(target=request) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return kept


def steady_drop():
    """Loads, drops half of it at once, and works on."""
    kept = table(30)
    del kept[len(kept) // 2 :]
    answer_requests(5)


# Warm-up.


def warm_lru():
    @functools.lru_cache(maxsize=None)
    def page(key):
        return "x" * 1500 + str(key)

    for _ in ticks():
        for _ in range(150):
            page(int(random.paretovariate(1.0)) % 20000 if random.random() < 0.3 else int(random.expovariate(1 / 6000)))


def warm_fill():
    """A table that is loaded lazily, ever more seldom from the disk."""
    rows = {}
    for _ in ticks():
        for _ in range(70):
            key = random.randrange(20000)
            if key not in rows:
                rows[key] = "y" * 2400


def warm_modules():
    names = sorted(name for name in sys.stdlib_module_names if not name.startswith(("_", "idlelib", "turtle", "test", "this", "antigravity")))
    random.shuffle(names)
    kept = []
    for at in ticks():
        if names and random.random() < 0.6 * 0.985 ** at:
            try:
                kept.append(__import__(names.pop()))
            except Exception:
                pass
        if len(kept) < 80:
            kept.append("z" * 20000)


def warm_pool():
    """Buffers per client, and clients that come ever more slowly."""
    clients = []
    for at in ticks():
        wanted = 90 * (1 - 2.718 ** (-at / 45))
        while len(clients) < wanted:
            clients.append(bytearray(512 << 10))
        request()


# Leaks.


def leak_list():
    kept = []
    for _ in ticks():
        kept.append([request(20), "x" * 40000])


def leak_dict():
    sessions = {}
    kept = table(20)
    for at in ticks():
        for _ in range(22):
            sessions[random.random()] = {"at": at, "user": str(at) * 20, "data": "d" * 1200}
    return kept


def leak_cycles():
    """Half of what it makes is garbage in cycles, the other half is kept by mistake."""
    kept = []
    for _ in ticks():
        for i in range(60):
            a, b = {"data": "c" * 600}, {"data": "d" * 600}
            a["other"], b["other"] = b, a
            if i % 2:
                kept.append(a)


def leak_late():
    kept = []

    def leak(at):
        if at > 90:
            kept.append(bytearray(80000))

    answer_requests(15, leak)


def leak_warm():
    rows, kept = {}, []
    for _ in ticks():
        for _ in range(300):
            rows.setdefault(random.randrange(10000), "y" * 1800)
        kept.append(bytearray(32000))


def leak_noisy():
    kept = []

    def leak(at):
        kept.append(bytearray(36000))
        bytearray(random.randrange(1, 6) << 20)

    answer_requests(10, leak)


def leak_saw():
    """A batch that is flushed, but not all of it."""
    kept, batch = [], []
    for _ in ticks():
        batch.append(bytearray(160000))
        if len(batch) >= 60:
            kept += batch[:14]
            batch.clear()


def leak_stairs():
    kept = []

    def leak(at):
        if len(kept) < at / 6:
            kept.append(bytearray(2 << 20))

    answer_requests(12, leak)


def leak_native():
    """Memory that no list of Python's shows in sys.getsizeof."""
    kept = []

    def leak(at):
        kept.append(array.array("d", bytes(40000)))

    answer_requests(8, leak)


def leak_reader():
    """Beside a file that is read again and again."""
    kept = []
    threading.Thread(target=cache_stream, daemon=True).start()
    for _ in ticks():
        kept.append(bytearray(38000))


def leak_threads():
    local, kept = threading.local(), []

    def work():
        local.buffer = bytearray(28000)
        kept.append(local.buffer)

    for _ in ticks():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()


# Steps.


def step_table():
    kept = []

    def load(at):
        if at > 110 and not kept:
            kept.append(table(35))

    answer_requests(12, load)


def step_down():
    kept = [bytearray(45 << 20)]

    def drop(at):
        if at > 120:
            kept.clear()

    answer_requests(12, drop)


def step_two():
    kept = []

    def load(at):
        if len(kept) < (at > 80) + (at > 160):
            kept.append(bytearray(22 << 20))

    answer_requests(14, load)


# Saws.


def saw_flush():
    batch = []
    for _ in ticks():
        batch.append(bytearray(150000))
        if len(batch) * 150000 > 38 << 20:
            batch.clear()


def saw_gc():
    gc.disable()
    for at in ticks():
        for _ in range(50):
            a = {"data": bytearray(3000)}
            a["self"] = a
        if random.random() < 0.01:
            gc.collect()


def saw_ttl():
    cache = collections.OrderedDict()
    cleared = 0
    for at in ticks():
        for _ in range(40):
            cache[random.random()] = bytearray(3500)
        if at - cleared > 27:
            cache.clear()
            cleared = at


def saw_queue():
    """A producer, and a consumer that wakes now and then."""
    queue, wake = [], 20
    for at in ticks():
        queue.append(bytearray(random.randrange(40000, 200000)))
        if at > wake:
            queue.clear()
            wake = at + random.uniform(12, 34)


# Bursts.


def burst_once():
    held = []

    def job(at):
        if 110 < at < 122:
            held.append(bytearray(500000))
        elif at > 124:
            held.clear()

    answer_requests(14, job)


def burst_sort():
    def job(at):
        if at % 100 > 97:
            rows = table(22)
            rows.sort(key=lambda row: row["name"])
            time.sleep(2)

    answer_requests(12, job)


def burst_export():
    def job(at):
        if 140 < at < 141:
            text = json.dumps(table(6)) * 6
            time.sleep(6)
            del text

    answer_requests(12, job)


# Cache.


def cache_stream():
    path = os.path.join(FILES, "growth-stream-%d.data" % os.getpid())
    with open(path, "wb") as file:
        for _ in range(120):
            file.write(os.urandom(1 << 10) * 1024)
            time.sleep(0.05)
    while True:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 18):
                time.sleep(0.02)


def cache_append():
    """A log that only grows."""
    kept = table(10)
    path = os.path.join(FILES, "growth-append-%d.data" % os.getpid())
    with open(path, "wb", buffering=0) as file:
        for _ in ticks():
            file.write(b"line\n" * 6000)
    return kept


def cache_sqlite():
    base = sqlite3.connect(os.path.join(FILES, "growth-%d.sqlite" % os.getpid()))
    base.execute("create table rows (id integer primary key, text text)")
    for _ in ticks():
        base.executemany("insert into rows (text) values (?)", [("t" * 1000,)] * 60)
        base.commit()
        base.execute("select count(*) from rows where text like '%u'").fetchone()


def cache_idle():
    """Reads much once, at its start, and then serves from its own small heap."""
    kept = table(15)
    path = os.path.join(FILES, "growth-idle-%d.data" % os.getpid())
    with open(path, "wb") as file:
        file.write(b"0" * (50 << 20))
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            time.sleep(0.5)
    while kept:
        request()
        time.sleep(TICK)


globals()[sys.argv[1].replace("-", "_")]()
