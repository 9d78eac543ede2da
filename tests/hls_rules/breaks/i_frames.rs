//! Playlists of I-frames broken.

use super::{Break, good::MULTIVARIANT, one, set};

pub const BREAKS: &[Break] = &[
    one(
        "i-frames.codecs",
        MULTIVARIANT,
        &[("playlist", "BANDWIDTH=100000,CODECS=\"avc1.64001F\",", "BANDWIDTH=100000,")],
    ),
    one(
        "i-frames.codecs",
        MULTIVARIANT,
        &[("playlist", "BANDWIDTH=100000,CODECS=\"avc1.64001F\"", "BANDWIDTH=100000,CODECS=\"avc1.64001F,mp4a.40.2\"")],
    ),
    one("i-frames.resolution", MULTIVARIANT, &[("playlist", "RESOLUTION=1280x720,URI", "URI")]),
    set("set.i-frames", &[("i", "#EXT-X-I-FRAMES-ONLY\n", "")]),
    set("set.i-frames", &[("high", "#EXT-X-INDEP", "#EXT-X-I-FRAMES-ONLY\n#EXT-X-INDEP")]),
    set("set.i-frames-bandwidth", &[("facts", "i avc1.64001F 640x360 100000", "i avc1.64001F 640x360 600000")]),
    set("set.i-frames-codecs", &[("facts", "i avc1.64001F", "i avc1.640020")]),
    set("set.i-frames-resolution", &[("facts", "i avc1.64001F 640x360", "i avc1.64001F 640x352")]),
    set("set.i-frames-target-duration", &[("i", "TARGETDURATION:4", "TARGETDURATION:5")]),
    set("set.i-frames-discontinuity", &[("i", "DISCONTINUITY-SEQUENCE:2", "DISCONTINUITY-SEQUENCE:1")]),
    set("set.i-frames-discontinuity", &[("i", "#EXT-X-DISCONTINUITY\n", "")]).also(&["date-time.steady"]),
    set(
        "set.i-frames-date-time",
        &[
            ("i", "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n", ""),
            ("i", "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:01:00.000Z\n", ""),
        ],
    )
    .also(&["apple.live-date-time"]),
];
