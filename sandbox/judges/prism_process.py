"""Prism as a process on a free port, for the judges that need it."""

import queue
import re
import subprocess
import sys
import threading

START_SECONDS = 60


class Prism:
    """Runs until the end of its block; Prism picks the port and says so in its log."""

    def __init__(self, kind, *arguments):
        command = ["prism", kind, "--host", "127.0.0.1", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ports, log = queue.Queue(), []

        # Reads to the end, because a full pipe would stop the server.
        def read():
            for line in self.process.stdout:
                if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                    ports.put(int(found.group(1)))
                elif len(log) < 200:
                    log.append(line)
            ports.put(None)

        threading.Thread(target=read, daemon=True).start()
        try:
            self.port = ports.get(timeout=START_SECONDS)
        except queue.Empty:
            self.port = None
        if self.port is None:
            self.stop()
            sys.exit("Prism did not start:\n" + "".join(log))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
