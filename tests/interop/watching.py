"""The page's players with a viewer who goes back in the window, returns, and stays until the program is over."""

import play
import timeline


def to_the_end(kind: str, seconds: int):
    """Live without a stall, back by 30 s or as far as there is, live again; then the program is stopped, and the player goes on to its
    end, neither jumping nor standing still, and once more on demand."""

    def check(server) -> str:
        name = f"/api/channels/{server.channel()['name']}"
        # dash.js goes no further back in Smooth Streaming than the manifest did with which it began.
        least = 14 if kind == "smooth" else 4
        channel = server.wait("enough to go back in", 40, lambda channel: channel["segments"] >= least)
        rungs = len(channel["rungs"])
        try:
            seen = play.script("rewind.mjs", server.base, 58 + seconds, kind, str(seconds))
            ends = over_at(server)
        finally:
            server.json("POST", f"{name}/start", {})
            server.wait("Streaming", 10, lambda channel: channel["portal_state"] == "Streaming" and channel["segments"])
        # dash.js lags in Smooth Streaming: it hears of a fragment once the second one before it has come.
        lag = 8 if kind == "smooth" else 0
        return judged(seen, seconds, ends, rungs, lag)

    return check


def judged(seen: dict, seconds: int, ends: float, rungs: int, lag: float) -> str:
    went = went_back(seen, seconds, rungs, lag)
    end, began, ended = (seen[step] for step in ("end", "began", "ended"))
    for what, span in (("to the end", end), ("on demand", began)):
        assert_even(what, span)
    assert abs(end["to"] - ends) <= 0.5, f"the last picture seen is of {end['to']:.2f}, the program ends at {ends:.2f}"
    assert abs(ended["to"] - seen["duration"]) <= 0.5, f"on demand: {ended}, of {seen['duration']} s"
    return (
        f"{went}; {end['played']:.1f} s from the stop to the end, longest still "
        f"{end['still']:.1f} s, no jump, {ends - end['to']:+.2f} s before it; on demand {seen['duration']:.1f} s"
    )


def went_back(seen: dict, seconds: int, rungs: int, lag: float = 0) -> str:
    """Live, back in the window at the usual pace, and live again."""
    live, back, again = (seen[step] for step in ("live", "back", "again"))
    assert not seen["errors"], seen["errors"]
    assert seen["rungs"] == rungs, f"{seen['rungs']} rungs in the menu"
    assert live["stalls"] == 0 and live["still"] <= 0.6, f"live: {live}"
    assert live["played"] >= 0.95 * seconds, f"live: {live}"
    wanted = min(30, seen["window"]["now"] - seen["window"]["start"] - 4)
    went = live["to"] - back["from"]
    assert abs(went - wanted) <= 2 and wanted > 5, f"went back {went:.1f} s, and not {wanted:.1f} s"
    for what, span in (("back in the window", back), ("live again", again)):
        assert_even(what, span)
    assert back["played"] >= 2.5 and back["hurry"] == 0, f"back in the window: {back}"
    assert again["from"] > live["to"] - lag, f"not live again: {again}, and {live} before"
    return f"{live['played']:.1f} s live, longest still {live['still']:.1f} s; {went:.1f} s back"


def assert_even(what: str, span: dict):
    assert span["still"] <= 1 and span["jump"] <= 0.5, f"{what}: {span}"


def over_at(server) -> float:
    """When the last picture of the stopped program was on air, in seconds since 1970."""
    text = server.text(timeline.playlists(server, server.channel())[0])
    return timeline.began_at(text) + sum(segment.seconds for segment in timeline.segments(text))


ALL = [
    ("Smooth in dash.js", to_the_end("smooth", 20)),
    ("hls.js to the end", to_the_end("hls", 12)),
    ("Shaka Player to the end", to_the_end("dash", 12)),
    ("dash.js to the end", to_the_end("dashjs", 12)),
]
