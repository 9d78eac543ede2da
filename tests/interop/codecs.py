"""One live run for each kind of contribution that broadcasters send: seven rungs, right rate, right aspect, sound in time.

Each clip is made by ffmpeg: moving picture in a white frame, a flash and a beep each second. It is sent as a transport
stream in real time to examples/live, built with the feature `ffmpeg`; what the server stored is decoded by ffmpeg.
"""

import array
import json
import os
import subprocess
import sys
import tempfile
import time

from server import TARGET, Server

SECONDS = 10
AAC_FRAME = 1024 / 44_100
X264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p"
MBAFF = "-flags:v +ilme+ildct -x264-params tff=1:interlaced=1"
MPEG2 = "-c:v mpeg2video -bf 2 -flags:v +ilme+ildct -top 1 -pix_fmt yuv420p"
AAC = "-c:a aac -ac 2 -b:a 96k"
LANGUAGES = ["eng", "fra", "deu", "spa", "ita", "por", "nld", "swe"]
TOP_HEIGHT = 720

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
    """The clip of a run: language `n` beeps at 400 + 200 n Hz."""
    size, rate, interlaced, sample_aspect, video, audio, channels, languages, *_ = run
    flashes = round(number(rate))
    moving = f"testsrc2=size={size}:rate=2*({rate}),interlace=scan=tff" if interlaced else f"testsrc2=size={size}:rate={rate}"
    border = "drawbox=x=0:y=0:w=iw:h=ih:t=ih/24:color=white"
    flash = f"drawbox=x=0:y=0:w=iw:h=ih:t=fill:color=white:enable='lt(mod(n,{flashes}),2)'"
    field = ",setfield=tff" if interlaced else ""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", f"{moving},{border},{flash}{field},setsar={sample_aspect}"]
    for n in range(languages):
        period = flashes / number(rate)
        wave = f"if(lt(mod(t,{period}),0.06),0.5*sin(2*PI*{400 + 200 * n}*mod(t,{period})),0)"
        layout = {2: "stereo", 6: "5.1"}[channels]
        command += ["-f", "lavfi", "-i", f"aevalsrc=exprs='{'|'.join([wave] * channels)}':s=48000:c={layout}"]
    command += ["-t", str(SECONDS), "-map", "0:v"]
    for n in range(languages):
        command += ["-map", f"{n + 1}:a", f"-metadata:s:a:{n}", f"language={LANGUAGES[n]}"]
    subprocess.run([*command, *video.split(), *audio.split(), "-f", "mpegts", path], check=True)


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
    probe = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "json", path]
    times = [float(frame["pts_time"]) for frame in json.loads(subprocess.run(probe, check=True, capture_output=True).stdout)["frames"]]
    decode = ["ffmpeg", "-v", "error", "-i", path, "-vf", "scale=64:36:flags=area,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    raw = subprocess.run(decode, check=True, capture_output=True).stdout
    thumbs = [raw[at : at + 64 * 36] for at in range(0, len(raw), 64 * 36)]
    assert len(thumbs) == len(times), f"{path}: {len(thumbs)} pictures for {len(times)} times"
    return list(zip(times, thumbs))


def beeps(path: str) -> list[float]:
    """When the sound becomes loud after a quiet half second."""
    probe = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", "-read_intervals", "%+#1", path]
    begins = float(subprocess.run(probe, check=True, capture_output=True, text=True).stdout.split()[0].rstrip(","))
    decode = ["ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", "44100", "-f", "s16le", "-"]
    samples = array.array("h", subprocess.run(decode, check=True, capture_output=True).stdout)
    found, quiet = [], 0
    for n, sample in enumerate(samples):
        if abs(sample) > 2500:
            if quiet > 22_050:
                found.append(begins + n / 44_100)
            quiet = 0
        else:
            quiet += 1
    return found


def check(server: Server, run: tuple, asset: str, channel: dict) -> str:
    *_, languages, rate, share = run
    rungs = channel["rungs"]
    assert len(rungs) == 7, f"{len(rungs)} rungs"
    looked = [(rung, pictures(whole_file(server, asset, rung["name"]))) for rung in rungs]
    period = 1 / number(rate)
    flashes = None
    for rung, shown in looked:
        # The tail is live for sure: whole seconds of it must come at the one rate.
        tail = [at for at, _ in shown][-int(4 / period) :]
        steps = [b - a for a, b in zip(tail, tail[1:])]
        assert all(abs(step - period) < 2e-5 for step in steps), f"{rung['name']}: steps {min(steps)} to {max(steps)}"
        mean = [(at, sum(thumb) / len(thumb)) for at, thumb in shown]
        white = [b[0] for a, b in zip(mean, mean[1:]) if b[1] > 200 * share > a[1]]
        assert len(white) >= 4, f"{rung['name']}: {len(white)} flashes"
        flashes = flashes or white
        assert white == flashes, f"{rung['name']} flashes at other times than the first rung"
    edges(looked[0][1], share, flashes)
    worst = 0.0
    names = sorted(name for name in os.listdir(os.path.join(server.folder, asset)) if name.startswith("audio"))
    assert len(names) == languages, f"audio renditions {names}"
    for name in names:
        offsets = [min((beep - flash for flash in flashes), key=abs) for beep in beeps(whole_file(server, asset, name))]
        offsets = [offset for offset in offsets if abs(offset) < 0.4]
        assert len(offsets) >= 3, f"{name}: {len(offsets)} beeps"
        worst = max(worst, *(abs(offset) for offset in offsets))
    assert worst <= AAC_FRAME, f"flash to beep {worst * 1000:.1f} ms"
    return f"7 rungs at {rate}, {len(flashes)} flashes in each at the same times, {len(names)} renditions of sound within {worst * 1000:.1f} ms"


def edges(shown, share: float, flashes: list[float]):
    """A flash shows where the picture is: the middle row of a thumbnail is white there and black beside it."""
    thumb = next(thumb for at, thumb in shown if at == flashes[-1])
    row = thumb[18 * 64 : 19 * 64]
    lit = [n for n, value in enumerate(row) if value > 128]
    width = (lit[-1] - lit[0] + 1) / 64
    assert abs(width - share) < 0.04, f"the picture covers {width:.2f} of the width, not {share}"


def live_run(name: str, run: tuple) -> str:
    with tempfile.TemporaryDirectory(prefix="headend-codecs-") as folder:
        clip = os.path.join(folder, "clip.ts")
        make(clip, run)
        options = ["--source", "none"]
        if run[7] > 1:
            options += [part for n in range(run[7]) for part in ("--audio", LANGUAGES[n])]
        server = Server(folder, os.path.join(TARGET, "release", "examples", "live-ffmpeg"), options)
        try:
            url = server.channel()["ingest"]["rtp"]
            push = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-i", clip, "-map", "0", "-c", "copy", "-f", "rtp_mpegts", url]
            subprocess.run(push, check=True, timeout=SECONDS + 20)
            channel = server.channel()
            assert channel["on_air"] == "live", f"on air: {channel['on_air']}; {server.lines[-3:]}"
            time.sleep(1)
            server.interrupt(10)
            return check(server, run, channel["asset"], channel)
        finally:
            server.kill()


def main() -> int:
    failed, names = 0, [name for name in RUNS if not sys.argv[1:] or any(text in name for text in sys.argv[1:])]
    for name in names:
        try:
            print(f"ok    {name}: {live_run(name, RUNS[name])}", flush=True)
        except (AssertionError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"FAIL  {name}: {error}", flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
