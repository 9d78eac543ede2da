"""A feed with captions, made here: ffmpeg writes none. CEA-608 in CC1 (pop-on) and CEA-708 in service 1, in SEI of every picture
(ATSC A/53 part 4, CTA-608-E, CTA-708-E). The picture is white while a caption stands."""

import os
import subprocess

RATE = 30
EVERY, STANDS = 2.0, 1.5
# What the n-th caption says, which stands from second 1 + 2n on.
CC1 = "CAPTION {:02}"
SERVICE1 = "SERVICE {:02}"


def make(folder: str, seconds: int) -> str:
    """The feed as a file that can be sent as it is."""
    path, bare, captioned = (os.path.join(folder, name) for name in ("captions.mp4", "bare.h264", "captioned.h264"))
    ffmpeg = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y"]
    flash = f"drawbox=color=white:t=fill:enable='gte(t,0.99)*lt(mod(t+1.01,{EVERY}),{STANDS})'"
    picture = ["-f", "lavfi", "-i", f"color=black:size=384x216:rate={RATE}", "-vf", flash, "-t", str(seconds)]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", str(RATE), "-bf", "0", "-x264-params", "aud=1"]
    subprocess.run([*ffmpeg, *picture, *coded, "-f", "h264", bare], check=True)
    with open(bare, "rb") as before, open(captioned, "wb") as after:
        after.write(with_captions(before.read(), seconds))
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-c:a", "aac", "-b:a", "96k", "-ac", "2"]
    pictures = ["-framerate", str(RATE), "-f", "h264", "-i", captioned]
    subprocess.run([*ffmpeg, *pictures, *sound, "-c:v", "copy", "-t", str(seconds), path], check=True)
    return path


def with_captions(stream: bytes, seconds: int) -> bytes:
    """The same pictures, each with its user data before its first slice."""
    count = seconds * RATE
    pairs, packets = script(seconds)
    out, picture, is_open = bytearray(), 0, False
    for unit in units(stream):
        kind = unit[0] & 31
        if kind == 9:
            is_open = True
        elif kind in (1, 5) and is_open:
            is_open = False
            out += b"\0\0\0\1" + sei(pairs.get(picture, (0, 0)), packets.get(picture, b""))
            picture += 1
        out += b"\0\0\0\1" + unit
    assert picture == count, f"{picture} pictures in the place of {count}"
    return bytes(out)


def script(seconds: int):
    """Byte pairs of field 1 and packets of CEA-708, by the number of the picture that carries them."""
    pairs, packets = {}, {}
    for n in range(int((seconds - 3) / EVERY)):
        shown = round((1 + n * EVERY) * RATE)
        gone = round((1 + n * EVERY + STANDS) * RATE)
        text = CC1.format(n).encode()
        # Resume caption loading, erase non-displayed memory, row 15; each control code twice. Then, in time, end of caption.
        load = [code for code in ((0x14, 0x20), (0x14, 0x2E), (0x14, 0x70)) for _ in range(2)]
        load += [tuple(text[at : at + 2].ljust(2, b"\0")) for at in range(0, len(text), 2)]
        codes = [(shown - len(load), load), (shown, [(0x14, 0x2F)] * 2), (gone, [(0x14, 0x2C)] * 2)]
        for at, some in codes:
            pairs.update({at + place: pair for place, pair in enumerate(some)})
        # DeleteWindows; DefineWindow 0, visible, one row; the text and ETX. Then DeleteWindows.
        blocks = [bytes([0x8C, 0xFF]), bytes([0x98, 0x38, 60, 10, 0x60, 9, 0x11]) + SERVICE1.format(n).encode() + b"\3"]
        packets[shown] = packet(2 * n, b"".join(blocks))
        packets[gone] = packet(2 * n + 1, blocks[0])
    return pairs, packets


def packet(number: int, block: bytes) -> bytes:
    """A caption channel packet with one block of service 1, of an even size."""
    body = bytes([1 << 5 | len(block)]) + block
    body += b"\0" * ((len(body) + 1) % 2)
    return bytes([(number & 3) << 6 | (len(body) + 1) // 2]) + body


def sei(pair: tuple, dtvcc: bytes) -> bytes:
    """An SEI unit with `cc_data()`: both fields, then the packet, as many constructs as the frame rate asks for."""
    constructs = [bytes([0xFC, *map(odd, pair)]), bytes([0xFD, 0x80, 0x80])]
    constructs += [bytes([0xFF if at == 0 else 0xFE, *dtvcc[at : at + 2]]) for at in range(0, len(dtvcc), 2)]
    assert len(constructs) <= 600 // RATE
    constructs += [b"\xfa\0\0"] * (600 // RATE - len(constructs))
    payload = b"\xb5\0\x31GA94\3" + bytes([0xC0 | len(constructs), 0xFF]) + b"".join(constructs) + b"\xff"
    unit = bytearray()
    for byte in bytes([6, 4, len(payload)]) + payload + b"\x80":
        if unit[-2:] == b"\0\0" and byte <= 3:
            unit.append(3)
        unit.append(byte)
    return bytes(unit)


def units(stream: bytes):
    """NAL units between start codes."""
    for unit in stream.split(b"\0\0\1")[1:]:
        yield unit.rstrip(b"\0")


def odd(byte: int) -> int:
    return byte | 0x80 if byte.bit_count() % 2 == 0 else byte
