"""The Python module tells its daemon the truth, gives memory back when asked, and never gets into the way of its service."""

import ast
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
# As it stands in the sources, or as it is installed.
MODULE_DIR = os.environ.get("MODULE_DIR") or os.path.join(HERE, "..", "..", "tools", "python")
SITE = os.environ.get("SITE") or os.path.join(MODULE_DIR, "site", "sitecustomize.py")
MODULE = os.path.join(MODULE_DIR, "memguard.py")
PATIENCE = float(os.environ.get("PATIENCE") or 20)

KEYS = {
    "hello": {"protocol", "python", "module", "traced"},
    "error": {"class", "where", "caught", "site", "text"},
    "beat": {"items", "queue", "cache", "blocks", "used", "unused", "anon", "traced_bytes", "traced_peak"},
    "done": {"id", "freed", "refused", "text"},
    "grew": {"id", "bytes", "count", "site"},
}


class Peer:
    def __init__(self, sock):
        self.sock = sock
        creds = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.pid = struct.unpack("3i", creds)[0]
        self.seen = []

    def message(self, kind, patience=PATIENCE):
        """The next message of that kind as a dict; None at the end of the connection or of patience."""
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            if not select.select([self.sock], [], [], ends - time.monotonic())[0]:
                break
            data = self.sock.recv(4096)
            if not data:
                return None
            lines = data.decode().split("\n")
            fields = dict(line.split("=", 1) for line in lines[1:])
            self.seen.append(lines[0])
            # What the daemon's parser does not know it refuses.
            assert set(fields) <= KEYS[lines[0]], lines
            assert len(data) < 2048
            if lines[0] == kind:
                return fields
        return None

    def ask(self, text):
        self.sock.send(text.encode())


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.dir.name, "module")
        self.children = []
        self.listen()

    def tearDown(self):
        for child in self.children:
            child.kill()
            child.wait()
            for stream in (child.stdout, child.stderr, child.stdin):
                stream.close()
        if self.server:
            self.server.close()
        self.dir.cleanup()

    def listen(self):
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(self.path)
        self.server.listen(64)
        self.server.settimeout(PATIENCE)

    def unlisten(self):
        self.server.close()
        self.server = None
        os.unlink(self.path)

    def run_script(self, script, *options, environment=(), arguments=()):
        path = os.path.join(self.dir.name, "app%d.py" % len(self.children))
        with open(path, "w") as f:
            f.write(textwrap.dedent(script))
        return self.run_python(list(options) + [path] + list(arguments), environment)

    def run_python(self, command, environment=()):
        env = dict(os.environ, PYTHONPATH=MODULE_DIR, MEMGUARD_SOCKET=self.path, PYTHONDONTWRITEBYTECODE="1")
        env.update(environment)
        child = subprocess.Popen([sys.executable] + command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.children.append(child)
        return child

    def accept(self):
        peer = Peer(self.server.accept()[0])
        self.addCleanup(peer.sock.close)
        self.assertEqual(peer.message("hello")["protocol"], "1")
        return peer

    def finish(self, child):
        out, err = child.communicate(timeout=60)
        return child.returncode, out, err


INSTALL = "import memguard\nmemguard.install()\n"


class Errors(Case):
    def error_of(self, script, *options):
        child = self.run_script(INSTALL + textwrap.dedent(script), *options)
        error = self.accept().message("error")
        self.assertIsNotNone(error)
        return (error,) + self.finish(child)

    def test_uncaught_in_main(self):
        error, status, _, err = self.error_of("def fill():\n    raise MemoryError('no room')\nfill()")
        self.assertRegex(error["site"], r"app0\.py:4 in fill$")
        self.assertEqual((error["class"], error["where"], error["text"]), ("MemoryError", "main thread", "no room"))
        self.assertEqual(status, 1)
        self.assertTrue(err.rstrip().endswith("MemoryError: no room"), err)

    def test_really_refused_and_optimised(self):
        error, _, _, _ = self.error_of("bytearray(10**16)", "-O")
        self.assertRegex(error["site"], r"app0\.py:3 in <module>$")

    def test_thread(self):
        error, status, _, err = self.error_of("""
            import threading
            def work(): return bytearray(10**16)
            t = threading.Thread(target=work, name='worker-7'); t.start(); t.join()""")
        self.assertEqual(error["where"], "thread worker-7")
        self.assertRegex(error["site"], "in work$")
        self.assertEqual(status, 0)
        self.assertIn("Exception in thread worker-7", err)

    def test_unraisable(self):
        error, status, _, err = self.error_of("""
            class D:
                def __del__(self): raise MemoryError
            D()""")
        self.assertEqual(error["where"], "unraisable")
        self.assertRegex(error["site"], "in __del__$")
        self.assertEqual(status, 0)
        self.assertIn("Exception ignored", err)

    def asyncio_task(self, first):
        error, status, _, err = self.error_of(first + textwrap.dedent("""
            import asyncio, gc
            async def bad(): raise MemoryError('in a task')
            async def main():
                t = asyncio.ensure_future(bad()); await asyncio.sleep(0.01); del t; gc.collect()
            asyncio.run(main())"""))
        self.assertEqual(error["where"], "asyncio")
        self.assertRegex(error["site"], "in bad$")
        self.assertEqual(status, 0)
        self.assertEqual(err.count("Task exception was never retrieved"), 1)

    def test_asyncio_imported_later(self):
        self.asyncio_task("")

    def test_asyncio_with_a_handler_of_the_service(self):
        child = self.run_script("import asyncio, gc\n" + INSTALL + textwrap.dedent("""
            async def bad(): raise MemoryError
            async def main():
                asyncio.get_running_loop().set_exception_handler(lambda loop, context: print('handled'))
                t = asyncio.ensure_future(bad()); await asyncio.sleep(0.01); del t; gc.collect()
            asyncio.run(main())"""))
        self.assertEqual(self.accept().message("error")["where"], "asyncio")
        self.assertEqual(self.finish(child)[1], "handled\n")

    def test_cause_and_one_report_for_one_error(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            try: bytearray(10**16)
            except MemoryError as e:
                memguard.report(e); raise RuntimeError('job failed') from e"""))
        peer = self.accept()
        self.assertEqual(peer.message("error")["caught"], "1")
        self.assertIsNone(peer.message("error", 3.0))
        self.finish(child)

    @unittest.skipIf(sys.version_info < (3, 11), "groups came with 3.11")
    def test_group(self):
        error, _, _, _ = self.error_of("raise ExceptionGroup('many', [ValueError(1), MemoryError('in it')])")
        self.assertEqual(error["text"], "in it")

    def test_what_is_none_of_memory_is_not_told(self):
        child = self.run_script(INSTALL + "raise ValueError('MemoryError')")
        peer = self.accept()
        self.assertIsNone(peer.message("error", 3.0))
        self.assertEqual(self.finish(child)[0], 1)

    def test_hooks_of_the_service_are_called(self):
        child = self.run_script("""
            import sys
            sys.excepthook = lambda *a: print('mine', a[0].__name__)
            """ + "\n            ".join(INSTALL.split("\n")) + "\n            raise MemoryError")
        self.assertIsNotNone(self.accept().message("error"))
        self.assertEqual(self.finish(child)[1], "mine MemoryError\n")

    def test_an_error_that_can_not_be_shown(self):
        error, _, _, _ = self.error_of("""
            class Mine(MemoryError):
                def __str__(self): raise KeyError
            raise Mine""")
        self.assertEqual((error["class"], error["text"]), ("Mine", ""))

    def test_a_fork_that_python_was_not_told_of(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import ctypes, os, time
            time.sleep(0.3)
            pid = ctypes.PyDLL(None).fork()
            if pid == 0:
                memguard.report(MemoryError('of the child'))
                os._exit(0)
            os.waitpid(pid, 0)
            memguard.report(MemoryError('of the parent'))"""))
        parent, worker = self.accept(), self.accept()
        self.assertEqual(worker.message("error")["text"], "of the child")
        self.assertEqual(parent.message("error")["text"], "of the parent")
        self.assertEqual(parent.pid, child.pid)
        self.finish(child)

    def test_hostile_text_stays_on_its_line(self):
        error, _, _, _ = self.error_of("raise MemoryError('a\\nid=1\\x1b[2J\\udcff' + 'x' * 5000)")
        self.assertNotIn("\x1b", error["text"])

    def starved(self, growth, site="in fill$"):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))
            held = []
            """) + textwrap.dedent(growth))
        error = self.accept().message("error", 60.0)
        self.assertIsNotNone(error)
        # Where not even a traceback could be made, nobody knows the site.
        self.assertRegex(error["site"], site)
        self.assertNotEqual(self.finish(child)[0], 0)

    def test_starved_by_small_objects(self):
        self.starved("""
            def fill():
                while True: held.append(object())
            fill()""", "in fill$|^$")

    def test_starved_by_all_sizes(self):
        self.starved("""
            def fill():
                size = 1 << 20
                while True:
                    try: held.append(bytearray(size))
                    except MemoryError:
                        if size < 64: raise
                        size //= 2
            fill()""", "in fill$|^$")

    def test_starved_by_large_objects(self):
        self.starved("""
            def fill():
                while True: held.append(bytearray(1 << 18))
            fill()""")

    def test_starved_from_the_start_without_room_for_a_thread(self):
        child = self.run_script("""
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (120 << 20, 120 << 20))
            import memguard
            memguard.install()
            assert not memguard._agent.running
            held = []
            def fill():
                while True: held.append(bytearray(1 << 18))
            fill()""")
        self.assertRegex(self.accept().message("error", 60.0)["site"], "in fill$")
        self.finish(child)


class Talk(Case):
    def test_beat_counts(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import queue, sys, tracemalloc
            tracemalloc.start()
            q = queue.Queue(); q.put(1); q.put(2)
            memguard.queue(q)
            memguard.cache('users', lambda: 77)
            memguard.cache('broken', lambda: 1 / 0)
            for i in range(5): memguard.item_done()
            memguard._agent.next_beat = 0; memguard._agent.wake()
            sys.stdin.read()"""))
        peer = self.accept()
        beat = peer.message("beat")
        while beat is not None and beat.get("items") != "5":
            beat = peer.message("beat")
        self.assertIsNotNone(beat)
        self.assertEqual((beat["queue"], beat["cache"]), ("2", "77"))
        self.assertGreater(int(beat["blocks"]), 1000)
        self.assertGreater(int(beat["anon"]), 1 << 20)
        self.assertGreater(int(beat["traced_peak"]), 0)
        if "used" in beat:  # glibc 2.33
            self.assertGreater(int(beat["used"]), 100000)
        child.stdin.close()
        self.assertEqual(child.wait(10), 0)

    def beats_with(self, setting, n):
        """The numbers of blocks in some beats, with the figures of this process replaced."""
        child = self.run_script("import memguard, sys, time\n" + setting + textwrap.dedent("""
            memguard.BEAT = 0.2
            sys.getallocatedblocks = count
            memguard._status = lambda key: swapped
            memguard.install()
            sys.stdin.read()"""))
        peer = self.accept()
        return [peer.message("beat").get("blocks") for i in range(n)], child

    def test_blocks_are_counted_seldom_where_it_takes_long(self):
        blocks, child = self.beats_with("swapped, n = b'0', [0]\ndef count():\n    time.sleep(0.1)\n"
                                        "    n[0] += 1\n    return n[0]", 4)
        self.assertEqual(blocks, ["1"] * 4)

    def test_blocks_are_counted_often_where_it_does_not(self):
        blocks, child = self.beats_with("swapped, n = b'0', [0]\ndef count():\n    n[0] += 1\n    return n[0]", 4)
        self.assertGreater(int(blocks[-1]), 2)

    def test_blocks_are_not_counted_while_something_is_swapped_out(self):
        for swapped in ("b'4'", "None"):
            blocks, child = self.beats_with("swapped = %s\ncount = lambda: print('counted', flush=True)" % swapped, 3)
            self.assertEqual(blocks, [None] * 3)
            child.kill()
            self.assertEqual(child.stdout.read(), "")

    def test_blocks_that_were_counted_long_ago_are_not_told(self):
        blocks, child = self.beats_with("swapped = b'0'\nmemguard._Blocks.HELD = 0.5\ndef count():\n"
                                        "    time.sleep(0.1)\n    return 5", 4)
        self.assertEqual((blocks[0], blocks[-1]), ("5", None))

    def test_free_runs_what_is_registered_and_says_what_it_freed(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import sys, threading
            cache = {i: b"x" * 100000 for i in range(400)}
            memguard.cache('pages', lambda: len(cache), cache.clear)
            @memguard.on_pressure
            def note(): print('asked', threading.current_thread() is threading.main_thread(), flush=True)
            @memguard.on_pressure
            def broken(): raise KeyError
            sys.stdin.read()"""))
        peer = self.accept()
        self.assertEqual(peer.message("beat") is not None, True)
        time.sleep(0.5)
        peer.ask("free\nid=7")
        done = peer.message("done")
        self.assertEqual(done["id"], "7")
        self.assertGreater(int(done["freed"]), 30 << 20)
        self.assertIn("pages", done["text"])
        self.assertIn("broken 0 (KeyError)", done["text"])
        self.assertEqual(child.stdout.readline(), "asked False\n")
        peer.ask("free\nid=8")
        self.assertIn("less than a second ago", peer.message("done")["text"])

    def test_snapshot_begins_and_then_says_where(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import sys
            held = []
            for line in sys.stdin:
                held.extend(bytes(1000) for i in range(20000))
                print('grown', flush=True)"""))
        peer = self.accept()
        peer.ask("snapshot\nbegin=0")
        self.assertIn("not traced", peer.message("done")["text"])
        peer.ask("snapshot\nbegin=1")
        self.assertIn("tracing has begun", peer.message("done")["text"])
        child.stdin.write("grow\n")
        child.stdin.flush()
        child.stdout.readline()
        peer.ask("snapshot\nbegin=1")
        grew = peer.message("grew")
        self.assertRegex(grew["site"], r"app0\.py:7$")
        self.assertGreater(int(grew["bytes"]), 15 << 20)
        self.assertGreater(int(grew["count"]), 10000)
        self.assertEqual(peer.message("done")["id"], "0")

    def test_no_large_snapshot_is_taken_that_no_human_asked_for(self):
        child = self.run_script("import tracemalloc\ntracemalloc.start()\nheld = [[i] for i in range(200000)]\n" + INSTALL +
                                textwrap.dedent("""
            import sys
            real, taken = tracemalloc.take_snapshot, []
            tracemalloc.take_snapshot = lambda: taken.append(1) or real()
            print(tracemalloc.get_tracemalloc_memory() >> 20, flush=True)
            for line in sys.stdin: print(len(taken), flush=True)"""))

        def taken():
            child.stdin.write("\n")
            child.stdin.flush()
            return int(child.stdout.readline())

        peer = self.accept()
        self.assertIn(int(child.stdout.readline()), range(9, 60))
        for text, begin, n in (("more than 8.0M", 0, 0), ("first snapshot", 1, 1), ("more than 8.0M", 0, 1), ("since", 1, 2)):
            peer.ask("snapshot\nbegin=%d" % begin)
            said = peer.message("done", 60)["text"]
            self.assertIn(text, said)
            self.assertLess(len(said), 120)
            self.assertEqual(taken(), n)

    def test_tracing_that_it_began_ends(self):
        script = "import memguard\nmemguard.TRACING_TIME = 2.0\nmemguard.RETRY_FIRST = memguard.RETRY_LAST = 0.3\n" + \
            textwrap.dedent("""
            memguard.install()
            import sys, tracemalloc
            print('ready', flush=True)
            for line in sys.stdin:
                if line == 'uninstall\\n': memguard.uninstall()
                print(tracemalloc.is_tracing(), flush=True)""")

        def is_tracing(child, line="look"):
            child.stdin.write(line + "\n")
            child.stdin.flush()
            return child.stdout.readline() == "True\n"

        children, peers = [], []
        for i in range(2):
            children.append(self.run_script(script))
            peers.append(self.accept())
            peer = peers[i]
            children[i].stdout.readline()
            peer.ask("snapshot\nbegin=1")
            self.assertIn("tracing has begun", peer.message("done")["text"])
            self.assertTrue(is_tracing(children[i]))
        self.assertFalse(is_tracing(children[1], "uninstall"))
        # Also where the daemon is gone for good.
        self.unlisten()
        peers[0].sock.close()
        until = time.monotonic() + 20
        while is_tracing(children[0]) and time.monotonic() < until:
            time.sleep(0.2)
        self.assertFalse(is_tracing(children[0]))

    def test_nonsense_from_the_daemon_is_borne(self):
        self.run_script(INSTALL + "import sys\nsys.stdin.read()")
        peer = self.accept()
        for nonsense in ("\xff\xff", "free", "free\nid=x", "free\nid=-1\nid", "=", "\n\n\n", "snapshot\nbegin"):
            peer.ask(nonsense)
        time.sleep(1.2)
        # After some failures it rests a second each; then it is as before.
        peer.ask("free\nid=9")
        done = peer.message("done")
        while done is not None and done["id"] != "9":
            done = peer.message("done")
        self.assertIsNotNone(done)

    def test_reconnects(self):
        child = self.run_script("import memguard\nmemguard.RETRY_FIRST = 0.3\nmemguard.install()\nimport sys\nsys.stdin.read()")
        peer = self.accept()
        peer.sock.close()
        self.unlisten()
        time.sleep(0.5)
        self.listen()
        peer = self.accept()
        self.assertEqual(peer.pid, child.pid)
        self.assertIsNotNone(peer.message("beat"))

    def test_error_is_told_to_a_daemon_that_has_just_restarted(self):
        child = self.run_script(INSTALL + "import sys\nsys.stdin.readline()\nraise MemoryError")
        self.accept().sock.close()
        self.unlisten()
        self.listen()
        child.stdin.write("\n")
        child.stdin.flush()
        self.assertIsNotNone(self.accept().message("error"))

    def test_a_dead_connection_does_not_take_the_new_one_along(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import sys
            agent = memguard._agent
            agent.stop(10)
            errors = MemoryError("first"), MemoryError("second")
            class Late:  # our thread reads that the daemon is gone, and is overtaken by one that has an error to tell
                def recv(self, *rest):
                    assert sock.recv(*rest) == b""
                    memguard.report(errors[0])
                    return b""
                def __getattr__(self, name): return getattr(sock, name)
            sys.stdin.readline()
            link = agent.link
            sock, link.sock = link.sock, Late()
            agent.receive(link)
            memguard.report(errors[1])
            sys.stdin.readline()"""))
        self.accept().sock.close()
        child.stdin.write("\n")
        child.stdin.flush()
        peer = self.accept()
        self.assertEqual(peer.message("error")["text"], "first")
        self.assertEqual(peer.message("error")["text"], "second")

    def test_where_the_daemon_must_look_first_an_error_waits_for_that(self):
        child = self.run_script("""
            import memguard, os, sys, time
            memguard._knows_who_connected = lambda sock: False  # as before Linux 6.5
            memguard.LOOK_WAIT = 60
            memguard.install()
            sys.stdin.readline()
            pid = os.fork()
            if pid == 0:
                memguard.report(MemoryError("x"))
                print(time.monotonic(), flush=True)
                os._exit(0)
            os.waitpid(pid, 0)
            """)
        self.accept()
        child.stdin.write("\n")
        child.stdin.flush()
        self.assertTrue(select.select([self.server], [], [], PATIENCE)[0])
        time.sleep(0.2)
        looked = time.monotonic()
        self.assertEqual(self.accept().message("error")["text"], "x")
        code, out, _ = self.finish(child)  # Python 3.12 has a warning for who forks beside a thread
        self.assertEqual(code, 0)
        self.assertGreater(float(out), looked)

    def test_so_it_does_where_the_connection_is_no_older(self):
        child = self.run_script("""
            import memguard, time
            memguard._knows_who_connected = lambda sock: False
            memguard.LOOK_WAIT = 60
            memguard.install()
            memguard.report(MemoryError("x"))
            print(time.monotonic(), flush=True)
            """)
        self.assertTrue(select.select([self.server], [], [], PATIENCE)[0])
        time.sleep(0.2)
        looked = time.monotonic()
        self.assertEqual(self.accept().message("error")["text"], "x")
        self.assertGreater(float(self.finish(child)[1]), looked)

    def test_its_thread_waits_for_no_socket_that_is_being_closed(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import time
            agent = memguard._agent
            agent.stop(10)
            agent.link.sock.close()
            agent.next_beat = 0
            agent.wait(time.monotonic())
            print("waited")"""))
        self.assertEqual(self.finish(child)[1:], ("waited\n", ""))


class Quiet(Case):
    def test_without_a_daemon(self):
        self.unlisten()
        began = time.monotonic()
        child = self.run_script(INSTALL + "memguard.item_done()\nmemguard.report(MemoryError())\nprint('done')", "-W", "error")
        self.assertEqual(self.finish(child), (0, "done\n", ""))
        self.assertLess(time.monotonic() - began, 10)

    def test_a_fork_speaks_for_itself(self):
        script = INSTALL + textwrap.dedent("""
            import os, sys, time
            time.sleep(0.3)
            memguard.item_done()
            pid = os.fork()
            if pid == 0:
                for i in range(3): memguard.item_done()
                sys.stdin.read()
                os._exit(0)
            print(pid, memguard._agent.running, flush=True)
            os.waitpid(pid, 0)""")
        child = self.run_script(script, "-W", "error::DeprecationWarning")
        parent = self.accept()
        pid = int(child.stdout.readline().split()[0])
        worker = self.accept()
        self.assertEqual((parent.pid, worker.pid), (child.pid, pid))
        self.assertEqual(worker.message("beat")["items"], "3")
        worker.ask("free\nid=3")
        self.assertIsNotNone(worker.message("done"))
        parent.ask("free\nid=4")
        self.assertEqual(parent.message("done")["id"], "4")
        child.stdin.close()
        self.assertEqual(child.wait(20), 0)
        self.assertEqual(child.stderr.read(), "")

    def test_many_forks(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import os
            for i in range(200):
                pid = os.fork()
                if pid == 0: os._exit(0)
                assert os.waitpid(pid, 0)[1] == 0
            print(memguard._agent.running)"""), "-W", "error::DeprecationWarning")
        self.accept()
        self.assertEqual(self.finish(child)[:2], (0, "True\n"))

    def test_multiprocessing(self):
        child = self.run_script("""
            import memguard, multiprocessing
            memguard.install()
            def square(x): return x * x
            if __name__ == '__main__':
                for method in ('fork', 'spawn'):
                    with multiprocessing.get_context(method).Pool(3) as pool:
                        print(sum(pool.map(square, range(100))), flush=True)""")
        self.assertEqual(self.finish(child)[:2], (0, "328350\n328350\n"))

    def test_subprocess_with_preexec(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import subprocess
            for i in range(20):
                subprocess.run(['true'], check=True, preexec_fn=lambda: None)
            print('ok')"""))
        self.assertEqual(self.finish(child)[:2], (0, "ok\n"))

    def test_never_touches_a_descriptor_that_is_not_its_own_any_more(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import os, sys, time
            time.sleep(0.5)
            os.closerange(3, 256)
            pipes = [os.pipe() for i in range(20)]
            for r, w in pipes: os.write(w, b'mine')
            memguard._agent.wake()
            memguard.report(MemoryError())
            time.sleep(2)
            memguard.uninstall()
            assert all(os.read(r, 100) == b'mine' for r, w in pipes)
            print('whole')"""))
        self.accept()
        self.assertEqual(self.finish(child), (0, "whole\n", ""))

    def test_does_not_keep_the_interpreter(self):
        began = time.monotonic()
        child = self.run_script(INSTALL + "import time\ntime.sleep(0.5)\nmemguard.on_pressure(lambda: time.sleep(100))")
        self.accept().ask("free\nid=1")
        self.assertEqual(self.finish(child)[0], 0)
        self.assertLess(time.monotonic() - began, 20)

    def test_subinterpreter(self):
        child = self.run_script("""
            import sys
            try: import _interpreters as i
            except ImportError:
                try: import _xxsubinterpreters as i
                except ImportError: i = None
            if i is None: print('False'); sys.exit()
            i.run_string(i.create(), "import memguard; print(memguard.install(), flush=True)")""")
        self.assertEqual(self.finish(child)[1], "False\n")

    def test_uninstall_puts_back(self):
        child = self.run_script("""
            import asyncio, sys, threading
            before = (sys.excepthook, threading.excepthook, sys.unraisablehook, list(sys.meta_path),
                      asyncio.base_events.BaseEventLoop.call_exception_handler)
            import memguard
            memguard.install(); memguard.uninstall()
            assert before == (sys.excepthook, threading.excepthook, sys.unraisablehook, sys.meta_path,
                              asyncio.base_events.BaseEventLoop.call_exception_handler)
            print('same')""")
        self.assertEqual(self.finish(child)[1:], ("same\n", ""))

    def test_installed_again_below_the_hooks_of_others(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import sys, threading, time
            def over(module, name, said):
                below = getattr(module, name)
                def hook(*args):
                    print(said, flush=True)
                    below(*args)
                setattr(module, name, hook)
            over(sys, 'excepthook', 'main')
            over(threading, 'excepthook', 'thread')
            over(sys, 'unraisablehook', 'unraisable')
            for i in range(3):
                memguard.uninstall(); memguard.install()
            print('ready', flush=True); sys.stdin.readline()
            class D:
                def __del__(self): raise MemoryError('in d')
            D()
            time.sleep(1.1) # one at the same address within a second counts as the same
            t = threading.Thread(target=lambda: bytearray(10**16)); t.start(); t.join()
            time.sleep(1.1)
            raise MemoryError('at last')"""))
        peers = [self.accept() for i in range(4)]
        child.stdout.readline()
        child.stdin.write("\n")
        child.stdin.flush()
        told = [peers[3].message("error")["where"] for i in range(3)]
        self.assertEqual((told[0], told[2]), ("unraisable", "main thread"))
        status, out, err = self.finish(child)
        self.assertEqual((status, out), (1, "unraisable\nthread\nmain\n"))
        for line in ("MemoryError: in d", "MemoryError: at last"):
            self.assertEqual(err.count(line), 1, err)
        self.assertNotIn("RecursionError", err)

    def test_the_finder_after_ours_is_asked_too(self):
        child = self.run_script("""
            import importlib.machinery, sys
            asked = []
            class Next:
                def find_spec(self, name, path=None, target=None): asked.append(name)
            sys.meta_path.insert(0, Next())
            import memguard
            memguard.install()
            real = importlib.machinery.PathFinder.find_spec
            importlib.machinery.PathFinder.find_spec = staticmethod(
                lambda name, *rest: None if name == 'asyncio.base_events' and rest[1:] == () else real(name, *rest))
            import asyncio
            print('asyncio.base_events' in asked)
            memguard._hook_asyncio_if_there()
            print('asyncio' in memguard._previous)
            memguard.uninstall()
            print([type(one).__name__ for one in sys.meta_path if type(one).__module__ == 'memguard'])""")
        self.assertEqual(self.finish(child), (0, "True\nTrue\n[]\n", ""))

    def test_signals_reach_the_service(self):
        child = self.run_script("""
            import memguard, os, signal, sys, threading, time
            got = []
            signal.signal(signal.SIGUSR1, lambda *a: got.append('own'))
            memguard.on_pressure(lambda: got.append('free'))
            memguard.install(free_signal=signal.SIGUSR1)
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGUSR1)
            until = time.monotonic() + 10
            while len(got) < 2 and time.monotonic() < until: time.sleep(0.05)
            print(sorted(got))""")
        self.accept()
        self.assertEqual(self.finish(child)[1], "['free', 'own']\n")


    def test_a_signal_handler_that_raises_leaves_the_mask_and_the_thread(self):
        child = self.run_script("import signal\n" + INSTALL + textwrap.dedent("""
            import os, time
            class Mine(BaseException): pass
            def handler(*a):
                raise Mine
            signal.signal(signal.SIGALRM, handler)
            agent, times, delay = memguard._agent, 0, 5
            until = time.monotonic() + 4
            while time.monotonic() < until:
                agent.stop(5)
                while len(os.listdir('/proc/self/task')) > 1: time.sleep(0.0002)
                delay = delay % 200 + 3
                try:
                    signal.setitimer(signal.ITIMER_REAL, delay / 1e6)
                    agent.start()
                    while True: pass
                except Mine: times += 1
                # Its mask is as it was, and a thread that is said to run does.
                assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
                assert agent.running == (len(os.listdir('/proc/self/task')) > 1)
                agent.start()
                assert agent.running
            assert times > 50, times
            print('whole')"""))
        self.assertEqual(self.finish(child), (0, "whole\n", ""))

    def test_a_signal_handler_that_ends_the_service_ends_it(self):
        for what in ("memguard.report(Slow())", "raise Slow", """
                    import asyncio
                    loop = asyncio.new_event_loop()
                    loop.call_exception_handler({'message': 'bad', 'exception': Slow()})""", """
                    import asyncio
                    asyncio.log.logger.error('bad', exc_info=Slow())"""):
            child = self.run_script(INSTALL + textwrap.dedent("""
                import os, signal, sys
                signal.signal(signal.SIGTERM, lambda *a: sys.exit(5))
                n = 0
                class Slow(MemoryError):
                    def __str__(self):
                        global n
                        n += 1
                        if n == 1: os.kill(os.getpid(), signal.SIGTERM)
                        return 'ours'
                try: %s
                except MemoryError: raise
                print('goes on')""") % what.replace("\n                    ", "\n    "))
            status, out, err = self.finish(child)
            self.assertEqual((status, out), (5, ""), what + err)

    def test_its_thread_takes_no_signals(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import glob, time
            time.sleep(0.5)
            masks = []
            for path in glob.glob('/proc/self/task/*/status'):
                with open(path) as f: masks.append(int(f.read().split('SigBlk:')[1].split()[0], 16))
            masks.sort()
            print(len(masks), masks[0], bin(masks[1]).count('1') > 58)"""))
        self.assertEqual(self.finish(child), (0, "2 0 True\n", ""))

    def test_what_a_callback_starts_blocks_what_the_main_thread_blocks(self):
        child = self.run_script(INSTALL + textwrap.dedent("""
            import signal, subprocess, sys
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
            command = ['grep', 'SigBlk', '/proc/self/status']
            @memguard.on_pressure
            def start(): print(subprocess.check_output(command).decode().split()[1], flush=True)
            print('ready', flush=True)
            sys.stdin.read()"""))
        peer = self.accept()
        self.assertEqual(child.stdout.readline(), "ready\n")
        peer.ask("free\nid=1")
        self.assertEqual(int(child.stdout.readline(), 16), 1 << (signal.SIGUSR2 - 1))
        self.assertIsNotNone(peer.message("done"))
        tasks = "/proc/%d/task" % child.pid
        for task in set(os.listdir(tasks)) - {str(child.pid)}:
            with open("%s/%s/status" % (tasks, task)) as f:
                self.assertGreater(bin(int(f.read().split("SigBlk:")[1].split()[0], 16)).count("1"), 58)


class Starting(Case):
    def test_as_main(self):
        child = self.run_script("""
            import sys, memguard
            print(__name__, sys.argv[1:], sys.path[0] == sys.argv[0].rsplit('/', 1)[0], memguard._agent is not None)
            print(sys.modules['__main__'].__dict__ is globals())
            sys.exit(7)""", "-m", "memguard", arguments=["-x", "y"])
        self.accept()
        status, out, err = self.finish(child)
        self.assertEqual((status, out), (7, "__main__ ['-x', 'y'] True True\nTrue\n"), err)

    def test_as_main_of_a_package(self):
        os.mkdir(os.path.join(self.dir.name, "pack"))
        for name, text in (("__init__", ""), ("part", "X = 3"),
                           ("__main__", "from . import part\nimport sys\nprint(__name__, __package__, part.X, sys.argv[1:])")):
            with open(os.path.join(self.dir.name, "pack", name + ".py"), "w") as f:
                f.write(text)
        child = self.run_python(["-m", "memguard", "-m", "pack", "a"],
                                {"PYTHONPATH": MODULE_DIR + ":" + self.dir.name})
        self.accept()
        self.assertEqual(self.finish(child)[:2], (0, "__main__ pack 3 ['a']\n"))

    def test_what_can_not_be_run(self):
        for arguments in (["no-such.py"], ["-m", "no_such"], []):
            child = self.run_python(["-m", "memguard"] + arguments)
            status, out, err = self.finish(child)
            self.assertEqual((status, out), (1, ""))
            self.assertNotIn("Traceback", err)

    def site(self, environment, script="import sys; print('memguard' in sys.modules)"):
        folder = os.path.join(self.dir.name, "site")
        os.mkdir(folder)
        with open(SITE) as f:
            text = f.read().replace("@PYTHON_MODULE_DIR@", MODULE_DIR)
        with open(os.path.join(folder, "sitecustomize.py"), "w") as f:
            f.write(text)
        return self.finish(self.run_python(["-c", script], dict({"PYTHONPATH": folder}, **environment)))

    def test_without_a_change_of_the_code(self):
        self.assertEqual(self.site({}), (0, "True\n", ""))
        self.accept()

    def test_the_sitecustomize_below_is_run(self):
        other = os.path.join(self.dir.name, "other")
        os.mkdir(other)
        with open(os.path.join(other, "sitecustomize.py"), "w") as f:
            f.write("import sys; sys.mine = 1")
        env = {"PYTHONPATH": os.path.join(self.dir.name, "site") + ":" + other}
        self.assertEqual(self.site(env, "import sys; print(sys.mine, 'memguard' in sys.modules)"), (0, "1 True\n", ""))

    def test_memory_pressure_watch(self):
        fifo = os.path.join(self.dir.name, "fifo")
        os.mkfifo(fifo)
        child = self.run_script(INSTALL + textwrap.dedent("""
            import sys
            memguard.on_pressure(lambda: print('pressed', flush=True))
            sys.stdin.read()"""), environment={"MEMORY_PRESSURE_WATCH": fifo})
        self.accept()
        with open(fifo, "wb", buffering=0) as f:
            f.write(b"\n")
            self.assertEqual(child.stdout.readline(), "pressed\n")

    def test_lasting_pressure_is_heeded_seldom_where_freeing_takes_long(self):
        fifo = os.path.join(self.dir.name, "fifo")
        os.mkfifo(fifo)
        child = self.run_script(INSTALL + textwrap.dedent("""
            import sys, time
            n = 0
            @memguard.on_pressure
            def slow():
                global n
                n += 1
                time.sleep(0.2)
                print('pressed', n, flush=True)
            print('ready', flush=True)
            sys.stdin.read()"""), environment={"MEMORY_PRESSURE_WATCH": fifo})
        peer = self.accept()
        self.assertEqual(child.stdout.readline(), "ready\n")
        with open(fifo, "wb", buffering=0) as f:
            f.write(b"\n")
            self.assertEqual(child.stdout.readline(), "pressed 1\n")
            time.sleep(1.3)
            f.write(b"\n")
            time.sleep(0.5)
            # That one was not heeded; its guard's is.
            peer.ask("free\nid=1")
            self.assertEqual(child.stdout.readline(), "pressed 2\n")
            self.assertNotIn("ago", peer.message("done").get("text", ""))
            ends = time.monotonic() + 60
            while time.monotonic() < ends and not select.select([child.stdout], [], [], 0.5)[0]:
                f.write(b"\n")
            self.assertEqual(child.stdout.readline(), "pressed 3\n")

    def test_asking_again_and_again_does_not_put_it_off(self):
        child = self.run_script(INSTALL + "print('ready', flush=True)\nimport sys\nsys.stdin.read()")
        peer = self.accept()
        child.stdout.readline()
        refused = []
        for i in range(6):
            peer.ask("free\nid=1")
            refused.append("less than a second ago" in peer.message("done").get("text", ""))
            time.sleep(0.4)
        self.assertEqual((refused[:2], False in refused[1:]), ([False, True], True))

    def test_watches_that_lead_nowhere(self):
        for path in ("/dev/null", "relative", "/no/such/file", self.dir.name):
            child = self.run_script(INSTALL + "import time\ntime.sleep(0.3)\nprint('ok')",
                                    environment={"MEMORY_PRESSURE_WATCH": path, "MEMORY_PRESSURE_WRITE": "!!"})
            self.assertEqual(self.finish(child), (0, "ok\n", ""))

    def test_old_pythons_can_read_it(self):
        for path in (MODULE, SITE):
            with open(path) as f:
                ast.parse(f.read(), feature_version=(3, 8))


if __name__ == "__main__":
    signal.alarm(600)
    unittest.main(verbosity=0)
