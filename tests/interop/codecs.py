"""One live run for each kind of contribution that broadcasters send: seven rungs, right rate, right aspect, sound in time.

Each clip is made by ffmpeg: moving picture in a white frame, a flash and a beep each second but one, each language at a
pitch of its own. It is sent as a transport stream in real time to examples/live, built with the feature `ffmpeg`; what
the server stored is decoded by ffmpeg.

One run is on air at a time. What can wait, the next run's clip and the reading of what the last one stored, is done beside it
at the lowest priority.
"""

import array
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from server import TARGET, Server

SECONDS = 10
# The second without a flash and a beep: with it, no whole number of seconds puts beeps to flashes that are not theirs.
SILENT = 6
AAC_FRAME = 1024 / 44_100
X264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p"
MBAFF = "-flags:v +ilme+ildct -x264-params tff=1:interlaced=1"
MPEG2 = "-c:v mpeg2video -bf 2 -flags:v +ilme+ildct -top 1 -pix_fmt yuv420p"
AAC = "-c:a aac -ac 2 -b:a 96k"
# What works beside a run that is on air.
NICE = ["nice", "-n", "19"]
LANGUAGES = ["eng", "fra", "deu", "spa", "ita", "por", "nld", "swe"]

# name: size, source frame rate, interlaced, sample aspect, video and audio encoder, channels, languages, rate out, share of
# the width of a 16:9 picture that is not black
RUNS = {
    "MPEG-2 1080i29.97, AC-3 5.1": ("1920x1080", "30000/1001", True, "1", f"{MPEG2} -g 15 -b:v 12M -maxrate 12M -bufsize 6M", "-c:a ac3 -b:a 384k", 6, 1, "30000/1001", 1),
    "H.264 High 4:2:2 10 bit": ("1280x720", "30", False, "1", "-c:v libx264 -preset veryfast -pix_fmt yuv422p10le -profile:v high422 -g 60 -b:v 5M", AAC, 2, 1, "30", 1),
    "H.264 1080i50 MBAFF": ("1920x1080", "25", True, "1", f"{X264} {MBAFF} -g 50 -b:v 8M", AAC, 2, 1, "25", 1),
    "H.264 720p60": ("1280x720", "60", False, "1", f"{X264} -g 120 -b:v 5M", AAC, 2, 1, "30", 1),
    "H.264 720p50, MP2": ("1280x720", "50", False, "1", f"{X264} -g 100 -b:v 5M", "-c:a mp2 -b:a 192k", 2, 1, "25", 1),
    "H.264 1080p25, 4:3": ("1440x1080", "25", False, "1", f"{X264} -g 50 -b:v 6M", AAC, 2, 1, "25", 0.75),
    "MPEG-2 576i25, 16:9 by sample aspect, MP2": ("720x576", "25", True, "64/45", f"{MPEG2} -g 12 -b:v 4M", "-c:a mp2 -b:a 192k", 2, 1, "25", 1),
    "two languages": ("1280x720", "30", False, "1", f"{X264} -g 60 -b:v 4M", AAC, 2, 2, "30", 1),
    "eight languages": ("1280x720", "30000/1001", False, "1", f"{X264} -g 60 -b:v 4M", AAC, 2, 8, "30000/1001", 1),
}  # fmt: skip


def number(rate: str) -> float:
    over, _, under = rate.partition("/")
    return int(over) / int(under or 1)


def make(path: str, run: tuple):
    """The clip of a run."""
    size, rate, interlaced, sample_aspect, video, audio, channels, languages, *_ = run
    flashes = round(number(rate))
    moving = f"testsrc2=size={size}:rate=2*({rate}),scroll=horizontal=0.004,interlace=scan=tff" if interlaced else f"testsrc2=size={size}:rate={rate}"
    border = "drawbox=x=0:y=0:w=iw:h=ih:t=ih/24:color=white"
    flash = f"drawbox=x=0:y=0:w=iw:h=ih:t=fill:color=white:enable='lt(mod(n,{flashes}),2)*not(eq(floor(n/{flashes}),{SILENT}))'"
    field = ",setfield=tff" if interlaced else ""
    command = [*NICE, "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", f"{moving},{border},{flash}{field},setsar={sample_aspect}"]
    for n in range(languages):
        period = flashes / number(rate)
        is_on = f"lt(mod(t,{period}),0.06)*not(between(t,{(SILENT - 0.5) * period},{(SILENT + 0.5) * period}))"
        wave = f"if({is_on},0.5*sin(2*PI*{pitch_of(n)}*mod(t,{period})),0)"
        layout = {2: "stereo", 6: "5.1"}[channels]
        command += ["-f", "lavfi", "-i", f"aevalsrc=exprs='{'|'.join([wave] * channels)}':s=48000:c={layout}"]
    command += ["-t", str(SECONDS), "-map", "0:v"]
    for n in range(languages):
        command += ["-map", f"{n + 1}:a", f"-metadata:s:a:{n}", f"language={LANGUAGES[n]}"]
    subprocess.run([*command, *video.split(), *audio.split(), "-f", "mpegts", path], check=True)


def pitch_of(language: int) -> int:
    return 400 + 200 * language


def whole_file(server: Server, asset: str, rendition: str) -> str:
    """Init segment and all fragments of a rendition as one file."""
    folder = os.path.join(server.folder, asset, rendition)
    starts = sorted(int(name[:-4]) for name in os.listdir(folder) if name.endswith(".m4s"))
    path = os.path.join(server.folder, f"{asset}-{rendition}.mp4")
    with open(path, "wb") as whole:
        for name in ["init.mp4", *(f"{start}.m4s" for start in starts)]:
            with open(os.path.join(folder, name), "rb") as part:
                whole.write(part.read())
    return path


def pictures(path: str) -> list[tuple[float, bytes]]:
    """Time and a 64x36 grey thumbnail of every picture."""
    probe = [*NICE, "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "json", path]
    times = [float(frame["pts_time"]) for frame in json.loads(subprocess.run(probe, check=True, capture_output=True).stdout)["frames"]]
    decode = [*NICE, "ffmpeg", "-v", "error", "-i", path, "-vf", "scale=64:36:flags=area,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    raw = subprocess.run(decode, check=True, capture_output=True).stdout
    thumbs = [raw[at : at + 64 * 36] for at in range(0, len(raw), 64 * 36)]
    assert len(thumbs) == len(times), f"{path}: {len(thumbs)} pictures for {len(times)} times"
    return list(zip(times, thumbs))


def beeps(path: str) -> list[tuple[float, float]]:
    """When the sound becomes loud after a quiet half second, and at which pitch (Hz)."""
    probe = [*NICE, "ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", "-read_intervals", "%+#1", path]
    begins = float(subprocess.run(probe, check=True, capture_output=True, text=True).stdout.split()[0].rstrip(","))
    decode = [*NICE, "ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", "44100", "-f", "s16le", "-"]
    samples = array.array("h", subprocess.run(decode, check=True, capture_output=True).stdout)
    found, quiet = [], 0
    for n, sample in enumerate(samples):
        if abs(sample) > 2500:
            if quiet > 22_050:
                # From 5 to 45 ms after its beginning: a beep is 60 ms long.
                heard = samples[n + 220 : n + 1984]
                waves = sum(a < 0 <= b for a, b in zip(heard, heard[1:]))
                found.append((begins + n / 44_100, waves * 44_100 / len(heard)))
            quiet = 0
        else:
            quiet += 1
    return found


def check(server: Server, run: tuple, clip: str, asset: str, channel: dict) -> str:
    is_interlaced, languages, rate, share = run[2], *run[7:]
    rungs = channel["rungs"]
    assert len(rungs) == 7, f"{len(rungs)} rungs"
    files = [whole_file(server, asset, rung["name"]) for rung in rungs]
    period = 1 / number(rate)
    flashes = None
    for rung, path in zip(rungs, files):
        shown = pictures(path)
        # The tail is live for sure: whole seconds of it must come at the one rate.
        tail = [at for at, _ in shown][-int(4 / period) :]
        steps = [b - a for a, b in zip(tail, tail[1:])]
        assert all(abs(step - period) < 2e-5 for step in steps), f"{rung['name']}: steps {min(steps)} to {max(steps)}"
        mean = [(at, sum(thumb) / len(thumb)) for at, thumb in shown]
        white = [b[0] for a, b in zip(mean, mean[1:]) if b[1] > 200 * share > a[1]]
        assert len(white) >= 4, f"{rung['name']}: {len(white)} flashes"
        flashes = flashes or white
        assert white == flashes, f"{rung['name']} flashes at other times than the first rung"
        shape(path, rung)
        edges(rung["name"], next(thumb for at, thumb in shown if at == flashes[-1]), share)
    gaps = [b - a for a, b in zip(flashes, flashes[1:])]
    assert sum(gap > 1.5 for gap in gaps) == 1, f"the second without a flash does not show: {gaps}"
    sounds = channel["sounds"]
    stored = [name for name in os.listdir(os.path.join(server.folder, asset)) if name.startswith("audio")]
    assert len(sounds) == len(stored) == languages, f"audio renditions {stored}, {sounds}"
    worst = max(sound_in_time(server, asset, n, sound, flashes) for n, sound in enumerate(sounds))
    told = f", {combs(files[0], clip, rungs[0])}" if is_interlaced else ""
    return f"7 rungs at {rate}, {len(flashes)} flashes in each at the same times, {languages} renditions of sound within {worst * 1000:.1f} ms{told}"


def sound_in_time(server: Server, asset: str, n: int, sound: dict, flashes: list[float]) -> float:
    """Every flash has its beep and every beep its flash, at the pitch of the language; how far apart they are at most."""
    name, heard = sound["name"], beeps(whole_file(server, asset, sound["name"]))
    assert sound["language"] in (LANGUAGES[n], "und"), f"{name}: language {sound['language']} in place {n}"
    wrong = [pitch for _, pitch in heard if abs(pitch - pitch_of(n)) > 50]
    assert not wrong, f"{name} ({sound['language']}) beeps at {wrong} Hz and not {pitch_of(n)} Hz"
    # Where both are known: one may be on air before the other.
    begin, end = max(flashes[0], heard[0][0]) - 0.4, min(flashes[-1], heard[-1][0]) + 0.4
    seen = [at for at in flashes if begin < at < end]
    heard = [at for at, _ in heard if begin < at < end]
    assert len(heard) == len(seen) >= 4, f"{name}: {len(heard)} beeps for {len(seen)} flashes"
    worst = max(abs(beep - flash) for beep, flash in zip(heard, seen))
    assert worst <= AAC_FRAME, f"{name}: flash to beep {worst * 1000:.1f} ms"
    return worst


def shape(path: str, rung: dict):
    """The stored pictures are as large as the list of rungs says, of square pixels."""
    probe = [*NICE, "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=width,height,sample_aspect_ratio", "-of", "json", path]
    stream = json.loads(subprocess.run(probe, check=True, capture_output=True).stdout)["streams"][0]
    size = (stream["width"], stream["height"])
    assert size == (rung["width"], rung["height"]), f"{rung['name']}: {size}, not {rung['width']}x{rung['height']}"
    assert stream.get("sample_aspect_ratio", "1:1") == "1:1", f"{rung['name']}: pixels of {stream['sample_aspect_ratio']}"


def edges(rung: str, flash: bytes, share: float):
    """A flash shows where the picture is: white, and black beside it. It is in the middle, and as high as the rung."""
    for what, line, want in (("width", flash[18 * 64 : 19 * 64], share), ("height", flash[32::64], 1)):
        lit = [n for n, value in enumerate(line) if value > 128]
        covered, off_centre = (lit[-1] - lit[0] + 1) / len(line), abs(lit[0] + lit[-1] + 1 - len(line)) / len(line)
        assert abs(covered - want) < 0.04 and off_centre < 0.04, f"{rung}: the picture covers {covered:.2f} of the {what}, not {want}"


def combs(path: str, clip: str, rung: dict) -> str:
    """Fields are put apart: what moves has about as many fine lines as yadif leaves, and not those of fields left together."""
    scale = f"scale={rung['width']}:{rung['height']}"
    got, apart, together = lines(path, "null"), lines(clip, f"yadif,{scale}"), lines(clip, scale)
    assert together > 1.2 * apart, f"the clip would show no combs: {apart:.2f}, {together:.2f}"
    assert got < (apart + together) / 2, f"combs: fine lines {got:.2f}, by yadif {apart:.2f}, of fields left together {together:.2f}"
    return f"fine lines {got:.2f} (by yadif {apart:.2f}, combed {together:.2f})"


def lines(path: str, filters: str) -> float:
    """How much neighbouring rows of the picture differ, in three seconds of it."""
    measure = "format=gray,convolution=0m='0 -1 0 0 2 0 0 -1 0':0rdiv=1,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-"
    command = [*NICE, "ffmpeg", "-v", "error", "-ss", str(SECONDS // 2), "-t", "3", "-i", path, "-an", "-vf", f"{filters},{measure}", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    values = [float(line.split("=")[1]) for line in said.splitlines() if "YAVG=" in line]
    return sorted(values)[len(values) // 2]


class LiveRun:
    """A run in a folder of its own: its clip is made, then sent to a server, then what that stored is read."""

    def __init__(self, folder: str, run: tuple):
        self.folder, self.run, self.clip = folder, run, os.path.join(folder, "clip.ts")

    def prepare(self):
        os.mkdir(self.folder)
        make(self.clip, self.run)

    def send(self):
        options, languages = ["--source", "none"], self.run[7]
        if languages > 1:
            options += [part for n in range(languages) for part in ("--audio", LANGUAGES[n])]
        self.server = Server(self.folder, os.path.join(TARGET, "release", "examples", "live-ffmpeg"), options)
        try:
            url = self.server.channel()["ingest"]["rtp"]
            push = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-i", self.clip, "-map", "0", "-c", "copy", "-f", "rtp_mpegts", url]
            subprocess.run(push, check=True, timeout=SECONDS + 20)
            self.channel = self.server.channel()
            assert self.channel["on_air"] == "live", f"on air: {self.channel['on_air']}; {self.server.lines[-3:]}"
            time.sleep(1)
            self.server.interrupt(10)
        finally:
            self.server.kill()

    def read(self) -> str:
        told = check(self.server, self.run, self.clip, self.channel["asset"], self.channel)
        shutil.rmtree(self.folder)
        return told


def main() -> int:
    names = [name for name in RUNS if not sys.argv[1:] or any(text in name for text in sys.argv[1:])]
    failed, sent, told = 0, [], []
    pool = concurrent.futures.ThreadPoolExecutor
    with tempfile.TemporaryDirectory(prefix="headend-codecs-") as folder, pool(1) as on_air, pool(1) as beside:
        runs = [LiveRun(os.path.join(folder, str(n)), RUNS[name]) for n, name in enumerate(names)]
        # While one run is on air, the clip of the next is made, and then that is read which the one before it stored.
        for run in runs:
            clip = beside.submit(run.prepare)
            if sent:
                told.append(beside.submit(after, sent[-1], runs[len(sent) - 1].read))
            sent.append(on_air.submit(after, clip, run.send))
        told.append(beside.submit(after, sent[-1], runs[-1].read))
        for name, one in zip(names, told):
            try:
                print(f"ok    {name}: {one.result()}", flush=True)
            except (AssertionError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"FAIL  {name}: {error}", flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


def after(one: concurrent.futures.Future, do):
    """`do`, once `one` is done; where that failed, its failure."""
    one.result()
    return do()


if __name__ == "__main__":
    sys.exit(main())
