"""A ladder that comes ready-made: rungs cut at the same instants, pushed as they are."""

import os
import subprocess

SIZES = [("1280x720", "2000k"), ("960x540", "1200k"), ("640x360", "700k"), ("480x270", "400k"), ("320x180", "200k")]
NAMES = ["720p", "540p", "360p", "270p", "180p"]
SECONDS = 60


def make(folder: str, count: int) -> list[str]:
    """`count` rungs of one moving picture with one sound, an IDR every two seconds in all of them."""
    paths = [os.path.join(folder, f"{NAMES[n]}.mp4") for n in range(count)]
    if all(os.path.exists(path) for path in paths):
        return paths
    split = f"[0:v]split={count}" + "".join(f"[s{n}]" for n in range(count))
    scales = "".join(f";[s{n}]scale={SIZES[n][0].replace('x', ':')}[v{n}]" for n in range(count))
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30"]
    command += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-filter_complex", split + scales]
    for n, path in enumerate(paths):
        bits = SIZES[n][1]
        command += ["-map", f"[v{n}]", "-map", "1:a", "-t", str(SECONDS), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        command += ["-b:v", bits, "-maxrate", bits, "-bufsize", bits, "-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-bf", "0"]
        command += ["-c:a", "aac", "-b:a", "96k", "-ac", "2", path]
    subprocess.run(command, check=True)
    return paths


def urls(ingest: str, count: int) -> list[str]:
    """Where the rungs go: a stream name each (RTMP), or a POST each (Smooth Streaming)."""
    return [ingest.replace("RUNG", name) if "rtmp" in ingest else f"{ingest}/Streams({name})" for name in NAMES[:count]]


class Copies:
    """ffmpeg that sends clips in real time as they are, each to a URL of its own, for as long as the `with` lasts."""

    def __init__(self, clips: list[str], urls: list[str]):
        self.processes: list[subprocess.Popen] = []
        self.commands = []
        for clip, url in zip(clips, urls, strict=True):
            form = ["-movflags", "isml+frag_keyframe", "-f", "ismv"] if ".isml" in url else ["-f", "flv"]
            head = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-re"]
            trust = ["-tls_verify", "0"] if url.startswith(("rtmps:", "https:")) else []
            self.commands.append([*head, "-i", clip, "-c", "copy", *form, *trust, url])

    def __enter__(self):
        for command in self.commands:
            self.processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return self

    def __exit__(self, *_):
        for n in range(len(self.processes)):
            self.kill(n)
        self.said = [process.communicate()[0].strip()[-300:] for process in self.processes]

    def kill(self, n: int):
        if self.processes[n].poll() is None:
            self.processes[n].kill()
            self.processes[n].wait()
