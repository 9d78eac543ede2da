//! Playlists that do not go together.

use super::{Break, set};

pub const BREAKS: &[Break] = &[
    set("set.media", &[("multivariant", "URI=\"i\"", "URI=\"j\"")]),
    set("set.target-duration", &[("fr", "TARGETDURATION:4", "TARGETDURATION:5")]),
    set("set.discontinuity", &[("fr", "DISCONTINUITY-SEQUENCE:2", "DISCONTINUITY-SEQUENCE:1")]),
    set("set.discontinuity", &[("high", "#EXT-X-DISCONTINUITY\n", "")]).also(&["date-time.steady"]),
    set(
        "set.date-time",
        &[
            ("fr", "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n", ""),
            ("fr", "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:01:00.000Z\n", ""),
            ("fr", "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2027-01-15T08:00:04.000Z\",PLANNED-DURATION=8.0\n", ""),
        ],
    )
    .also(&["apple.live-date-time"]),
    set("set.type", &[("fr", "#EXT-X-INDEP", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEP")]),
    set("set.type", &[("i", "#EXT-X-I-FRAMES", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-I-FRAMES")]),
    set("set.date-range", &[("fr", "PLANNED-DURATION=8.0", "PLANNED-DURATION=9.0")]),
    set("set.report", &[("high", "#EXT-X-INDEP", "#EXT-X-RENDITION-REPORT:URI=\"../low\",LAST-MSN=12\n#EXT-X-INDEP")]),
    set("set.report", &[("high", "#EXT-X-INDEP", "#EXT-X-RENDITION-REPORT:URI=\"../lost\",LAST-MSN=13\n#EXT-X-INDEP")]),
    set("set.bandwidth", &[("facts", "fr mp4a.40.2 - 64000 64000", "fr mp4a.40.2 - 64000 70000")]),
    set("set.bandwidth", &[("facts", "1000000", "1000100")]),
    set("set.average-bandwidth", &[("multivariant", "AVERAGE-BANDWIDTH=940000", "AVERAGE-BANDWIDTH=840000")]),
    set("set.codecs", &[("facts", "fr mp4a.40.2", "fr mp4a.40.5")]),
    set("set.codecs", &[("facts", "low avc1.64001F", "low avc1.640020")]),
    set("set.resolution", &[("facts", "640x360", "640x352")]),
];
