"""The doors: who is let in, over TLS and with a key or token, and which answer anybody else gets.

All of it on pass-through channels, which leave the processors to the others.
"""

import contextlib
import http.client
import os
import struct
import subprocess
import time
import urllib.parse

import ladder
from server import Server, wait_for

KEY = "s3cret"
# On the loopback network, and not on the list.
STRANGER = "127.0.0.2"


@contextlib.contextmanager
def channel(server, *options: str):
    """A channel of its own for one check; the folder that clips are in is the shared one."""
    folder = os.path.dirname(server.folder)
    own = Server(os.path.join(folder, f"doors-{time.monotonic_ns()}"), options=["--encoding", "none", *options])
    try:
        yield own, ladder.make(folder, 1)
    finally:
        own.kill()


def pushes_over_tls(server) -> str:
    """ffmpeg by rtmps:// and by https://, to a certificate that nobody signed."""
    told = []
    with channel(server, "--rtmps", "127.0.0.1:0", "--https", "127.0.0.1:0", "--tls-self-signed") as (own, clips):
        ingest = own.channel()["ingest"]
        for name, key in (("rtmps", "rtmps"), ("https", "smooth_tls")):
            began = time.monotonic()
            assert ingest[key].startswith(f"{name}://"), ingest[key]
            with ladder.Copies(clips, ladder.urls(ingest[key], 1)):
                own.wait(f"live by {name}", 10, lambda channel: channel["on_air"] == "live")
                told.append(f"{name} live after {time.monotonic() - began:.1f} s")
            gone(own)
    return ", ".join(told)


def gone(own):
    """A killed encoder's session ends with its connection, and not when it has been idle for long."""
    own.wait("no session of a killed encoder", 3, lambda channel: not channel["sessions"])


def keys_and_addresses(server) -> str:
    """An RTMP publisher needs one of the keys and an address on the list; who has not is turned away, and told of."""
    with channel(server, "--key", f"other,{KEY}") as (own, clips):
        url = own.channel()["ingest"]["rtmp"]
        refused(own, clips, url.replace("RUNG", "wrong"), "stream key is not one of this channel's")
        assert not any("wrong" in line or KEY in line for line in own.lines), "a key is in the log"
        with ladder.Copies(clips, [url.replace("RUNG", KEY)]):
            own.wait("live with the key", 10, lambda channel: channel["on_air"] == "live")
    with channel(server, "--allow", "10.0.0.1/8") as (own, clips):
        refused(own, clips, ladder.urls(own.channel()["ingest"]["rtmp"], 1)[0], "127.0.0.1 is not on the list")
    with channel(server, "--allow", "10.0.0.1/8,127.0.0.1(255.255.255.0)") as (own, clips):
        with ladder.Copies(clips, ladder.urls(own.channel()["ingest"]["rtmp"], 1)):
            own.wait("live from an address of the list", 10, lambda channel: channel["on_air"] == "live")
    return "a right key and a listed address are live, others refused"


def refused(own, clips: list[str], url: str, why: str):
    with ladder.Copies(clips, [url]) as encoder:
        code = encoder.processes[0].wait(10)
    assert code != 0, "ffmpeg took the refusal for success"
    wait_for(f"a line that says {why}", 2, lambda: any(why in line for line in own.lines))
    assert not own.channel()["sessions"], "a session came of it"


def posts(server) -> str:
    """Raw POSTs, each with the one status that the protocol has for it."""
    with channel(server, "--key", KEY, "--allow", "127.0.0.1") as (own, clips):
        boxes = contribution(clips[0])
        head, media = b"".join(boxes[:3]), b"".join(boxes[3:])
        strange = head.replace(b"avc1", b"zzzz").replace(b"mp4a", b"zzzz")
        assert [box[4:8] for box in boxes[:4]] == [b"ftyp", b"uuid", b"moov", b"moof"], [box[4:8] for box in boxes[:4]]
        point, stranger = f"/{KEY}/main.isml/Streams(v)", STRANGER
        table = [
            ("a probe", point, b"", 200),
            ("a probe of the protocol's own name", f"/{KEY}/ingest.isml/streams(v)", b"", 200),
            ("a probe without a token", "/main.isml/Streams(v)", b"", 403),
            ("a probe with a wrong token", "/S3cret/main.isml/Streams(v)", b"", 403),
            ("a probe from elsewhere", point, b"", 403, stranger),
            ("media without a token", "/main.isml/Streams(v)", head + media, 403),
            ("media from elsewhere", point, head + media, 403, stranger),
            ("another publishing point", f"/{KEY}/nowhere.isml/Streams(v)", b"", 404),
            ("a path of no stream", f"/{KEY}/main.isml/Stream(v)", b"", 403),
            ("no header boxes", point, media, 412),
            ("half of the header boxes", point, head[:-40], 412),
            ("a moov without tracks", point, boxes[0] + boxes[1] + box(b"moov", b""), 412),
            ("tracks that nothing reads", point, strange + media, 415),
            ("media", point, head + media, 200),
            # The fault stands in the very last bytes; asked often, because the answer could be a matter of luck.
            *[("a box of an impossible size at the end", point, head + media + struct.pack(">I4s", 4, b"moof"), 400)] * 8,
            ("media again", point, head + media, 200),
        ]  # fmt: skip
        wrong = []
        for what, path, body, want, *source in table:
            got = post(own, path, body, *source)
            if got != want:
                wrong.append(f"{what}: {got} for {want}")
            elif want == 403 and "token" in what:
                wait_for("a word of the refusal", 2, lambda: any("stream key is not one" in line for line in own.lines))
        assert not wrong, "; ".join(dict.fromkeys(wrong))
        assert not any(KEY in line for line in own.lines), "the token is in the log"
    return f"{len(table)} POSTs have their status"


def memory_outlives_others(server) -> str:
    """A stream that comes again is known, and not taken twice, after probes of made-up names and POSTs of many others."""
    with channel(server) as (own, clips):
        boxes = contribution(clips[0])
        head, body = b"".join(boxes[:3]), b"".join(boxes)
        assert post(own, "/main.isml/Streams(v)", body) == 200
        for turn, brings in enumerate((b"", head, head)):
            for n in range(100):
                assert post(own, f"/main.isml/Streams({turn}-{n})", brings) == 200
            before = len(own.lines)
            assert post(own, "/main.isml/Streams(V)", body) == 200
            look = lambda: [line for line in own.lines[before:] if "overlapping time stamp" in line]
            wait_for(f"a word of what came twice, turn {turn}", 2, look)
    return "the stream is known after 100 probes and 200 other streams"


def post(own, path: str, body: bytes, source: str = "127.0.0.1") -> int:
    """The status of a POST of chunks, as encoders send them."""
    address = urllib.parse.urlsplit(own.base)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=15, source_address=(source, 0))
    # A refusal may come before the body is sent, and then the connection ends.
    with contextlib.closing(connection), contextlib.suppress(ConnectionError):
        pieces = iter([body[at : at + 16_384] for at in range(0, len(body), 16_384)])
        try:
            connection.request("POST", path, pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        except (BrokenPipeError, ConnectionResetError):
            pass
        return connection.getresponse().status
    return 0


def contribution(clip: str) -> list[bytes]:
    """The boxes that ffmpeg would send of the first seconds of a clip."""
    path = f"{clip}.isml"
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-t", "6", "-i", clip, "-c", "copy"]
    subprocess.run([*command, "-movflags", "isml+frag_keyframe", "-f", "ismv", path], check=True)
    with open(path, "rb") as file:
        data, found = file.read(), []
    while data:
        size = struct.unpack(">I", data[:4])[0]
        found.append(data[:size])
        data = data[size:]
    # Without mfra, which a file ends with and a POST does not.
    return [box for box in found if box[4:8] != b"mfra"]


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


ALL = [
    ("pushes over TLS", pushes_over_tls),
    ("keys and addresses", keys_and_addresses),
    ("POSTs and their answers", posts),
    ("memory of Smooth streams", memory_outlives_others),
]
