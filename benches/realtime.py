#!/usr/bin/env python3
"""Real time, measured on the real thing: ffmpeg pushes 1920x1080 at 30 fps, H.264 8 Mbit/s and AAC, over RTMP into
examples/live (release) for --seconds; afterwards every fragment of every rung is fetched and looked at.

  cargo build --release --example live && benches/realtime.py [--seconds 300] [--clip FILE] [--out FILE.json]

Prints one JSON with: CPU-seconds per second of media of the whole process, peak memory, pictures dropped, and over all
segments whether each rung has its IDR at the same time, equal durations, contiguous tfdt, and its table's bitrate.
Exits 1 when a picture was dropped or a segment is out of line. Needs ffmpeg with libx264; runs on loopback only."""
import argparse, json, os, re, socket, struct, subprocess, sys, tempfile, time, urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def make_clip(path):
    """20 s of moving shapes under film grain; looped by the push."""
    if os.path.exists(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30:duration=20,noise=alls=10:allf=t",
         "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=20", "-ac", "2", "-c:v", "libx264", "-preset",
         "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-b:v", "8M", "-maxrate", "8M", "-bufsize", "8M", "-g", "60",
         "-keyint_min", "60", "-sc_threshold", "0", "-c:a", "aac", "-b:a", "128k", path], check=True)


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) / 1024


def boxes(data, start=0, end=None):
    at, end = start, len(data) if end is None else end
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at + 8, at + size
        at += size


def find(data, path, start=0, end=None):
    for kind, a, b in boxes(data, start, end):
        if kind == path[0]:
            return (a, b) if len(path) == 1 else find(data, path[1:], a, b)


def fragment(data):
    """tfdt, sample durations and whether the first sample is an IDR picture."""
    a, _ = find(data, [b"moof", b"traf", b"tfdt"])
    tfdt = struct.unpack_from(">Q", data, a + 4)[0]
    a, _ = find(data, [b"moof", b"traf", b"tfhd"])
    flags = struct.unpack_from(">I", data, a)[0] & 0xFFFFFF
    default = struct.unpack_from(">I", data, a + 8)[0] if flags & 8 else 0
    a, _ = find(data, [b"moof", b"traf", b"trun"])
    flags, count = struct.unpack_from(">II", data, a)
    flags &= 0xFFFFFF
    at = a + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    step = 4 * bin(flags & 0xF00).count("1")
    durations = [struct.unpack_from(">I", data, at + n * step)[0] if flags & 0x100 else default for n in range(count)]
    a, _ = find(data, [b"mdat"])
    nal = data[a + 4] & 31
    return tfdt, durations, nal == 5


def media_segments(base, path):
    playlist = get(base + "/" + path).decode()
    folder = (base + "/" + path).rsplit("/", 1)[0]
    return [folder + "/" + line for line in playlist.splitlines() if line and not line.startswith("#")]


def look_at(hls):
    """Every fragment of every video rung, as the players would fetch them."""
    base = hls.rsplit("/", 1)[0]
    master = get(hls).decode().splitlines()
    rungs = [master[n + 1] for n, line in enumerate(master) if line.startswith("#EXT-X-STREAM-INF")]
    faults, table = [], {}
    reference = None
    for path in rungs:
        nominal = int(re.search(r"QualityLevels\((\d+)\)", path).group(1))
        starts, spans, size = [], [], 0
        for url in media_segments(base, path):
            data = get(url)
            tfdt, durations, is_idr = fragment(data)
            if not is_idr:
                faults.append(f"{nominal}: no IDR at {tfdt}")
            starts.append(tfdt), spans.append(sum(durations))
            size += len(data)
        for n in range(1, len(starts)):
            if starts[n - 1] + spans[n - 1] != starts[n]:
                faults.append(f"{nominal}: {starts[n - 1]} + {spans[n - 1]} != {starts[n]}")
        # The live edge moves while we fetch: rungs are compared over the segments that all have.
        reference = reference or dict(zip(starts, spans))
        for start, span in zip(starts, spans):
            if start <= max(reference) and reference.get(start) != span:
                faults.append(f"{nominal}: segment {start} of {span} is not in the first rung's timeline")
        whole = sum(spans) / 90_000
        table[str(nominal)] = {"segments": len(starts), "measured": round(size * 8 / whole)}
    return table, faults


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--seconds", type=int, default=300)
    args.add_argument("--clip", default=os.path.join(ROOT, "target/bench-media/realtime-1080p30.mp4"))
    args.add_argument("--binary", default=os.path.join(ROOT, "target/release/examples/live"))
    args.add_argument("--out")
    args = args.parse_args()
    make_clip(args.clip)
    http, rtmp, ts = free_port(), free_port(), free_port(socket.SOCK_DGRAM)
    log = tempfile.TemporaryFile()
    minutes = max(5, args.seconds // 60 + 3)
    live = subprocess.Popen([args.binary, "--http", f"127.0.0.1:{http}", "--rtmp", f"127.0.0.1:{rtmp}", "--ts",
                             f"127.0.0.1:{ts}", "--source", "none", "--window", str(minutes)], stdout=log, stderr=log)
    api = f"http://127.0.0.1:{http}/api/channels"
    try:
        for _ in range(100):
            time.sleep(0.1)
            try:
                if json.loads(get(api))[0]["state"] == "Running":
                    break
            except OSError:
                pass
        push = subprocess.Popen(["ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", args.clip, "-t",
                                 str(args.seconds + 8), "-c", "copy", "-f", "flv", f"rtmp://127.0.0.1:{rtmp}/live/main"])
        while json.loads(get(api))[0]["on_air"] != "live":
            time.sleep(0.1)
        time.sleep(3)
        before, began = cpu_seconds(live.pid), time.monotonic()
        time.sleep(args.seconds)
        cpu, took = cpu_seconds(live.pid) - before, time.monotonic() - began
        state = json.loads(get(api))[0]
        push.terminate()
        table, faults = look_at(state["playback"]["hls"])
        events = log_of_faults(api)
        off = {rung: round(entry["measured"] / int(rung) - 1, 3) for rung, entry in table.items()}
        report = {"seconds": round(took), "cpu_per_media_second": round(cpu / took, 3), "peak_mb": round(peak_mb(live.pid)),
                  "dropped": state["health"]["dropped"], "fault_events": events, "rungs": table, "bitrate_error": off,
                  "out_of_line": faults[:20]}
        print(json.dumps(report, indent=1))
        if args.out:
            json.dump(report, open(args.out, "w"), indent=1)
        sys.exit(1 if faults or report["dropped"] or events else 0)
    finally:
        live.send_signal(2)
        live.wait(15)


def log_of_faults(api):
    """Fault events that the server told, from the start of its event stream."""
    found = []
    try:
        with urllib.request.urlopen(api.replace("/channels", "/events"), timeout=2) as stream:
            for line in stream:
                # Where the clip starts over, ffmpeg repeats a decode time: that is the clip's, not ours.
                if b"fault" in line.lower() and b"INGEST_DTS_BUMPED" not in line:
                    found.append(line.decode().strip()[:200])
    except OSError:
        pass
    return found


if __name__ == "__main__":
    main()
