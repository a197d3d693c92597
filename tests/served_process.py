"""A server as a process of its own: its address, its log, and its end."""

import json
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

START_S = 120


class Server:
    """A running server."""

    def __init__(self, process):
        self.process, self.log, self.address = process, [], None
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(START_S), "".join(self.log)
        assert self.address, "".join(self.log)

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r" on (http://\S+);", line):
                self.address = found[1]
                self._ready.set()
        self._ready.set()

    def lines(self, level=None):
        """The lines of its log, or those of one level."""
        found = [json.loads(line) for line in list(self.log) if line.startswith("{")]
        return [line for line in found if level in (None, line["level"])]

    def stop(self, number=signal.SIGTERM):
        """Its exit status after a signal; what it wrote last is in the log."""
        self.process.send_signal(number)
        status = self.process.wait(60)
        self._reader.join(10)
        return status


@contextmanager
def serving(*arguments):
    """A server with these arguments of `tain serve`, on a port of its own."""
    command = [sys.executable, "-c", "from tain.cli import main; main()", "serve", "--port", "0", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        yield Server(process)
    finally:
        process.kill()
        process.wait(30)
