"""What is checked, in order. A check returns what it saw, or fails an assertion."""

import contextlib
import os
import re
import struct
import time
import urllib.error
import urllib.parse
import urllib.request

import captions
import doors
import ladder
import low_latency
import play
import programs
import push
import saved
import slow_readers
import timeline
import watching
from server import Server


def first_picture(server) -> str:
    """Item: a picture plays in Chromium within 10 s of the server's start."""
    seen = play.Browser(server.base, "hls", 4).seen()
    after = seen["firstAt"] / 1000 - server.began
    assert after <= 10, f"the first picture came {after:.1f} s after the start"
    assert seen["text"] == "Test source", f"on air: {seen['text']}"
    return f"first picture {after:.1f} s after the start of the server; {play.told(seen)}"


# A little longer than the default of --loss-after.
QUIET = 1.2


def pushed_by(tool: str, protocol: str):
    def check(server) -> str:
        before = len(server.lines)
        # An encoder is refused while the one before it may still be sending.
        time.sleep(QUIET)
        begin(server, protocol)
        with push.Push(tool, protocol, server.channel()["ingest"]) as encoder:
            began = time.monotonic()
            is_ours = lambda channel: channel["on_air"] == "live" and (channel["health"] or {}).get("protocol") == protocol
            server.wait("live on air", 5, is_ours)
            took = time.monotonic() - began
            time.sleep(3.2)
            encoder.check_alive()
            channel = server.channel()
        health, rungs = channel["health"], channel["rungs"]
        size = (health["width"], health["height"])
        assert channel["on_air"] == "live", f"on air: {channel['on_air']}"
        undecoded = [line for line in server.lines[before:] if "codec:" in line]
        assert not undecoded, undecoded
        assert size == (push.WIDTH, push.HEIGHT), f"size {size}"
        assert abs(health["frame_rate"] - push.RATE) <= 4, f"{health['frame_rate']} fps"
        assert health["bitrate"] > 100_000, f"{health['bitrate']} bit/s"
        assert health["last_video_seconds"] is not None and health["last_audio_seconds"] is not None, "a time stamp is missing"
        assert health["time_jumps"] == 0, f"{health['time_jumps']} time jumps"
        assert len(rungs) == 7 and all(rung["measured"] for rung in rungs), "a rung is missing"
        return f"on air after {took:.1f} s, {health['bitrate'] / 1e6:.2f} Mbit/s, {health['frame_rate']:.1f} fps, {health['dropped']} dropped"

    return check


def begin(server, protocol: str):
    """A channel keeps to the protocol of its first feed until it is stopped (A1.10): begins it anew for another one."""
    name = f"/api/channels/{server.channel()['name']}"
    if getattr(server, "protocol", protocol) != protocol:
        server.json("POST", f"{name}/stop", {})
        server.wait("Stopped", 8, lambda channel: channel["state"] == "Stopped")
        server.json("POST", f"{name}/start", {})
        server.wait("Streaming", 10, lambda channel: channel["portal_state"] == "Streaming")
    server.protocol = protocol


def ffmpeg_plays(server) -> str:
    """HLS and DASH at once, decoded by ffmpeg for 20 s, with a feed on air."""
    begin(server, "rtmp")
    channel = server.channel()
    time.sleep(QUIET)
    with push.Push("ffmpeg", "rtmp", channel["ingest"]):
        server.wait("live on air", 5, lambda channel: channel["on_air"] == "live")
        players = {name: play.Decode(channel["playback"][name], 20) for name in ("hls", "dash")}
        frames = {name: player.frames() for name, player in players.items()}
    return ", ".join(f"{name} {count} frames" for name, count in frames.items())


def thumbnail_is_seen(server) -> str:
    """The feed as it reaches the channel, as a JPEG: also while the operator's slate hides it."""
    begin(server, "rtmp")
    channel = server.channel()
    name = f"/api/channels/{channel['name']}"
    assert server.json("GET", "/api/channels/other/thumbnail.jpg")["status"] == 404
    before = (channel["thumbnail"] or {"number": 0})["number"]
    time.sleep(QUIET)
    with push.Push("ffmpeg", "rtmp", channel["ingest"]):
        server.wait("live on air", 5, lambda channel: channel["on_air"] == "live")
        server.json("POST", f"{name}/slate", {})
        channel = server.wait("two thumbnails", 15, lambda channel: (channel["thumbnail"] or {"number": 0})["number"] >= before + 2)
        server.json("DELETE", f"{name}/slate")
    with urllib.request.urlopen(server.base + channel["thumbnail"]["url"], timeout=5) as answer:
        headers, jpeg = answer.headers, answer.read()
    assert (headers["content-type"], headers["cache-control"]) == ("image/jpeg", "no-store"), headers
    # SOF0: height, then width (ISO/IEC 10918-1 clause B.2.2).
    height, width = struct.unpack(">HH", jpeg.split(b"\xff\xc0", 1)[1][3:7])
    assert jpeg.startswith(b"\xff\xd8") and (width, height) == (320, 180), (width, height)
    asked = urllib.request.Request(server.base + channel["thumbnail"]["url"], headers={"if-none-match": headers["etag"]})
    with contextlib.suppress(urllib.error.HTTPError):
        assert urllib.request.urlopen(asked, timeout=5).headers["etag"] != headers["etag"], "the same was sent again"
    return f"{width}x{height}, {len(jpeg)} bytes, {headers['last-modified']}"


def browser_plays(player: str):
    def check(server) -> str:
        begin(server, "rtmp")
        with push.Push("ffmpeg", "rtmp", server.channel()["ingest"]):
            return play.told(play.Browser(server.base, player, 21).seen())

    return check


def encoder_is_pulled(server) -> str:
    """Item: pull the encoder, wait 5 s, push again: players go on, and the timeline has no gap."""
    begin(server, "rtmp")
    ingest = server.channel()["ingest"]
    with push.Push("ffmpeg", "rtmp", ingest):
        server.wait("live on air", 5, lambda channel: channel["on_air"] == "live")
        browser = play.Browser(server.base, "hls", 24)
        time.sleep(8)
    server.wait("the slate on air", 3, lambda channel: channel["on_air"] == "slate")
    time.sleep(5)
    with push.Push("ffmpeg", "rtmp", ingest):
        server.wait("live on air again", 5, lambda channel: channel["on_air"] == "live")
        seen = browser.seen()
    return f"{play.told(seen)}; {timeline.check(server)}"


def commands_work(server) -> str:
    """Slate, ad break, their refusals, reset, stop and start by the API; the page's buttons do the same."""
    name = f"/api/channels/{server.channel()['name']}"
    assert server.json("DELETE", f"{name}/slate")["code"] == "SLATE_NOT_SHOWN"
    assert server.json("POST", f"{name}/slate", {"duration": -1})["status"] == 400
    assert server.json("POST", f"{name}/start", {})["status"] == 409
    assert server.json("POST", "/api/channels/other/start", {})["status"] == 404
    server.json("POST", f"{name}/slate", {})
    server.wait("the operator's slate", 3, lambda channel: channel["on_air"] == "operator_slate")
    server.json("DELETE", f"{name}/slate")
    server.wait("the source again", 3, lambda channel: channel["on_air"] != "operator_slate")
    assert server.json("POST", f"{name}/ad-breaks", {"duration": 5})["status"] == 400
    assert server.json("POST", f"{name}/ad-breaks", {"cue_id": 0, "duration": 5})["code"] == "CUE_ID"
    assert server.json("DELETE", f"{name}/ad-breaks/7")["code"] == "CUE_NO_BREAK"
    server.json("POST", f"{name}/ad-breaks", {"cue_id": 7, "duration": 30})
    in_break = lambda channel: channel["on_air"] == "break_slate" and channel["ad_break"] == 7
    server.wait("the slate of the ad break", 3, in_break)
    assert server.json("POST", f"{name}/ad-breaks", {"cue_id": 8, "duration": 5})["code"] == "CUE_OVERLAP"
    server.json("DELETE", f"{name}/ad-breaks/7")
    server.wait("the source after the break", 3, lambda channel: channel["on_air"] != "break_slate" and not channel["ad_break"])
    is_told = lambda channel: channel["breaks"] and channel["breaks"][0]["cue_id"] == 7 and channel["breaks"][0]["ended_by"]
    report = server.wait("the report of the break", 10, is_told)["breaks"][0]
    assert (report["source"], report["ended_by"], report["planned_seconds"]) == ("api", "cue", 30), report
    assert all(report[way]["rungs_in_place"] == len(report[way]["rungs"]) == 7 for way in ("out", "back")), report
    before = server.channel()["asset"]
    server.json("POST", f"{name}/reset", {})
    is_new = lambda channel: channel["portal_state"] == "Streaming" and channel["asset"] != before and channel["segments"]
    server.wait("streaming after the reset", 10, is_new)
    server.json("POST", f"{name}/stop", {})
    channel = server.wait("Stopped", 8, lambda channel: channel["state"] == "Stopped")
    assert "#EXT-X-ENDLIST" in server.text(timeline.playlists(server, channel)[0]), "the stopped program has no end"
    server.json("POST", f"{name}/start", {})
    server.wait("streaming after the start", 10, lambda channel: channel["portal_state"] == "Streaming" and channel["segments"])
    return "slate, hide, ad break, reset, stop, start; refusals have their codes"


def buttons_work(server) -> str:
    """The page's buttons: slate, hide, ad break, stop, start, reset, and the switch of players; it plays again after each."""
    play.script("buttons.mjs", server.base, 90)
    return "slate, hide, ad break, stop, start, reset, Shaka Player, dash.js, Smooth, hls.js; a picture after each"


def cues_in_time(kind: str):
    """A player hears of an ad break before it comes, for the very frame at which the picture changes, and late joiners hear of it."""

    def check(server) -> str:
        # Of the encoder before, no slate is seen any more when the break begins.
        server.wait("the test source", 15, lambda channel: channel["on_air"] == "test")
        seen = play.script("cues.mjs", f"{server.base}", 120, kind)
        first, before, told, entered = seen["first"]["at"], seen["first"]["before"], seen["told"], seen["entered"]
        frame = 1 / 30 + 0.001
        # Breaks before this one are still in the window, and a message in the fragments is repeated while its break runs.
        told, entered = [[way for way in ways if abs(way["start"] - first) < 1] for ways in (told, entered)]
        ways = {}
        for way in told:
            ways.setdefault(way["what"], way)
        expected = ["SCTE35-OUT"] if kind == "hls" else ["urn:scte:scte35:2014:xml+bin", "urn:scte:scte35:2013:bin"]
        for way in expected:
            assert way in ways, f"{way} was not heard of: {told}"
            # On a busy machine some pictures are not shown: the slate's first is behind the last one before it.
            is_first = before + 0.005 < ways[way]["start"] < first + 0.005
            assert is_first, f"{way} is for {ways[way]['start']:.3f} s, and the slate begins behind {before:.3f} s, at most at {first:.3f} s"
        # Shaka Player tells of messages inside of fragments when their time comes.
        for way in expected if kind == "dashjs" else expected[:1]:
            assert ways[way]["at"] < ways[way]["start"], f"{way} was heard of at {ways[way]['at']:.3f} s, too late"
        # dash.js looks as often as the page tells it to, Shaka Player four times a second, whatever its configuration. A frame is the
        # bound of dash.js, on the picture that is shown then: the clock goes on while a busy machine lets the page wait.
        bound = 0.3
        fired = [(way["what"], way["at"] - way["start"], way["frame"] - way["start"]) for way in entered]
        for way in expected:
            assert any(what == way for what, *_ in fired), f"{way} was not fired: {fired}"
        assert all(-frame <= off <= bound for _, off, _ in fired), f"fired too late: {fired}"
        assert kind != "dashjs" or all(picture <= frame for *_, picture in fired), f"fired behind the picture: {fired}"
        assert seen["late"], "who came late did not hear of the break"
        lead = ways[expected[0]]["start"] - ways[expected[0]]["at"]
        offs = ", ".join(f"{way} {(ways[way]['start'] - first) * 1000:+.1f} ms off" for way in expected)
        offs += f" the slate's first picture, {(first - before) * 1000:.0f} ms behind the one before"
        when = ", ".join(f"{off * 1000:+.0f} ms (picture {picture * 1000:+.0f} ms)" for _, off, picture in fired)
        return f"heard of {lead:.1f} s ahead; {offs}; fired {when}"

    return check


def captions_in_players(server) -> str:
    """Every player shows every caption, with the picture to which it belongs, from the page's menu."""
    with resting(server) as folder:
        clip = captions.make(folder, 120)
        own = Server(os.path.join(folder, "captions"), options=["--source", "none"])
        try:
            channel = own.wait("two segments", 15, lambda channel: channel["segments"] >= 2)
            # This one plays before there are captions.
            player = play.Script("captions.mjs", own.base, "dashjs", "CC1", "9")
            time.sleep(3)
            with ladder.Copies([clip], ladder.urls(channel["ingest"]["rtmp"], 1)):
                said = [captions_shown("dash.js", player.seen(60), captions.CC1)]
                for name, kind, service, text in [
                    ("hls.js", "hls", "CC1", captions.CC1),
                    ("Shaka Player", "dash", "CC1", captions.CC1),
                    ("Shaka Player", "dash", "SERVICE1", captions.SERVICE1),
                ]:
                    player = play.Script("captions.mjs", own.base, kind, service, "9")
                    said.append(captions_shown(name, player.seen(60), text))
        finally:
            own.kill()
    return "; ".join(said)


def captions_shown(player: str, seen: dict, text: str) -> str:
    shown = [(re.sub(r"<[^>]*>", "", cue["text"]).strip(), cue["start"], cue["end"]) for cue in seen["cues"]]
    assert len(shown) >= 3, f"{player}: {shown}"
    first = int(shown[0][0][-2:])
    assert [said for said, *_ in shown] == [text.format(first + n) for n in range(len(shown))], f"{player}: {shown}"
    # On a busy machine some pictures are not looked at: only white ones right behind black ones count.
    whites = [(min(seen["white"], key=lambda white: abs(white["at"] - start)), start) for _, start, _ in shown]
    offs = [start - white["at"] for white, start in whites if white["at"] - white["before"] < 1.5 / captions.RATE and abs(white["at"] - start) < 1]
    assert len(offs) >= 2 and all(abs(off) <= 0.5 / captions.RATE for off in offs), f"{player}: {offs} s off the pictures"
    assert all(abs(end - start - captions.STANDS) <= 1.5 / captions.RATE for _, start, end in shown), f"{player}: {shown}"
    most = max(offs, key=abs) * 1000
    return f"{player} {shown[0][0]} to {shown[-1][0]}, of {', '.join(seen['offered'][1:])}, at most {most:+.1f} ms off the picture"


def ends_cleanly(server) -> str:
    """Ctrl-C: exit code 0, and the last segment that a player saw, and what came after it, are stored."""
    channel = server.wait("three segments", 10, lambda channel: channel["segments"] >= 3)
    playlist = timeline.playlists(server, channel)[0]
    last = timeline.segments(server.text(playlist))[-1]
    rung, asset = channel["rungs"][0], channel["asset"]
    began = time.monotonic()
    code = server.interrupt(6)
    took = time.monotonic() - began
    assert code == 0, f"exit code {code}: {server.lines[-3:]}"
    assert "every segment is stored" in server.lines[-1], server.lines[-1]
    folder = os.path.join(server.folder, asset, rung["name"])
    stored = sorted(int(file[:-4]) for file in os.listdir(folder) if file.endswith(".m4s"))
    assert last.start in stored, f"segment {last.start} was listed and is not stored"
    assert stored[-1] > last.start, "the open segment was not closed and stored"
    parts = [file for _, _, files in os.walk(server.folder) for file in files if file.endswith(".part")]
    assert not parts, f"half written: {parts}"
    return f"ended after {took:.1f} s with {len(stored)} segments of each rendition stored"


def urls_are_those_of_the_request(server) -> str:
    channel = server.channel()
    host = urllib.parse.urlsplit(server.base).netloc
    assert all(urllib.parse.urlsplit(url).netloc == host for url in channel["playback"].values()), channel["playback"]
    assert channel["ingest"]["rtmp"].startswith("rtmp://127.0.0.1:"), channel["ingest"]
    return f"{channel['playback']['hls']}"


def early_requests_wait(server) -> str:
    """Who asks for the segment behind the last one listed gets it as soon as it is there, in the place of a 412."""
    channel = server.wait("two segments", 10, lambda channel: channel["segments"] >= 2)
    playlist = timeline.playlists(server, channel)[0]
    text = server.text(playlist)
    last = timeline.segments(text)[-1]
    uri = re.findall(r"Fragments\([^\n]*", text)[-1]
    due = urllib.parse.urljoin(playlist, uri.replace(str(last.start), str(last.start + round(last.seconds * 90_000))))
    began = time.monotonic()
    with urllib.request.urlopen(due, timeout=6) as answer:
        size = len(answer.read())
    return f"{size} bytes after {time.monotonic() - began:.1f} s"


@contextlib.contextmanager
def resting(server):
    """The shared channel is stopped meanwhile: its ladder would take the processors that the other one needs."""
    name = f"/api/channels/{server.channel()['name']}"
    server.json("POST", f"{name}/stop", {})
    server.wait("Stopped", 8, lambda channel: channel["state"] == "Stopped")
    try:
        yield os.path.dirname(server.folder)
    finally:
        server.json("POST", f"{name}/start", {})
        server.wait("Streaming", 10, lambda channel: channel["portal_state"] == "Streaming" and channel["segments"])


def passed_through(protocol: str, count: int):
    """A ladder that comes ready-made: all rungs listed, levels switch, no stall, in hls.js, in Shaka Player and in dash.js."""

    def check(server) -> str:
        with resting(server) as folder:
            return pass_through(folder)

    def pass_through(folder: str) -> str:
        clips = ladder.make(folder, count)
        own = Server(os.path.join(folder, f"pass-{protocol}"), options=["--encoding", "none"])
        try:
            channel = own.wait("waiting", 5, lambda channel: channel["on_air"] == "waiting")
            assert channel["encoding"] == "none" and channel["portal_state"] == "Streaming", channel["portal_state"]
            with ladder.Copies(clips, ladder.urls(channel["ingest"][protocol], count)):
                channel = own.wait("the rungs", 15, lambda channel: channel["segments"] >= 2)
                heights = [rung["height"] for rung in channel["rungs"]]
                assert heights == [int(size.split("x")[1]) for size, _ in ladder.SIZES[:count]], heights
                assert len(channel["sessions"]) == count, channel["sessions"]
                # Two at a time: more of them take the processors from each other.
                players = [play.Levels(own.base, kind, count) for kind in ("hls", "dash")]
                seen = [player.seen() for player in players]
                seen.append(play.Levels(own.base, "dashjs", count).seen())
        finally:
            own.kill()
        return f"{count} rungs from {count} sessions; {', '.join(seen)}"

    return check


def second_encoder_takes_over(encoding: str):
    """Two encoders send the same clip to the two ingest URLs; the one on air is killed, and no viewer sees it."""

    def check(server) -> str:
        with resting(server) as folder:
            return take_over(folder)

    def take_over(folder: str) -> str:
        [clip] = ladder.make(folder, 1)
        own = Server(os.path.join(folder, f"failover-{encoding}"), options=["--encoding", encoding, "--rtmp-secondary", "127.0.0.1:0"])
        try:
            ingest = own.channel()["ingest"]
            urls = [ladder.urls(ingest[key], 1)[0] for key in ("rtmp", "rtmp_secondary")]
            with ladder.Copies([clip, clip], urls) as encoders:
                is_on = lambda channel: channel["on_air"] == "live" and len(channel["sessions"]) == 2
                own.wait("two sessions, live", 10, is_on)
                browser = play.Browser(own.base, "hls", 14)
                time.sleep(6)
                before = own.channel()
                on_air = before["slot_on_air"]
                encoders.kill(["primary", "secondary"].index(on_air))
                is_other = lambda channel: channel["slot_on_air"] != on_air and len(channel["sessions"]) == 1
                other = own.wait("the other slot", 4, is_other)
                seen = browser.seen()
                said = "\n".join(own.lines)
            assert "failover: " in said and "on air: the slate" not in said and other["on_air"] == "live", said
        finally:
            own.kill()
        lock = "time-locked" if before["time_locked"] else "not time-locked"
        return f"{on_air} killed, {lock}; {play.told(seen)}"

    return check


ALL = [
    ("first picture", first_picture),
    ("urls", urls_are_those_of_the_request),
    ("requests ahead of the live edge", early_requests_wait),
    *[(f"{tool} pushes {protocol}", pushed_by(tool, protocol)) for tool in ("ffmpeg", "gstreamer") for protocol in ("rtmp", "rtp", "udp")],
    ("ffmpeg plays HLS and DASH", ffmpeg_plays),
    ("chromium plays HLS", browser_plays("hls")),
    ("chromium plays DASH", browser_plays("dash")),
    ("chromium plays DASH by dash.js", browser_plays("dashjs")),
    ("thumbnail", thumbnail_is_seen),
    ("encoder pulled", encoder_is_pulled),
    ("pass-through of three RTMP rungs", passed_through("rtmp", 3)),
    ("pass-through of a five-rung Smooth feed", passed_through("smooth", 5)),
    ("second encoder takes over", second_encoder_takes_over("standard")),
    ("second encoder takes over, pass-through", second_encoder_takes_over("none")),
    *doors.ALL,
    ("cues in hls.js", cues_in_time("hls")),
    ("cues in Shaka Player", cues_in_time("dash")),
    ("cues in dash.js", cues_in_time("dashjs")),
    ("captions in the players", captions_in_players),
    *watching.ALL,
    *low_latency.ALL,
    *saved.ALL,
    *programs.ALL,
    *slow_readers.ALL,
    ("buttons", buttons_work),
    ("commands", commands_work),
    ("ctrl-c", ends_cleanly),
]
