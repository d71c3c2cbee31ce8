"""Unsaved work, as a service has it that must be told before it dies.

Work lives in memory and reaches the file $WORK only when SIGTERM arrives. The file gets a line "start RUN" when a run
begins and "clean RUN items=N" when its work was saved; a run that was killed leaves no second line. So a case counts
runs and losses. RUN is systemd's invocation id. Saving needs some memory itself, as it does in real services.

Python runs a signal handler only between two bytecodes of the main thread: a service that uses this must not sit in one
long C call, and has to wait in short sleeps.
"""
import os
import signal
import sys


class Work:
    def __init__(self):
        self.path = os.environ.get("WORK", "/var/tmp/service.work")
        self.run = os.environ.get("INVOCATION_ID", str(os.getpid()))
        self.items = []
        self._write("start %s\n" % self.run)
        signal.signal(signal.SIGTERM, self._save)

    def add(self):
        self.items.append("%s item %d %s" % (self.run, len(self.items), "x" * 200))

    def _save(self, _signal, _frame):
        text = "\n".join(self.items)
        with open(self.path + ".items", "w") as file:
            file.write(text)
        self._write("clean %s items=%d\n" % (self.run, len(self.items)))
        sys.exit(0)

    def _write(self, line):
        with open(self.path, "a") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
