//! Low latency broken.

use super::{
    Break,
    good::{DELTA, LOW},
    one,
};

pub const BREAKS: &[Break] = &[
    one("control.hold-back", LOW, &[("playlist", ",HOLD-BACK=6.0", ",HOLD-BACK=5.9")]),
    one("control.part-hold-back", LOW, &[("playlist", ",PART-HOLD-BACK=1.5", "")]),
    one("control.part-hold-back", LOW, &[("playlist", "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=0.9")]),
    one("control.part-hold-back-wide", LOW, &[("playlist", "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.2")]),
    one("control.can-skip-until", LOW, &[("playlist", "UNTIL=12.0", "UNTIL=11.9")]),
    one("control.can-skip-date-ranges", LOW, &[("playlist", "CAN-SKIP-UNTIL=12.0,", "")]),
    one("control.can-block-reload", LOW, &[("playlist", "CAN-BLOCK-RELOAD=YES,", "")]),
    one("part-inf.present", LOW, &[("playlist", "#EXT-X-PART-INF:PART-TARGET=0.5\n", "")]),
    one(
        "part.target",
        LOW,
        &[
            ("playlist", "#EXT-X-PART:DURATION=0.3", "#EXT-X-PART:DURATION=0.6"),
            ("playlist", "EXTINF:1.8", "EXTINF:2.1"),
        ],
    ),
    one(
        "part.short",
        LOW,
        &[
            ("playlist", "DURATION=0.5,URI=\"p27.1", "DURATION=0.4,URI=\"p27.1"),
            ("playlist", "EXTINF:1.8", "EXTINF:1.7"),
        ],
    ),
    one("part.short", LOW, &[("playlist", "DURATION=0.5,URI=\"p28.1", "DURATION=0.4,URI=\"p28.1")]),
    one("part.sum", LOW, &[("playlist", "EXTINF:1.8", "EXTINF:2.0")]),
    one(
        "part.old",
        LOW,
        &[("playlist", "#EXTINF:2.0,\ns23", "#EXT-X-PART:DURATION=0.5,URI=\"p23\"\n#EXTINF:0.5,\ns23")],
    ),
    one("part.range", LOW, &[("playlist", "100@0", "100-199")]),
    one(
        "hint.once",
        LOW,
        &[("playlist", "#EXT-X-RENDITION", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p28.3.m4s\"\n#EXT-X-RENDITION")],
    ),
    one("hint.new", LOW, &[("playlist", "PART,URI=\"p28.2", "PART,URI=\"p28.1")]),
    one("hint.ended", LOW, &[("playlist", "#EXT-X-RENDITION", "#EXT-X-ENDLIST\n#EXT-X-RENDITION")]),
    one("report.relative", LOW, &[("playlist", "../audio", "https://example.com/audio")]),
    one("report.part", LOW, &[("playlist", ",LAST-PART=1", "")]),
    one("skip.control", DELTA, &[("playlist", "CAN-SKIP-UNTIL=12.0,CAN-SKIP-DATERANGES=YES,", "")]),
    one("skip.control", DELTA, &[("playlist", "CAN-SKIP-DATERANGES=YES,", "")]),
    one(
        "skip.boundary",
        DELTA,
        &[("playlist", "SEGMENTS=2", "SEGMENTS=3"), ("playlist", "#EXTINF:2.0,\ns22.m4s\n", "")],
    ),
];
