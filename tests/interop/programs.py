"""Programs by the page and by the API, and the preview, which needs none."""

import os
import time
import urllib.error
import urllib.request

import ladder
import play
from server import Server


def by_the_page(server) -> str:
    """A program by the page's form: it runs, its URL goes and comes back, it stops and plays on demand, it is deleted; the channel's own
    program goes on all the time."""
    seen = play.script("programs.mjs", server.base, 90)
    made, over = seen["made"], seen["over"]
    assert (made["state"], made["window_seconds"], made["rewind_seconds"]) == ("Running", 360, 120), made
    assert seen["codes"] == [200, 404, 200], seen["codes"]
    assert over["state"] == "Stopped" and over["playback"] == made["playback"], over
    assert abs(seen["shown"]["duration"] - over["seconds"]) <= 0.2, (seen["shown"], over)
    assert seen["isAsked"], "one press deletes"
    assert seen["after"] == seen["before"] and seen["own"][0] == seen["own"][1], seen
    assert not seen["errors"], seen["errors"]
    return f"program {made['id']} made, 404 unpublished and 200 again, {over['seconds']:.1f} s on demand, deleted"


def by_the_api(server) -> str:
    """Every refusal has its code, and a program that waits takes other windows until it starts. The channel has nothing to pass through, so
    that its programs stay Starting until they are stopped."""
    own = Server(os.path.join(os.path.dirname(server.folder), "api"), options=["--encoding", "none"])
    try:
        own.wait("its own program", 5, lambda channel: channel["portal_state"] == "Streaming")
        return refusals(own, f"/api/channels/{own.channel()['name']}/programs")
    finally:
        own.kill()


def refusals(own, path: str) -> str:
    for body, code in [
        ({"window_seconds": 299}, "PROGRAM_WINDOW"),
        ({"window_seconds": 300, "rewind_seconds": 301}, "PROGRAM_REWIND_WINDOW"),
        ({"window_seconds": "long"}, "BAD_REQUEST"),
        ({"start": "yes"}, "BAD_REQUEST"),
    ]:
        refused = own.json("POST", path, body)
        assert (refused["status"], refused["code"]) == (400, code), refused
    waiting = own.json("POST", path, {"start": False})
    one = f"{path}/{waiting['id']}"
    assert (waiting["state"], waiting["started_ms"], waiting["window_seconds"]) == ("Stopped", None, 300), waiting
    assert own.json("PATCH", one, {"window_seconds": 600, "rewind_seconds": 60})["window_seconds"] == 600
    assert own.json("POST", f"{one}/stop")["code"] == "PROGRAM_STATE"
    assert own.json("POST", f"{one}/start")["state"] == "Starting"
    assert own.json("PATCH", one, {"window_seconds": 300})["code"] == "PROGRAM_STATE"
    assert status(own, "DELETE", one) == 409
    # With the channel's own program these are one more than may run: A25.2.
    more = [own.json("POST", path, {}), own.json("POST", path, {})]
    assert (more[0]["state"], more[1]["code"]) == ("Starting", "PROGRAM_QUOTA"), more
    assert [it["id"] for it in own.json("GET", path)] == [1, 2, 3], "what cannot start is not kept"
    for each in (one, f"{path}/{more[0]['id']}"):
        own.json("POST", f"{each}/stop")
        own.wait("the program is over", 8, lambda _: own.json("GET", each)["state"] == "Stopped")
        assert own.json("POST", f"{each}/start")["code"] == "PROGRAM_USED"
        assert status(own, "DELETE", each) == 204 and own.json("GET", each)["status"] == 404
    assert own.json("POST", f"{path}/999/stop")["status"] == 404
    return "windows, start, stop and delete; refusals have their codes"


def status(server, method: str, path: str) -> int:
    url = path if path.startswith("http") else server.base + path
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def preview_without_a_program(server) -> str:
    """A11: players play the preview before any program runs, and while one comes and goes; the URL outlives the process, and only those
    on the list may look (A10.3)."""
    from checks import resting

    with resting(server) as folder:
        own = Server(os.path.join(folder, "preview"), options=["--no-program"])
        try:
            channel = own.wait("four segments", 15, lambda channel: channel["preview"]["segments"] >= 4)
            assert (channel["portal_state"], channel["programs"], channel["asset"]) == ("Ready", [], None), channel
            urls = [channel["playback"][key] for key in ("preview", "preview_hls")]
            said = [f"hls.js {play.told(play.Browser(own.base, 'hls', 8, '&watch=preview').seen())}"]
            path = f"/api/channels/{channel['name']}/programs"
            smooth = play.Browser(own.base, "smooth", 12, "&watch=preview")
            time.sleep(6)
            program = own.json("POST", path, {})
            time.sleep(4)
            own.json("POST", f"{path}/{program['id']}/stop")
            said.append(f"dash.js in Smooth {play.told(smooth.seen())}")
            assert [status(own, "GET", url) for url in urls] == [200, 200]
            assert own.interrupt(6) == 0
            assert not [name for name in os.listdir(own.folder) if "preview" in name], "the preview was written to the store"
            # The same store, and the same URL but for the port; nobody is on the list.
            closed = Server(os.path.join(folder, "preview"), options=["--no-program", "--allow-preview", "203.0.113.7"])
            own = closed
            again = closed.wait("two segments", 15, lambda channel: channel["preview"]["segments"] >= 2)
            paths = [url.split("/", 3)[3] for url in (urls[1], again["playback"]["preview_hls"])]
            assert paths[0] == paths[1], paths
            assert [status(closed, "GET", again["playback"][key]) for key in ("preview", "preview_hls")] == [403, 403]
            escaped = again["playback"]["preview"].replace("-", "%2D", 1)
            assert status(closed, "GET", escaped) == 403, "whoever writes it otherwise comes in"
        finally:
            own.kill()
    return "; ".join(said)


def all_go_on(server) -> str:
    """FAULTS row 60: the process is killed while two programs run; both go on under their URLs, each with its own windows."""
    from checks import resting

    with resting(server) as folder:
        [clip] = ladder.make(folder, 1)
        seen = []
        for run in range(2):
            own = Server(os.path.join(folder, "cut-off"), options=["--encoding", "none"])
            try:
                channel = own.channel()
                path = f"/api/channels/{channel['name']}"
                with ladder.Copies([clip], ladder.urls(channel["ingest"]["rtmp"], 1)):
                    if run == 0:
                        own.json("POST", f"{path}/programs", {"window_seconds": 600, "rewind_seconds": 60})
                    grown = lambda channel: len(channel["programs"]) == 2 and all(it["segments"] >= 3 + 3 * run for it in channel["programs"])
                    channel = own.wait("segments of both", 30, grown)
            finally:
                own.kill()
            form = lambda it: (it["asset"], it["locator"], it["state"], it["window_seconds"], it["rewind_seconds"])
            seen.append((channel["asset"], sorted(form(it) for it in channel["programs"])))
        assert seen[0] == seen[1], seen
        assert {windows for *_, windows, _ in seen[0][1]} == {300, 600}, seen
    return "both programs went on under their URLs"


ALL = [
    ("programs go on after a kill", all_go_on),
    ("programs on the page", by_the_page),
    ("programs by the API", by_the_api),
    ("preview", preview_without_a_program),
]
