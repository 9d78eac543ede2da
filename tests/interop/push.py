"""Encoders that push: ffmpeg and GStreamer, each by RTMP, by RTP and by plain UDP."""

import shlex
import subprocess

WIDTH, HEIGHT, RATE = 1280, 720, 30

FFMPEG = (
    f"ffmpeg -hide_banner -nostdin -loglevel warning -re -f lavfi -i testsrc2=size={WIDTH}x{HEIGHT}:rate={RATE} "
    f"-re -f lavfi -i sine=frequency=440:sample_rate=48000 -c:v libx264 -preset ultrafast -tune zerolatency "
    f"-pix_fmt yuv420p -b:v 3M -maxrate 3M -bufsize 3M -g {RATE} -c:a aac -b:a 128k -ac 2 "
)

GSTREAMER = (
    "gst-launch-1.0 -q videotestsrc is-live=true pattern=ball "
    f"! video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={RATE}/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
    f"bitrate=3000 key-int-max={RATE} ! h264parse ! queue ! mux. "
    "audiotestsrc is-live=true wave=sine ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! queue ! mux. "
)


def command(tool: str, protocol: str, ingest: dict) -> list[str]:
    """The encoder's command line for the URL that the API gives."""
    url = ingest[protocol]
    host, port = url.split("//")[1].split("/")[0].rsplit(":", 1)
    if tool == "ffmpeg":
        output = {"rtmp": f"-f flv {url}", "rtp": f"-f rtp_mpegts {url}", "udp": f"-f mpegts {url}?pkt_size=1316"}
        return shlex.split(FFMPEG + output[protocol])
    output = {
        "rtmp": f"flvmux name=mux streamable=true ! rtmp2sink location={url}",
        "rtp": f"mpegtsmux name=mux alignment=7 ! rtpmp2tpay ! udpsink host={host} port={port} sync=false",
        "udp": f"mpegtsmux name=mux alignment=7 ! udpsink host={host} port={port} sync=false",
    }
    return shlex.split(GSTREAMER + output[protocol])


class Push:
    """An encoder at work, for as long as the `with` lasts."""

    def __init__(self, tool: str, protocol: str, ingest: dict):
        self.command = command(tool, protocol, ingest)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.said = self.process.communicate()[0].strip()

    def check_alive(self):
        assert self.process.poll() is None, f"the encoder ended: {self.process.communicate()[0].strip()[-400:]}"
