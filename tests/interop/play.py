"""Players: ffmpeg, and Chromium with the page's own players."""

import json
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Browser:
    """Chromium on the page, for so many seconds from its first picture."""

    def __init__(self, base: str, player: str, seconds: int, more: str = ""):
        command = ["node", os.path.join(HERE, "browser.mjs"), f"{base}/?player={player}{more}", str(seconds)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HERE)
        self.seconds = seconds

    def seen(self) -> dict:
        """Waits for the end; what was seen, once it was checked."""
        out, err = self.process.communicate(timeout=self.seconds + 60)
        assert out, f"no answer: {err[-400:]}"
        seen = json.loads(out)
        assert seen["ok"], f"{seen.get('why')} {seen['errors']}"
        advanced = seen["to"] - seen["from"]
        assert advanced >= 0.9 * self.seconds, f"advanced by {advanced:.1f} s in {self.seconds} s"
        assert seen["longestStill"] <= 1000, f"stood still for {seen['longestStill']:.0f} ms"
        assert seen["pictures"] >= self.seconds, f"only {seen['pictures']} different pictures"
        assert not seen["errors"], f"errors: {seen['errors']}"
        return seen


class Levels:
    """Chromium on the page of a pass-through channel, from the smallest rung to the largest."""

    def __init__(self, base: str, kind: str, rungs: int, *shot: str):
        self.kind = kind
        command = ["node", os.path.join(HERE, "levels.mjs"), base, kind, str(rungs), *shot]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HERE)

    def seen(self) -> str:
        out, err = self.process.communicate(timeout=60)
        assert out, f"no answer: {err[-400:]}"
        seen = json.loads(out)
        assert seen["ok"], f"{self.kind}: {seen.get('why')} {seen['errors']}"
        assert seen["stalls"] == 0, f"{self.kind}: {seen['stalls']} stalls"
        assert seen["played"] >= 0.85 * seen["took"], f"{self.kind}: {seen['played']:.1f} s played in {seen['took']:.1f} s"
        assert seen["source"] == "The contribution" and not seen["errors"], f"{self.kind}: {seen['source']}, {seen['errors']}"
        return f"{self.kind} {'p, '.join(map(str, seen['shown']))}p, {seen['played']:.1f} s played in {seen['took']:.1f} s"


class Script:
    """A script for Chromium, at work on the page."""

    def __init__(self, name: str, url: str, *more: str):
        self.process = subprocess.Popen(["node", name, url, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HERE)

    def seen(self, seconds: int) -> dict:
        """What it says of the page, once it was checked that nothing failed."""
        out, err = self.process.communicate(timeout=seconds)
        assert out, f"no answer: {err[-400:]}"
        seen = json.loads(out)
        assert seen["ok"], seen["why"]
        return seen


def script(name: str, url: str, seconds: int, *more: str) -> dict:
    return Script(name, url, *more).seen(seconds)


def told(seen: dict) -> str:
    return (
        f"{seen['to'] - seen['from']:.1f} s played, {seen['frames']} frames, {seen['dropped']} dropped, "
        f"{seen['pictures']} different pictures, longest still {seen['longestStill']:.0f} ms, {seen['size']}, "
        f"latency {seen['latency']:.1f} s"
    )


class Decode:
    """ffmpeg that plays the smallest rung and the sound, for so many seconds, and decodes every frame."""

    def __init__(self, url: str, seconds: int):
        self.seconds = seconds
        command = ["ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "info", "-i", url, "-t", str(seconds)]
        # HLS lists the smallest rung last, and DASH too.
        command += ["-map", "0:v:6", "-map", "0:a:0", "-f", "null", "-"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def frames(self) -> int:
        """Waits for the end; the number of pictures, once it was checked."""
        said, _ = self.process.communicate(timeout=self.seconds + 40)
        assert self.process.returncode == 0, f"exit code {self.process.returncode}: {said[-400:]}"
        complaints = [line for line in said.splitlines() if BAD.search(line)]
        assert not complaints, f"ffmpeg complains: {complaints[:3]}"
        counts = re.findall(r"frame=\s*(\d+)", said)
        frames = int(counts[-1]) if counts else 0
        assert frames >= self.seconds * 30 * 0.98, f"only {frames} frames in {self.seconds} s"
        return frames


BAD = re.compile(r"\berror\b|corrupt|invalid|failed|non-monoton|missing|conceal", re.IGNORECASE)
