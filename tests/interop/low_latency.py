"""Low latency: how old a picture is when a player shows it, by the clock that the test source burns in; and viewers who want none."""

import contextlib
import os
import statistics
import tempfile

import play
import watching
from server import Server

# Of the test source.
FRAMES_A_SECOND = 30
# Numbers in the bar code before it begins anew.
ROUND = 1 << 20
# What is asked for, from the picture's time to the screen.
BOUND = 3.0
# While a player still approaches the edge.
SETTLING = 10


def plays(kind: str, seconds: int):
    """The page plays parts of a third of a second, without a stall, never more than three seconds behind."""

    def check(_server) -> str:
        with in_parts() as own:
            return judged(play.script("latency.mjs", own.base, seconds + 60, kind, str(seconds)))

    return check


def goes_back(kind: str, seconds: int):
    """A viewer goes back by more than players let be made up for, and stays there at the usual pace until live is asked for."""

    def check(_server) -> str:
        with in_parts() as own:
            seen = play.script("rewind.mjs", own.base, 60 + seconds, kind, str(seconds), "live")
            return watching.went_back(seen, seconds, len(own.channel()["rungs"]))

    return check


@contextlib.contextmanager
def in_parts():
    """A channel of low latency with some segments."""
    with tempfile.TemporaryDirectory(prefix="headend-latency-") as folder:
        own = Server(folder, options=["--low-latency"])
        try:
            own.wait("some segments", 20, lambda channel: channel["segments"] >= 5)
            yield own
        finally:
            own.kill()


def judged(seen: dict) -> str:
    assert not seen["errors"], f"{len(seen['errors'])} errors: {seen['errors'][:3]}"
    began = seen["pictures"][0]["at"]
    ages = [age(one, seen["epoch"]) for one in seen["pictures"] if one["at"] - began > SETTLING * 1000]
    assert len(ages) > 100, f"{len(ages)} pictures were read, {seen['bad']} were not"
    median, most = statistics.median(ages), max(ages)
    assert seen["stalls"] == 0, f"{seen['stalls']} stalls; {median:.2f} s old, {most:.2f} s at most"
    assert most < BOUND, f"a picture was {most:.2f} s old, most of them {median:.2f} s"
    return f"{len(ages)} pictures, {median:.2f} s old, {min(ages):.2f} to {most:.2f} s; no stall"


def age(one: dict, epoch: float) -> float:
    """How old a picture was, in seconds: its number says when it was on air, in rounds of some hours."""
    number = (one["at"] - epoch) / 1000 * FRAMES_A_SECOND
    behind = (number - one["number"]) % ROUND
    return behind / FRAMES_A_SECOND


ALL = [
    ("low latency in hls.js", plays("hls", 30)),
    ("low latency in dash.js", plays("dashjs", 30)),
    ("low latency in hls.js, back in the window", goes_back("hls", 24)),
    ("low latency in dash.js, back in the window", goes_back("dashjs", 24)),
]
