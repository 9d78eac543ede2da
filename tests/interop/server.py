"""The example under test: starts it on free ports, reads its API, ends it."""

import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))


class Server:
    """One process of examples/live with a folder as its store."""

    def __init__(self, folder: str, binary: str = os.path.join(TARGET, "release", "examples", "live"), options=()):
        self.folder = os.path.join(folder, "data")
        self.lines: list[str] = []
        self.began = time.time()
        command = [binary, "--data", self.folder, *options]
        command += ["--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--ts", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.base = wait_for("the line with the URLs", 10, self._base)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def _base(self):
        found = (re.search(r"page (http://\S+)", line) for line in self.lines)
        return next((match.group(1) for match in found if match), None)

    def channel(self) -> dict:
        return self.json("GET", "/api/channels")[0]

    def json(self, method: str, path: str, body=None):
        """The answer's JSON; an error's, too, with its status under `status`."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return {"status": error.code, **json.load(error)}

    def text(self, url: str) -> str:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()

    def wait(self, what: str, seconds: float, is_so) -> dict:
        """The channel as soon as `is_so(channel)`."""

        def look():
            channel = self.channel()
            return channel if is_so(channel) else None

        return wait_for(what, seconds, look)

    def interrupt(self, seconds: float) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(seconds)
        self.reader.join(2)
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def wait_for(what: str, seconds: float, look):
    """What `look()` gives once it gives something."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.1)
