"""Real encoders push one known clip at examples/probe, each by each protocol it has: every access unit arrives, at its time.

The clip is made by ffmpeg (H.264 with B-pictures, AAC); what a peer sends is a copy of it, so the coded data that the
library reads must equal the clip's, unit by unit, and the times must differ by one constant. Pushes run side by side, in
real time: HEADEND_PEER_SECONDS (default 60) long.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from server import TARGET

SECONDS = int(os.environ.get("HEADEND_PEER_SECONDS", "60"))


def make_clip(folder: str, b_pictures: int) -> str:
    """`SECONDS` of moving picture and sound, as MP4; with an edit list where B-pictures ask for one."""
    path = os.path.join(folder, f"clip{b_pictures}.mp4")
    run("ffmpeg", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
        "-t", str(SECONDS), "-c:v", "libx264", "-preset", "veryfast", "-bf", str(b_pictures), "-g", "60", "-b:v", "1M", "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-movflags", "+faststart", "-use_editlist", str(int(b_pictures > 0)), path)  # fmt: skip
    return path


def run(tool: str, *args: str) -> str:
    command = [tool, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def expected(clip: str) -> dict[str, list[tuple]]:
    """For video and audio the units of the clip: decode time, presentation time (seconds), size, checksum."""
    found = {}
    for kind, filters in (("video", ["-bsf:v", "filter_units=pass_types=1-5"]), ("audio", [])):
        text = run("ffmpeg", "-i", clip, "-map", f"0:{kind[0]}", "-c", "copy", *filters, "-f", "framecrc", "-")
        base = next(line for line in text.splitlines() if line.startswith("#tb")).split(": ")[1].split("/")
        tick = int(base[0]) / int(base[1])
        rows = [line.split(",") for line in text.splitlines() if not line.startswith("#")]
        found[kind] = [(int(r[1]) * tick, int(r[2]) * tick, int(r[4]), r[5].strip()) for r in rows]
    return found


def received(text: str) -> dict[str, list[tuple]]:
    """The same of what the probe printed."""
    tracks, found = {}, {"video": [], "audio": []}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        parts = [part.strip() for part in rest.split(",")]
        if word == "track":
            tracks[parts[0]] = (parts[1].split()[0], 1 / int(parts[-1].split("/")[1]))
        elif word == "unit":
            kind, tick = tracks[parts[0]]
            found[kind].append((int(parts[1]) * tick, int(parts[2]) * tick, int(parts[3]), parts[4]))
    return found


def compare(what: str, kind: str, want: list[tuple], got: list[tuple], tick: float):
    """Every unit of `want` is in `got`, in order, and their times differ by one constant within half a tick each."""
    assert got, f"{what}: no {kind}"
    if "ffmpeg by rtp " in what:
        # rtp_mpegts does not send the packet that is not full when it ends, as a dump of its output shows to ffprobe, too.
        want = want[: max(len(got), len(want) - 16)]
        cut = got[-1][2:] != want[-1][2:]
        want, got = (want[:-1], got[:-1]) if cut else (want, got)
    assert [unit[2:] for unit in got] == [unit[2:] for unit in want], differs(what, kind, want, got)
    for column, name in ((0, "decode"), (1, "presentation")):
        shifts = [unit[column] - other[column] for unit, other in zip(got, want)]
        spread = max(shifts) - min(shifts)
        assert spread <= tick * 1.001, f"{what}: {kind} {name} times are {spread * 1000:.3f} ms apart from the clip's"


def differs(what: str, kind: str, want: list[tuple], got: list[tuple]) -> str:
    pairs = zip(want, got)
    first = next((n for n, (a, b) in enumerate(pairs) if a[2:] != b[2:]), min(len(want), len(got)))
    return f"{what}: {len(got)} {kind} units for {len(want)}; the first that differs is number {first}"


class Peer:
    """A probe that listens, and an encoder that pushes at it."""

    def __init__(self, name: str, protocol: str, clip: str, command, tick: float):
        self.name, self.protocol, self.clip, self.tick = f"{name} by {protocol}", protocol, clip, tick
        self.port = free_port(socket.SOCK_DGRAM if protocol in ("rtp", "udp") else socket.SOCK_STREAM)
        self.command = command(self.port)

    def push(self):
        probe = [os.path.join(TARGET, "release", "examples", "probe")]
        probe += ["udp" if self.protocol in ("rtp", "udp") else self.protocol, f"127.0.0.1:{self.port}"]
        with subprocess.Popen(probe, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as listener:
            time.sleep(0.5)
            encoder = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            killer = threading.Timer(SECONDS + 30, lambda: (encoder.kill(), listener.kill()))
            killer.start()
            self.heard = listener.communicate()[0]
            killer.cancel()
            encoder.kill()
            self.said = encoder.communicate()[0].strip()[-400:]

    def check(self, want: dict[str, list[tuple]]) -> str:
        got = received(self.heard)
        # What rtp_mpegts leaves unsent cuts the last picture.
        unsent = "half at the end" if self.protocol == "rtp" else "no fault is expected"
        faults = [line for line in self.heard.splitlines() if line.startswith("fault") and unsent not in line]
        for kind in ("video", "audio"):
            compare(f"{self.name} ({self.said}; {faults[:3]})", kind, want[kind], got[kind], self.tick)
        assert not faults, f"{self.name}: {faults[:3]}"
        return f"{len(got['video'])} pictures, {len(got['audio'])} frames of sound"


def free_port(kind) -> int:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def peers(clip: str, plain: str) -> list[Peer]:
    """`plain` has neither B-pictures nor an edit list: GStreamer's demuxer and muxers would lose or bend its ends."""
    found = []
    for tool in [tool for tool in ("ffmpeg", os.environ.get("HEADEND_FFMPEG_NEW")) if tool and shutil.which(tool)]:
        copy = [tool, "-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-i", clip, "-c", "copy"]
        name = "ffmpeg" if tool == "ffmpeg" else "newer ffmpeg"
        outputs = {
            "rtmp": (lambda port: ["-f", "flv", f"rtmp://127.0.0.1:{port}/live/key"], 1 / 1000),
            "rtp": (lambda port: ["-f", "rtp_mpegts", f"rtp://127.0.0.1:{port}?pkt_size=1328"], 1 / 90_000),
            "udp": (lambda port: ["-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"], 1 / 90_000),
            "smooth": (lambda port: ["-movflags", "isml+frag_keyframe", "-f", "ismv", f"http://127.0.0.1:{port}/ingest.isml/Streams(one)"], 1e-7),
        }  # fmt: skip
        for protocol, (output, tick) in outputs.items():
            found.append(Peer(name, protocol, clip, lambda port, copy=copy, output=output: copy + output(port), tick))
    source = "filesrc location={clip} ! qtdemux name=d d.video_0 ! h264parse ! queue ! mux. d.audio_0 ! aacparse ! queue ! mux. "
    outputs = {
        ("GStreamer", "rtmp"): ("flvmux name=mux ! rtmp2sink sync=true location=rtmp://127.0.0.1:{}/live/key", 1 / 1000),
        ("librtmp", "rtmp"): ("flvmux name=mux ! rtmpsink sync=true location=rtmp://127.0.0.1:{}/live/key", 1 / 1000),
        ("GStreamer", "rtp"): ("mpegtsmux name=mux alignment=7 ! rtpmp2tpay ! udpsink host=127.0.0.1 port={}", 1 / 90_000),
        ("GStreamer", "udp"): ("mpegtsmux name=mux alignment=7 ! udpsink host=127.0.0.1 port={}", 1 / 90_000),
        # Its muxer counts the time of pictures in units of 1/3000 s.
        ("GStreamer", "smooth"): ("ismlmux name=mux fragment-duration=2000 ! curlhttpsink sync=true location=http://127.0.0.1:{}/ingest.isml/Streams(one)", 1 / 3000),
    }
    for (name, protocol), (output, tick) in outputs.items():
        pipeline = lambda port, text=source.format(clip=plain) + output: ["gst-launch-1.0", "-q", *text.format(port).split()]
        found.append(Peer(name, protocol, plain, pipeline, tick))
    return found


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="headend-peers-") as folder:
        clips = [make_clip(folder, 2), make_clip(folder, 0)]
        want = {clip: expected(clip) for clip in clips}
        pushed = [peer for peer in peers(*clips) if not sys.argv[1:] or any(text in peer.name for text in sys.argv[1:])]
        threads = [threading.Thread(target=peer.push) for peer in pushed]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    failed = 0
    for peer in pushed:
        try:
            print(f"ok    {peer.name}: {peer.check(want[peer.clip])}", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"FAIL  {error}", flush=True)
    print(f"{len(pushed) - failed} passed, {failed} failed ({SECONDS} s each)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
