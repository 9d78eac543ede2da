"""Readers that take a byte a second, and readers that stop reading, while an encoder pushes (FAULTS row 54)."""

import contextlib
import os
import resource
import socket
import statistics
import tempfile
import time
import urllib.parse

import push
import timeline
from server import Server

# As many as the machine lets one process have, and no more than this.
MOST = int(os.environ.get("HEADEND_SLOW_READERS", "1000"))
# Seconds for which the channel is watched, before they come and while they are there.
WATCHED = 16
# Seconds of a segment: by less than one the live edge may be later, where the processors are busy.
SEGMENT = 2
# What a reader may cost, and what the channel itself may come to need meanwhile: its store holds what was written a moment ago.
EACH = 64 << 10
BESIDES = 48 << 20


class Readers:
    """Sockets that asked for a fragment: every other one reads a byte a second, the others nothing at all."""

    def __init__(self):
        self.sockets: list[socket.socket] = []
        self.read = 0

    def ask(self, url: str, count: int):
        parts = urllib.parse.urlsplit(url)
        request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        for _ in range(count):
            one = socket.socket()
            # A small window, so that the fragment stays where it is.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect((parts.hostname, parts.port))
            one.sendall(request)
            one.setblocking(False)
            self.sockets.append(one)

    def drip(self):
        for one in self.sockets[::2]:
            with contextlib.suppress(BlockingIOError):
                read = one.recv(1)
                assert read, "a slow reader was cut off"
                self.read += 1

    def close(self):
        for one in self.sockets:
            one.close()


def slow_readers(_server) -> str:
    """The channel goes on as before, and a reader costs next to nothing: what it waits for is shared."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    count = min(MOST, limit - 200)
    with tempfile.TemporaryDirectory(prefix="headend-slow-") as folder:
        own = Server(folder)
        readers = Readers()
        try:
            with push.Push("ffmpeg", "rtmp", own.channel()["ingest"]) as encoder:
                own.wait("live on air", 10, lambda channel: channel["on_air"] == "live")
                own.wait("some segments", 30, lambda channel: channel["segments"] >= 6)
                said = len(own.lines)
                ages = watch(own, WATCHED, lambda: None)
                plain, ours = memory(own), max(ages)
                left = [count]

                def more():
                    batch = min(left[0], count // 8 + 1)
                    readers.ask(newest(own), batch)
                    left[0] -= batch
                    readers.drip()

                slow = watch(own, WATCHED, more)
                peak = memory(own)
                encoder.check_alive()
                told = own.lines[said:]
            whole = timeline.check(own)
        finally:
            readers.close()
            own.kill()
    assert left[0] == 0 and readers.read > count // 4, f"{readers.read} bytes were read by {count} readers"
    assert not told, told
    assert max(slow) <= ours + SEGMENT, f"the live edge was {max(slow):.1f} s old, and {ours:.1f} s before"
    cost = peak - plain
    assert cost <= BESIDES + count * EACH, f"{cost >> 20} MiB for {count} readers"
    return (
        f"{count} readers, {readers.read} bytes read: {plain >> 20} MiB without them, {peak >> 20} MiB with them; live edge "
        f"{statistics.median(ages):.1f} s old, {ours:.1f} s at most, and {statistics.median(slow):.1f} s, {max(slow):.1f} s at most; {whole}"
    )


def watch(server, seconds: float, step) -> list[float]:
    """How old the newest picture that players can have was, each second."""
    ages, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        step()
        channel = server.channel()
        assert channel["on_air"] == "live", f"on air: {channel['on_air']}"
        text = server.text(timeline.playlists(server, channel)[0])
        over = timeline.began_at(text) + sum(segment.seconds for segment in timeline.segments(text))
        ages.append(channel["utc_ms"] / 1000 - over)
        time.sleep(1)
    return ages


def newest(server) -> str:
    """The newest fragment of the rung with most bits per second."""
    url = max(timeline.playlists(server, server.channel()), key=rate)
    last = [line for line in server.text(url).splitlines() if line and not line.startswith("#")][-1]
    return urllib.parse.urljoin(url, last)


def rate(url: str) -> int:
    return int(url.split("QualityLevels(")[1].split(")")[0])


def memory(server) -> int:
    """Bytes of the process that are in memory."""
    with open(f"/proc/{server.process.pid}/statm") as pages:
        return int(pages.read().split()[1]) * resource.getpagesize()


ALL = [("slow readers", slow_readers)]
