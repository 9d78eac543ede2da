"""Reads the live playlists and checks that nothing is missing in them."""

import datetime
import re
import urllib.parse
from typing import NamedTuple


class Segment(NamedTuple):
    start: int
    seconds: float


def playlists(server, channel: dict) -> list[str]:
    """URLs of every media playlist: the rungs first, then the sound."""
    master = channel["playback"]["hls"]
    text = server.text(master)
    rungs = [line for line in text.splitlines() if line and not line.startswith("#")]
    sounds = re.findall(r'#EXT-X-MEDIA:.*?URI="([^"]+)"', text)
    return [urllib.parse.urljoin(master, uri) for uri in rungs + sounds]


def segments(playlist: str) -> list[Segment]:
    pattern = r"#EXTINF:([\d.]+),[^\n]*\n(?:#[^\n]*\n)*Fragments\([^=]+=(\d+),"
    return [Segment(int(start), float(seconds)) for seconds, start in re.findall(pattern, playlist)]


def began_at(playlist: str) -> float:
    """When the first segment was on air, in seconds since 1970."""
    date = re.search(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)", playlist).group(1)
    return datetime.datetime.fromisoformat(date.replace("Z", "+00:00")).timestamp()


def check(server) -> str:
    """Every rendition is whole from its first segment to its last, and the rungs are cut at the same instants."""
    channel = server.channel()
    cuts, count = [], 0
    for url in playlists(server, channel):
        text = server.text(url)
        for mark in ("#EXT-X-DISCONTINUITY\n", "#EXT-X-GAP", "#EXT-X-ENDLIST"):
            assert mark not in text, f"{mark.strip()} in {url}"
        listed = segments(text)
        ticks = 90_000 if "(video" in url else channel["audio"]["sample_rate"]
        for one, next_one in zip(listed, listed[1:]):
            missing = abs(next_one.start - one.start - one.seconds * ticks)
            assert missing <= 0.001 * ticks, f"a gap of {missing / ticks:.3f} s after {one.start} in {url}"
        if ticks == 90_000:
            cuts.append([segment.start for segment in listed])
        count = len(listed)
    # The window may have moved between two requests.
    first, last = max(cut[0] for cut in cuts), min(cut[-1] for cut in cuts)
    common = {tuple(start for start in cut if first <= start <= last) for cut in cuts}
    assert len(common) == 1, "the rungs are cut at different instants"
    return f"no gap in {count} segments of each rendition"
