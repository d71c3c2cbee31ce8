"""memguard: a Python service and its memory guard talk with each other.

    import memguard
    memguard.install()

or, without a change of the code:  python3 -m memguard app.py ...   (or -m package ...), or for a systemd service:
memguardctl instrument UNIT.

It tells memguardd of MemoryErrors (uncaught ones in any thread and task by itself, others by report()), how the process is
doing every 15 s, and gives memory back when it is asked to: by memguardd, by systemd's $MEMORY_PRESSURE_WATCH, or by a
signal. See memguard(3). Standard library only; CPython 3.8 and newer on Linux. Where there is no memguardd it does nothing.

What it does happens in one thread of its own, which is no threading.Thread and never keeps the interpreter alive.
Nothing here raises into the service."""

import gc
import itertools
import os
import sys
import time

__all__ = ["install", "uninstall", "report", "on_pressure", "cache", "queue", "forget", "item_done", "free"]
__version__ = "1.0"

SOCKET = "/run/memguard/module"
BEAT = 15.0  # seconds; at multiples of it since the boot, so that memguardd wakes once for all services
PROTOCOL = 1
MESSAGE_MAX = 2000  # bytes; memguardd takes 2047
SITES_MAX = 8
RETRY_FIRST, RETRY_LAST = 5.0, 300.0
BALLAST = 2 << 20  # of address space, given up when an error is told
TRACES_MAX = 64 << 20  # bytes of tracemalloc's own: a snapshot of more takes too much memory (about twice that) and time
TRACES_UNASKED = 8 << 20  # where no human asks, which is when memory is short
TRACING_TIME = 1800.0  # seconds without a question, after which tracing that we began ends
LOOK_WAIT = 0.1  # seconds: see be_looked_at()
ROOM_LEAST = 512 << 20  # under RLIMIT_AS: a thread may take 72 MiB of address space (stack and malloc arena)


def _original(module, name):
    """What a module has by that name, below what gevent or eventlet have put over it: our thread must be a real one."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        return monkey.get_original(module, name)
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is not None:
        return getattr(patcher.original(module), name)
    return getattr(__import__(module), name)


def _is_main_interpreter():
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            module = __import__(name)
            return module.get_current() == module.get_main()
        except Exception:
            continue
    return True


def _knows_who_connected(sock):
    """Can a daemon on this kernel (6.5 and newer) tell for sure who has connected, whenever it looks?"""
    try:
        os.close(sock.getsockopt(1, 77))  # SOL_SOCKET, SO_PEERPIDFD
        return True
    except OSError:
        return False


def _printable(text, most):
    """One line, at most so many characters; of what is longer the end, which says more of a path."""
    text = str(text)
    if len(text) > most:
        text = "..." + text[3 - most:]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "?" for c in text)
    return text


def _words(error):
    try:
        return str(error)
    except Exception:
        return ""  # its own __str__ fails


def _size(n):
    for unit in ("", "K", "M", "G"):
        if abs(n) < 1024 or unit == "G":
            return "%d%s" % (n, unit) if not unit else "%.1f%s" % (n, unit)
        n /= 1024.0


class _Native:
    """What glibc tells and does, by ctypes; nothing where it is another C library."""

    def __init__(self):
        self.info = self.trim = None
        self.next_info = 0.0
        self.last = (None, None)
        try:
            import ctypes

            libc = ctypes.CDLL(None)
            names = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
            fields = [(name, ctypes.c_size_t) for name in names]
            struct = type("mallinfo2", (ctypes.Structure,), {"_fields_": fields})
            if hasattr(libc, "malloc_trim"):
                self.trim = libc.malloc_trim
                self.trim.argtypes, self.trim.restype = [ctypes.c_size_t], ctypes.c_int
            if hasattr(libc, "mallinfo2"):
                self.info = libc.mallinfo2
                self.info.argtypes, self.info.restype = [], struct
        except Exception:
            pass

    def memory(self):
        """Bytes in use, and free but kept. It walks malloc's free lists, so it is asked seldom where they are long."""
        now = time.monotonic()
        if self.info is None or now < self.next_info:
            return self.last
        info = self.info()
        self.last = (info.uordblks + info.hblkhd, info.fordblks)
        self.next_info = time.monotonic() + (time.monotonic() - now) * 2000
        return self.last


def _anon():
    """Bytes of private memory of this process; None when unknown."""
    try:
        fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        try:
            words = os.read(fd, 256).split()
        finally:
            os.close(fd)
        return max(0, int(words[1]) - int(words[2])) * os.sysconf("SC_PAGE_SIZE")
    except Exception:
        return None


def _status(key):
    """A field of /proc/self/status, which is that of the main thread; None when unknown."""
    try:
        fd = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(fd, 65536).split(b"\n" + key + b":", 1)[1].split(None, 1)[0]
        finally:
            os.close(fd)
    except Exception:
        return None


class _Blocks:
    """Objects in Python's own heap. They are counted by reading the header of every pool, while Python stands still: seldom
    where that takes long, and never while something is swapped out, which it would bring back."""

    HELD = 120.0  # seconds; what is older than this tells nothing of now

    def __init__(self):
        self.n, self.at, self.next_count = None, 0.0, 0.0

    def count(self):
        """None: unknown."""
        now = time.monotonic()
        if now >= self.next_count and _status(b"VmSwap") == b"0":
            self.n, self.at = sys.getallocatedblocks() or None, time.monotonic()
            self.next_count = self.at + (self.at - now) * 2000
        return self.n if now - self.at < self.HELD else None


def _is_tracing():
    module = sys.modules.get("_tracemalloc")
    return module is not None and module.is_tracing()


class _Growth:
    """Where Python's memory has grown since the first look. Only sums by line are kept, of the largest."""

    LINES = 2000

    def __init__(self):
        self.base = None
        self.since = 0.0
        self.ours = False  # tracing was begun by us
        self.asked = 0.0

    def _look(self, most):
        """None: tracemalloc itself has more than most bytes."""
        import tracemalloc

        if tracemalloc.get_tracemalloc_memory() > most:
            return None
        statistics = tracemalloc.take_snapshot().statistics("lineno")
        return {(s.traceback[0].filename, s.traceback[0].lineno): (s.size, s.count) for s in statistics[: self.LINES]}

    def begin(self):
        """At the start of a service that is traced from its beginning."""
        if self.base is None and _is_tracing():
            self.base, self.since = self._look(TRACES_UNASKED), time.monotonic()

    def ask(self, begin):
        """(sites, text): sites are (bytes, count, "file:line"), the largest first."""
        now = time.monotonic()
        self.asked = now
        if not _is_tracing():
            if not begin:
                return [], "its allocations are not traced"
            import tracemalloc

            tracemalloc.start(1)
            self.ours = True
            self.base, self.since = {}, now
            return [], "tracing has begun, which slows it; ask again when it has grown."
        most = TRACES_MAX if begin else TRACES_UNASKED
        lines = self._look(most)
        if lines is None:
            return [], "its traces take more than %s, too much for a snapshot%s." % (
                _size(most), "" if begin else " now; memguardctl snapshot takes more")
        if self.base is None:
            self.base, self.since = lines, now
            return [], "the first snapshot was taken; ask again when it has grown."
        grown = []
        for key, (size, count) in lines.items():
            before = self.base.get(key, (0, 0))
            if size > before[0] and key[0] != __file__:
                grown.append((size - before[0], max(0, count - before[1]), "%s:%d" % (_printable(key[0], 200), key[1])))
        grown.sort(reverse=True)
        minutes = (now - self.since) / 60
        return grown[:SITES_MAX], "since %d min ago" % minutes if minutes >= 1 else "since %d s ago" % (now - self.since)

    def expire(self, now):
        if now - self.asked > TRACING_TIME:
            self.end()

    def end(self):
        """Ends tracing that we have begun."""
        if self.ours:
            self.ours, self.base = False, None
            import tracemalloc

            tracemalloc.stop()


def _identity(fd):
    st = os.fstat(fd)
    return st.st_dev, st.st_ino


def _is_still(fd, identity):
    """Services that become daemons close every descriptor they find; by its number another file may then be open."""
    try:
        return _identity(fd) == identity
    except OSError:
        return False


class _Link:
    """One connection. Our thread and one that tells of an error may both find that it has ended; each then ends this one, and
    not the one that the other has made since."""

    __slots__ = ("sock", "identity", "since", "looked", "ended")

    def __init__(self, sock):
        self.sock, self.identity, self.since = sock, _identity(sock.fileno()), time.monotonic()
        self.looked = self.ended = False

    def is_ours(self):
        return _is_still(self.sock.fileno(), self.identity)

    def close(self):
        if self.is_ours():
            self.sock.close()
        else:
            self.sock.detach()


_callbacks = []  # (name, function)
_caches = []  # (name, size, clear)
_queues = []  # functions
_items = itertools.count()  # done; counted by what C does in one step, also in many threads
_items_before = 0  # of them by the process that this one was forked from


def _items_done():
    """None: the service does not count."""
    n = int(repr(_items)[len("count("):-1])
    return n - _items_before if n else None


class _Agent:
    """The connection to memguardd and the thread that serves it; one of each process."""

    def __init__(self, path):
        self.path = path
        self.start_thread = _original("_thread", "start_new_thread")
        self.allocate_lock = _original("_thread", "allocate_lock")
        self.poll = _original("select", "poll")
        self.socket = _original("socket", "socket")
        import select
        import signal
        import socket

        self.POLLIN, self.POLLPRI = select.POLLIN, select.POLLPRI
        self.POLLGONE = select.POLLERR | select.POLLHUP | select.POLLNVAL
        self.AF_UNIX, self.SEQPACKET = socket.AF_UNIX, socket.SOCK_SEQPACKET
        self.DONTWAIT = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
        self.sigmask, self.SET, self.signals = signal.pthread_sigmask, signal.SIG_SETMASK, signal.valid_signals()
        self.native = _Native()
        self.blocks = _Blocks()
        self.growth = _Growth()
        self.watch_closed = False
        self.freeing = self.allocate_lock()
        self.freed_at = self.free_took = 0.0
        self.told = (0, 0.0)
        self.enabled = False  # there is to be a thread
        self.last_words = b"error\nclass=MemoryError\nwhere=unknown\ntext=there was no memory to say more"
        self.reset()

    def reset(self):
        """As a process begins: nothing that belongs to the parent is used."""
        self.pid = os.getpid()
        self.last_link = None
        self.retry = RETRY_FIRST
        self.next_connect = 0.0
        self.next_beat = 0.0
        self.running = False
        self.stopping = False
        self.busy = False  # in the service's own callbacks
        self.wanted = []  # of signals: "free", "snapshot"
        self.pipe = None
        self.finished = self.allocate_lock()
        self.ballast = None
        self.watch = None
        self.make_ballast()

    # --- the connection ---

    def make_ballast(self):
        if self.ballast is None:
            try:
                import mmap

                self.ballast = mmap.mmap(-1, BALLAST, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            except Exception:
                pass

    def drop_ballast(self):
        ballast, self.ballast = self.ballast, None
        if ballast is not None:
            ballast.close()

    @property
    def link(self):
        """None: not connected."""
        link = self.last_link
        return None if link is None or link.ended else link

    def connect(self):
        """At once or not at all: the new link, or None."""
        sock = None
        try:
            sock = self.socket(self.AF_UNIX, self.SEQPACKET)
            sock.setblocking(False)
            sock.connect(self.path)
            hello = "hello\nprotocol=%d\npython=%d.%d.%d\nmodule=%s\ntraced=%d" % (
                (PROTOCOL,) + tuple(sys.version_info[:3]) + (__version__, _is_tracing()))
            sock.send(hello.encode(), self.DONTWAIT)
            link = _Link(sock)
        except Exception:
            if sock is not None:
                sock.close()
            self.next_connect = time.monotonic() + self.retry
            self.retry = min(self.retry * 2, RETRY_LAST)
            return None
        before, self.last_link = self.last_link, link
        if before is not None:
            before.ended = True  # two threads connected at the same time
            before.close()
        return link

    def be_looked_at(self, link):
        """On an older kernel a pid may be another process by the time the daemon looks, so it hears nothing but the greeting
        of what was said before. Before an error is told that is waited for: until the greeting is taken."""
        try:
            if link.looked:
                return
            if not _knows_who_connected(link.sock):
                import fcntl
                import termios

                sleep = _original("time", "sleep")
                ends = time.monotonic() + LOOK_WAIT
                while any(fcntl.ioctl(link.sock, termios.TIOCOUTQ, b"\0\0\0\0")) and time.monotonic() < ends:
                    sleep(0.002)
                sleep(0.002)  # and until it is seen that there is no more
            link.looked = True
        except Exception:
            pass

    def disconnect(self, link):
        if link is None or link.ended:
            return
        link.ended = True
        link.close()
        if time.monotonic() - link.since > 60:
            self.retry = RETRY_FIRST  # the daemon restarts; otherwise it does not want us
        self.next_connect = time.monotonic() + self.retry
        self.retry = min(self.retry * 2, RETRY_LAST)

    def send(self, text, link=None):
        """False: it did not get there. Never waits."""
        link = link or self.link
        if link is None:
            return False
        try:
            if not link.is_ours():
                self.disconnect(link)
                return False
            link.sock.send(text.encode("utf-8", "backslashreplace")[:MESSAGE_MAX], self.DONTWAIT)
            return True
        except BlockingIOError:
            return False
        except OSError:
            self.disconnect(link)
            return False

    # --- errors ---

    def tell_error(self, error, traceback, where, caught=False, text="", site=""):
        """Called in a process that may have no memory left: few and small objects, and the ballast is thrown off before."""
        if os.getpid() != self.pid:
            _after_fork_in_child()  # one that Python was not told of
        self.drop_ballast()
        now = time.monotonic()
        if self.told[0] == id(error) and now - self.told[1] < 1.0:
            return  # the same one by another hook
        self.told = (id(error), now)
        link = self.link or self.connect()
        try:
            message = "error\nclass=%s\nwhere=%s\ncaught=%d\nsite=%s\ntext=%s" % (
                _printable(type(error).__name__, 31), _printable(where, 31), caught,
                _printable(site or _site(error, traceback), 220), _printable(text or _words(error), 160))
            for _ in range(3):  # the daemon may have just restarted, and our thread be finding that out as well
                if link is None:
                    break
                self.be_looked_at(link)
                if self.send(message, link) or not link.ended:
                    break
                link = self.link or self.connect()
        except MemoryError:
            if link is not None and link.is_ours():
                link.sock.send(self.last_words, self.DONTWAIT)
        finally:
            self.wake()

    # --- beats ---

    def beat(self):
        used, unused = self.native.memory()
        traced = peak = None
        if _is_tracing():
            traced, peak = sys.modules["_tracemalloc"].get_traced_memory()
            if used is not None:
                used = max(0, used - sys.modules["_tracemalloc"].get_tracemalloc_memory())
        values = (
            ("items", _items_done()), ("queue", self.total(_queues)), ("cache", self.total([c[1] for c in _caches])),
            ("blocks", self.blocks.count()), ("used", used), ("unused", unused), ("anon", _anon()),
            ("traced_bytes", traced), ("traced_peak", peak),
        )
        self.send("beat" + "".join("\n%s=%d" % value for value in values if value[1] is not None))

    def total(self, functions):
        if not functions:
            return None
        total = 0
        for function in list(functions):
            try:
                total += max(0, int(function()))
            except Exception:
                pass
        return total

    # --- giving memory back ---

    def steps(self):
        for name, function in list(_callbacks):
            yield name, function
        for name, _, clear in list(_caches):
            if clear is not None:
                yield name, clear
        yield "gc", gc.collect
        if self.native.trim is not None:
            yield "malloc_trim", lambda: self.native.trim(0)

    def free(self):
        """(bytes, text): what the process' private memory fell by, and what each step freed of it."""
        if not self.freeing.acquire(False):
            return 0, "it is freeing already"
        try:
            began = time.monotonic()
            if self.freed_at and began - self.freed_at < 1.0:
                return 0, "it did so less than a second ago"
            self.busy = True
            try:
                return self.run_steps()
            finally:
                self.busy = False
                self.freed_at = time.monotonic()
                self.free_took = self.freed_at - began
        finally:
            self.freeing.release()

    def run_steps(self):
        first = before = _anon() or 0
        parts = []
        for name, function in self.steps():
            try:
                function()
                failed = ""
            except Exception as e:
                failed = " (%s)" % type(e).__name__
            after = _anon() or 0
            if failed or before - after >= 65536:
                parts.append("%s %s%s" % (_printable(name, 24), _size(max(0, before - after)), failed))
            before = after
        return max(0, first - before), ", ".join(parts)

    def answer(self, message):
        lines = message.decode("ascii", "replace").split("\n")
        fields = dict(line.split("=", 1) for line in lines[1:] if "=" in line)
        if lines[0] == "free":
            freed, text = self.free_in_thread()
            self.send("done\nid=%d\nfreed=%d\ntext=%s" % (int(fields.get("id", "0")), freed, _printable(text, 120)))
            self.next_beat = 0.0
        elif lines[0] == "snapshot":
            self.snapshot(fields.get("begin") == "1")

    def snapshot(self, begin):
        sites, text = self.growth.ask(begin)
        for size, count, site in sites:
            self.send("grew\nid=0\nbytes=%d\ncount=%d\nsite=%s" % (size, count, site))
        self.send("done\nid=0\nfreed=0\ntext=%s" % _printable(text, 120))

    def free_in_thread(self):
        """As free(), with the main thread's signal mask: processes that callbacks start inherit it. It is not emptied, for
        what the main thread blocks it may wait for with sigwait()."""
        blocked = _status(b"SigBlk")
        if blocked is None:
            return self.free()
        blocked = int(blocked, 16)
        self.sigmask(self.SET, {n for n in self.signals if blocked >> (n - 1) & 1})
        try:
            return self.free()
        finally:
            self.sigmask(self.SET, self.signals)

    # --- systemd's memory pressure protocol ---

    def open_watch(self):
        path = os.environ.get("MEMORY_PRESSURE_WATCH")
        if self.watch_closed or not path or path == "/dev/null" or not os.path.isabs(path):
            return
        try:
            import base64
            import stat

            data = base64.b64decode(os.environ.get("MEMORY_PRESSURE_WRITE", ""))
            mode = os.stat(path).st_mode
            if stat.S_ISSOCK(mode):
                with self.socket(self.AF_UNIX, 1) as sock:
                    sock.setblocking(False)
                    sock.connect(path)
                    if data:
                        sock.send(data, self.DONTWAIT)
                    self.watch_identity = _identity(sock.fileno())
                    self.watch_events = self.POLLIN
                    self.watch = sock.detach()
                return
            fifo = stat.S_ISFIFO(mode)
            fd = os.open(path, (os.O_RDWR if data or fifo else os.O_RDONLY) | os.O_CLOEXEC | os.O_NONBLOCK)
            self.watch, self.watch_identity = fd, _identity(fd)
            if data:
                os.write(fd, data)
            self.watch_events = self.POLLIN if fifo else self.POLLPRI
        except Exception:
            self.close_watch()

    def close_watch(self):
        watch, self.watch = self.watch, None
        self.watch_closed = True
        if watch is not None and _is_still(watch, self.watch_identity):
            os.close(watch)

    def heed_watch(self, events):
        if events & self.POLLGONE or not _is_still(self.watch, self.watch_identity):
            self.close_watch()
            return
        if events & self.POLLIN:
            try:
                if not os.read(self.watch, 4096):
                    self.close_watch()
            except BlockingIOError:
                pass
            except OSError:
                self.close_watch()
        # Lasting pressure comes every 2 s; it is not to take more than a twentieth of the time.
        if time.monotonic() - self.freed_at >= 20 * self.free_took:
            self.free_in_thread()

    # --- the thread ---

    def make_pipe(self):
        if self.pipe is None or not all(_is_still(fd, self.pipe_identity) for fd in self.pipe):
            self.pipe = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            self.pipe_identity = _identity(self.pipe[0])  # both ends have the same
        return self.pipe

    def wake(self):
        pipe = self.pipe
        if pipe is not None and _is_still(pipe[1], self.pipe_identity):
            try:
                os.write(pipe[1], b"w")
            except OSError:
                pass

    def start(self, delay=0.0):
        """Starts the thread where there is room for it; without it errors are told all the same."""
        if self.running:
            self.stopping = False  # a fork did not wait for it
            return
        if not _has_room():
            return
        try:
            self.stopping = False
            self.make_pipe()
            if delay:
                self.next_connect = time.monotonic() + delay
            self.finished.acquire(False)
            begun = []
            try:
                self.running = self.enabled = True
                # In one step: a signal handler of the service that raises comes before it or after it.
                begun.extend(map(self.start_thread, (self.run,), ((),)))
            finally:
                if not begun:
                    self.running = False
        except Exception:
            pass

    def stop(self, patience):
        """True: the thread has ended, or there is none."""
        if not self.running:
            return True
        self.stopping = True
        self.wake()
        if self.finished.acquire(True, patience):
            return True
        return False

    def run(self):
        try:
            # Signals are for the service's own threads: one that ours took would not interrupt a call that waits. This is
            # done here and not in the starting thread, where any change of the mask runs the service's handlers.
            self.sigmask(self.SET, self.signals)
            failures = 0
            while not self.stopping and failures < 10:
                try:
                    self.turn()
                    failures = 0
                except Exception:
                    failures += 1  # no memory, as a rule
                    time.sleep(1)
        except BaseException:
            pass  # the interpreter ends
        finally:
            self.running = False
            self.finished.release()

    def turn(self):
        now = time.monotonic()
        self.growth.expire(now)
        if self.link is None and now >= self.next_connect and self.connect():
            self.growth.begin()
            self.next_beat = 0.0
        if self.link is not None and now >= self.next_beat:
            self.make_ballast()
            _hook_asyncio_if_there()
            cost = time.thread_time()
            self.beat()
            cost = time.thread_time() - cost
            boot = time.clock_gettime(time.CLOCK_BOOTTIME)
            self.next_beat = now + max(BEAT - boot % BEAT, cost * 1000)
        if self.watch is None:
            self.open_watch()
        self.wait(now)

    def wait(self, now):
        poll = self.poll()
        pipe, link, watch = self.make_pipe()[0], self.link, self.watch
        poll.register(pipe, self.POLLIN)
        fd = link.sock.fileno() if link is not None else -1  # another thread may be ending it
        if fd >= 0:
            poll.register(fd, self.POLLIN)
        if watch is not None:
            poll.register(watch, self.watch_events)
        until = self.next_beat if link is not None else self.next_connect
        for fd, events in poll.poll(max(1, int((until - now) * 1000))):
            if self.stopping:
                return
            if fd == pipe:
                if _is_still(pipe, self.pipe_identity):
                    os.read(pipe, 64)
                self.heed_signals()
            elif fd == watch and self.watch == watch:
                self.heed_watch(events)
            elif link is not None and self.link is link:
                self.receive(link)

    def receive(self, link):
        try:
            if not link.is_ours():
                self.disconnect(link)
                return
            message = link.sock.recv(4096, self.DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if message:
            self.answer(message)
        else:
            self.disconnect(link)

    def heed_signals(self):
        while self.wanted:
            what = self.wanted.pop(0)
            if what == "free":
                self.free_in_thread()
            else:
                self.snapshot(True)


_agent = None
_previous = {}  # by what each hook of ours hands on to
_buried = set()  # hooks that were not on top when they were to be taken back


def _has_room():
    """Is there address space enough for one more thread?"""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return True
        with open("/proc/self/statm", "rb") as statm:
            used = int(statm.read(64).split()[0]) * os.sysconf("SC_PAGE_SIZE")
        return limit - used >= ROOM_LEAST
    except Exception:
        return True


def _site(error, traceback):
    """ "file:line in function" of the innermost frame that is not ours. Where there was no memory for a traceback, that
    of an error before may have one; "" where none has."""
    frame, line = None, 0
    traceback = traceback or error.__traceback__
    while traceback is None and error is not None:
        error = error.__context__
        traceback = error.__traceback__ if error is not None else None
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename != __file__ or frame is None:
            frame, line = code, traceback.tb_lineno
        traceback = traceback.tb_next
    return "%s:%d in %s" % (frame.co_filename, line, frame.co_name) if frame is not None else ""


def _memory_error(error):
    """The MemoryError in an exception: itself, one of a group, or one that it was raised for. None: memory has no part."""
    seen = []
    todo = [error]
    while todo and len(seen) < 16:
        error = todo.pop(0)
        if error is None or any(error is one for one in seen):
            continue
        seen.append(error)
        if isinstance(error, MemoryError):
            return error
        members = getattr(error, "exceptions", None)
        if isinstance(members, tuple):
            todo.extend(one for one in members if isinstance(one, BaseException))
        todo.append(error.__cause__)
        if not error.__suppress_context__:
            todo.append(error.__context__)
    return None


def _tell(error, traceback, where):
    """Raises only what a signal handler of the service does meanwhile; so do all of these, and hand on what is not ours."""
    try:
        if _agent is None or error is None:
            return
        found = error if isinstance(error, MemoryError) else _memory_error(error)
        if found is not None:
            _agent.tell_error(found, found.__traceback__ or traceback, where)
    except Exception:
        pass


# --- hooks: each tells, and then does what would have been done without it ---


def _excepthook(kind, error, traceback):
    if error is None and isinstance(kind, type) and issubclass(kind, MemoryError):
        error = kind()
    _tell(error, traceback, "main thread")
    _previous["excepthook"](kind, error, traceback)


def _thread_hook(args):
    thread = args.thread
    _tell(args.exc_value, args.exc_traceback, "thread " + thread.name if thread is not None else "a thread")
    _previous["threading"](args)


def _unraisable_hook(args):
    _tell(args.exc_value, args.exc_traceback, "unraisable")
    _previous["unraisable"](args)


def _loop_handler(self, context):
    try:
        error = context.get("exception")
        _tell(error, error.__traceback__ if error is not None else None, "asyncio")
    except Exception:
        pass
    return _previous["asyncio"](self, context)


class _LogFilter:
    """On the logger of asyncio, which loops that are not asyncio's own (uvloop) use as well."""

    def filter(self, record):
        try:
            if record.exc_info:
                _tell(record.exc_info[1], record.exc_info[2], "asyncio")
        except Exception:
            pass
        return True


def _hook_asyncio_if_there():
    module = sys.modules.get("asyncio.base_events")
    if module is None or "asyncio" in _previous or not hasattr(module, "BaseEventLoop"):
        return
    try:
        _previous["asyncio"] = module.BaseEventLoop.call_exception_handler
        module.BaseEventLoop.call_exception_handler = _loop_handler
        log = sys.modules.get("asyncio.log")
        if log is not None:
            _previous["asyncio filter"] = _LogFilter()
            log.logger.addFilter(_previous["asyncio filter"])
    except Exception:
        pass


class _Finder:
    """Waits on sys.meta_path for asyncio: importing it for everybody would cost 5 MiB. It stays there until uninstall(): one
    that goes while importlib goes through the list has it skip the next."""

    def find_spec(self, name, path=None, target=None):
        if name != "asyncio.base_events" or "asyncio" in _previous:
            return None
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path)
        load = getattr(spec and spec.loader, "exec_module", None)
        if load is None:
            return None

        def exec_module(module):
            load(module)
            _hook_asyncio_if_there()

        try:
            spec.loader.exec_module = exec_module
        except Exception:
            return None
        return spec


def _hooks():
    import threading

    return (
        ("excepthook", sys, "excepthook", _excepthook),
        ("threading", threading, "excepthook", _thread_hook),
        ("unraisable", sys, "unraisablehook", _unraisable_hook),
    )


def _hook():
    """One that somebody has put another over, and that could not be taken back, is still called: twice it would call itself."""
    for key, module, name, ours in _hooks():
        if key not in _buried:
            _previous[key] = getattr(module, name)
            setattr(module, name, ours)
    if "asyncio.base_events" in sys.modules:
        _hook_asyncio_if_there()
    else:
        _previous["finder"] = _Finder()
        sys.meta_path.insert(0, _previous["finder"])


def _unhook():
    """A hook that somebody has put over ours stays, and ours below it then only hands on."""
    for key, module, name, ours in _hooks():
        if getattr(module, name) is ours:
            setattr(module, name, _previous[key])
            _buried.discard(key)
        else:
            _buried.add(key)
    finder = _previous.pop("finder", None)
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)
    base = sys.modules.get("asyncio.base_events")
    if "asyncio" in _previous and base.BaseEventLoop.call_exception_handler is _loop_handler:
        base.BaseEventLoop.call_exception_handler = _previous.pop("asyncio")
    log = sys.modules.get("asyncio.log")
    if log is not None and "asyncio filter" in _previous:
        log.logger.removeFilter(_previous.pop("asyncio filter"))


# --- fork: what a signal handler of the service raises in these, CPython prints and drops; so they are short ---

def _before_fork():
    """No thread of ours at a fork: it could hold what the child then waits for, and Python 3.12 warns of threads."""
    try:
        if _agent is not None and not _agent.busy:
            _agent.stop(0.1)
    except Exception:
        pass


def _after_fork_in_parent():
    try:
        if _agent is not None and _agent.enabled:
            _agent.start()
    except Exception:
        pass


def _after_fork_in_child():
    """The child speaks for itself, if it lives longer than a moment; the parent's socket is not its own."""
    global _items_before
    try:
        agent = _agent
        if agent is None:
            return
        agent.disconnect(agent.link)
        if agent.watch is not None and _is_still(agent.watch, agent.watch_identity):
            os.close(agent.watch)
        for fd in agent.pipe or ():
            if _is_still(fd, agent.pipe_identity):
                os.close(fd)
        agent.freeing = agent.allocate_lock()
        agent.busy = False
        _items_before += _items_done() or 0
        agent.drop_ballast()
        agent.reset()
        if agent.enabled:
            agent.start(delay=1.0)
    except Exception:
        pass


def _at_exit():
    try:
        if _agent is not None:
            _agent.stop(0.5 if not _agent.busy else 0.0)
    except Exception:
        pass


# --- what services use ---

_at_fork_registered = False


def install(free_signal=None, snapshot_signal=None, socket=None):
    """Begins. Returns True when it is in force, False where it does nothing (a subinterpreter, another system).

    free_signal, snapshot_signal: numbers of signals by which to ask for memory, or for where it grew; for policies with
    Action=signal. They must be given in the main thread; a handler that was there before is called too. socket: another path
    than memguardd's."""
    global _agent, _at_fork_registered
    try:
        if not sys.platform.startswith("linux") or not _is_main_interpreter():
            return False
        if _agent is None:
            _agent = _Agent(socket or os.environ.get("MEMGUARD_SOCKET") or SOCKET)
            _hook()
            if not _at_fork_registered:
                import atexit

                os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent,
                                    after_in_child=_after_fork_in_child)
                atexit.register(_at_exit)
                _at_fork_registered = True
            _agent.connect()
            _agent.start()
        for number, what in ((free_signal, "free"), (snapshot_signal, "snapshot")):
            if number is not None:
                _handle_signal(number, what)
        return True
    except Exception:
        return False


def _handle_signal(number, what):
    import signal

    before = signal.getsignal(number)

    def handler(signo, frame):
        if _agent is not None:
            _agent.wanted.append(what)
            _agent.wake()
        if callable(before):
            before(signo, frame)

    signal.signal(number, handler)
    _agent.wake()


def uninstall():
    """Ends: hooks are put back, the connection is closed. Signal handlers stay, and then do nothing."""
    global _agent
    agent, _agent = _agent, None
    if agent is None:
        return
    try:
        _unhook()
        agent.stop(1.0)
        agent.growth.end()
        agent.disconnect(agent.link)
        agent.close_watch()
        agent.drop_ballast()
    except Exception:
        pass


def report(error=None, text="", site=""):
    """Tells of a MemoryError that the service has caught; without one: that which is being handled. Returns True when it was
    sent. site: "file:line in function", when the error does not know."""
    try:
        if error is None:
            error = sys.exc_info()[1]
        found = _memory_error(error) if error is not None else None
        if found is None and error is None:
            found = MemoryError(text)
        if _agent is None or found is None:
            return False
        _agent.tell_error(found, found.__traceback__, "caught by the service", caught=True, text=text, site=site)
        return _agent.link is not None
    except Exception:
        return False


def on_pressure(function, name=None):
    """Registers what gives memory back: it is called without arguments, in the thread of this module, when memory is
    asked for. May be used as a decorator."""
    _callbacks.append((name or getattr(function, "__name__", "callback"), function))
    return function


def cache(name, size, clear=None):
    """Registers a cache: size() is its size (as the service counts, in heartbeats), clear() empties it when memory is
    asked for."""
    _caches.append((name, size, clear))


def queue(depth):
    """Registers a queue for heartbeats: an object with qsize(), or a function."""
    _queues.append(getattr(depth, "qsize", depth))


def forget(name):
    """Unregisters caches and callbacks of that name."""
    _callbacks[:] = [one for one in _callbacks if one[0] != name]
    _caches[:] = [one for one in _caches if one[0] != name]


# item_done() counts one thing that was done (a request, a job), for heartbeats.
item_done = _items.__next__


def free():
    """Gives memory back now, in the calling thread. Returns the bytes by which the process' private memory fell."""
    return _agent.free()[0] if _agent is not None else 0


# --- python3 -m memguard ---


def _run_as_main(arguments):
    """As the interpreter would, in a module __main__ that stays."""
    import builtins
    import importlib.util
    import io
    import types

    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    if arguments[0] == "-m":
        name = arguments[1]
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(name + ".__main__")
        if spec is None or not hasattr(spec.loader, "get_code"):
            sys.exit("memguard: there is no module %s that can be run." % name)
        code = spec.loader.get_code(spec.name)
        main.__spec__, main.__file__, main.__loader__, main.__package__ = spec, spec.origin, spec.loader, spec.parent
        sys.argv = [spec.origin] + arguments[2:]
    else:
        path = arguments[0]
        sys.path[0] = os.path.dirname(os.path.realpath(path))
        try:
            with io.open_code(os.path.abspath(path)) as source:
                code = compile(source.read(), path, "exec")
        except OSError as error:
            sys.exit("memguard: %s can't be run: %s." % (path, error.strerror))
        main.__file__, main.__spec__, main.__package__ = path, None, None
        sys.argv = arguments
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


def _main():
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help") or (arguments[0] == "-m" and len(arguments) < 2):
        sys.exit("usage: python3 -m memguard APP.py [ARGUMENT...]\n       python3 -m memguard -m PACKAGE [ARGUMENT...]")
    install()
    _run_as_main(arguments)


if __name__ == "__main__":
    # The service's own "import memguard" must find this very module, not a second one.
    import memguard

    memguard._main()
