"""Players and savers of the older protocols: a program that is over, read from its first picture to its last."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import play
import timeline

RATE = 30


@contextlib.contextmanager
def over(server, has_break: bool, segments: int = 6):
    """A program of some segments that is over, with an ad break in it or without one; the channel streams again afterwards. Gives its
    URLs and how many pictures it has."""
    name = f"/api/channels/{server.channel()['name']}"
    before = server.channel()["asset"]
    server.json("POST", f"{name}/reset", {})
    is_new = lambda channel: channel["asset"] != before and channel["segments"] >= segments
    server.wait("a segment", 20, lambda channel: channel["asset"] != before and channel["segments"])
    if has_break:
        server.json("POST", f"{name}/ad-breaks", {"cue_id": int(time.time()) % (1 << 31), "duration": 2})
    server.wait(f"{segments} segments", 20 + 2 * segments, is_new)
    server.json("POST", f"{name}/stop", {})
    channel = server.wait("Stopped", 8, lambda channel: channel["state"] == "Stopped")
    try:
        entries = server.text(channel["playback"]["smooth"]).count('"><f i="0">/D')
        assert entries == (2 if has_break else 0), f"the sparse track has {entries} entries"
        listed = timeline.segments(server.text(timeline.playlists(server, channel)[0]))
        yield channel["playback"], round(sum(segment.seconds for segment in listed) * RATE)
    finally:
        server.json("POST", f"{name}/start", {})
        server.wait("Streaming", 10, lambda channel: channel["portal_state"] == "Streaming" and channel["segments"])


def pictures(path: str) -> list[float]:
    """When each picture of a file is shown, in seconds, once all of it was decoded without a complaint."""
    decode = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-i", path, "-f", "null", "-"]
    said = subprocess.run(decode, check=True, capture_output=True, text=True).stderr
    complaints = [line for line in said.splitlines() if play.BAD.search(line)]
    assert not complaints, complaints[:3]
    probe = ["ffprobe", "-loglevel", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "json", path]
    frames = json.loads(subprocess.run(probe, check=True, capture_output=True, text=True).stdout)["frames"]
    return [float(frame["pts_time"]) for frame in frames]


def steady(what: str, times: list[float], count: int, tick: float) -> str:
    """Every picture is there, each a frame after the one before, as exactly as the format says times."""
    assert len(times) == count, f"{what}: {len(times)} pictures in the place of {count}"
    off = max(abs(time - times[0] - n / RATE) for n, time in enumerate(times))
    assert off <= tick, f"{what}: a picture is {off * 1000:.2f} ms off its place"
    return f"{what}: {count} pictures, at most {off * 1000:.2f} ms off"


def by_yt_dlp(protocol: str, tick: float):
    """Saved by yt-dlp, which has its own reader of each of these protocols; its smallest rung, from the first picture to the last."""

    def check(server) -> str:
        tool = os.environ.get("HEADEND_YT_DLP") or shutil.which("yt-dlp")
        if not tool:
            return "skipped: no yt-dlp"
        # With the cue points of HDS in the file, Debian's ffprobe crashes.
        with over(server, protocol == "smooth") as (urls, count), tempfile.TemporaryDirectory(prefix="headend-saved-") as folder:
            command = [tool, "--no-config", "--quiet", "--no-part", "-f", "wv/w", "-o", os.path.join(folder, "saved.%(ext)s"), urls[protocol]]
            done = subprocess.run(command, capture_output=True, text=True, timeout=50)
            assert done.returncode == 0, done.stderr[-400:]
            [name] = os.listdir(folder)
            return steady(name, pictures(os.path.join(folder, name)), count, tick)

    return check


def smooth_by_gstreamer(server) -> str:
    """Its mssdemux, from the first picture to the last; ffmpeg reads no Smooth Streaming."""
    with over(server, True) as (urls, count):
        # Two sinks that tell of themselves would write into each other's lines.
        sinks = "d. ! video/x-raw ! fakesink silent=false sync=false name=pictures d. ! audio/x-raw ! fakesink sync=false"
        pipeline = f"uridecodebin uri={urls['smooth']} connection-speed=300 name=d {sinks}"
        done = subprocess.run(["gst-launch-1.0", "-v", *pipeline.split()], capture_output=True, text=True, timeout=50)
        assert done.returncode == 0, done.stderr[-400:]
        times = [seen(line) for line in done.stdout.splitlines() if "GstFakeSink:pictures" in line and "chain " in line]
        return steady("GStreamer", times, count, 0.0005)


def seen(line: str) -> float:
    hours, minutes, seconds = re.search(r"pts: (\d+):(\d+):([\d.]+)", line).groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


ALL = [
    ("Smooth in GStreamer", smooth_by_gstreamer),
    ("Smooth by yt-dlp", by_yt_dlp("smooth", 0.0005)),
    # Times of FLV are whole milliseconds.
    ("HDS by yt-dlp", by_yt_dlp("hds", 0.0011)),
]
