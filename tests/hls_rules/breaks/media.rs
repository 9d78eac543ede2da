//! Media playlists broken: their heads and their segments.

use super::{
    Break,
    good::{I_FRAMES, LIVE},
    one,
};

pub const BREAKS: &[Break] = &[
    one("target-duration.present", LIVE, &[("playlist", "#EXT-X-TARGETDURATION:4\n", "")]),
    one("target-duration.bound", LIVE, &[("playlist", "4.000,\ns13", "4.500,\ns13")]),
    one(
        "media-sequence.place",
        LIVE,
        &[
            ("playlist", "#EXT-X-MEDIA-SEQUENCE:10\n", ""),
            ("playlist", "s10.m4s\n", "s10.m4s\n#EXT-X-MEDIA-SEQUENCE:10\n"),
        ],
    ),
    one(
        "discontinuity-sequence.place",
        LIVE,
        &[("playlist", "#EXT-X-DISCONTINUITY-SEQUENCE:2\n", "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n")],
    ),
    one("segment.dangling", LIVE, &[("playlist", "s13.m4s\n", "s13.m4s\n#EXTINF:4.000,\n")]),
    one("start.offset", LIVE, &[("playlist", "TIME-OFFSET=-13.0", "TIME-OFFSET=-17.0")]),
    one("start.offset", LIVE, &[("playlist", "TIME-OFFSET=-13.0", "TIME-OFFSET=-11.0")]),
    one("start.offset", LIVE, &[("playlist", "TIME-OFFSET=-13.0", "TIME-OFFSET=5.0")]),
    one(
        "i-frames-only.parts",
        I_FRAMES,
        &[(
            "playlist",
            "#EXTINF:4.000,\n#EXT-X-BYTERANGE:200",
            "#EXT-X-PART:DURATION=0.5,URI=\"p\"\n#EXTINF:0.500,\n#EXT-X-BYTERANGE:200",
        )],
    ),
    one(
        "segment.duration",
        LIVE,
        &[("playlist", "#EXTINF:4.000,a title\n", ""), ("playlist", "#EXT-X-START:TIME-OFFSET=-13.0\n", "")],
    ),
    one("byte-range.offset", I_FRAMES, &[("playlist", "BYTERANGE:100@10", "BYTERANGE:100")]),
    one("byte-range.offset", I_FRAMES, &[("playlist", "BYTERANGE:200\nall", "BYTERANGE:200\nother")]),
    one("key.uri", LIVE, &[("playlist", "URI=\"key\",", "")]),
    one("key.none", LIVE, &[("playlist", "METHOD=AES-128,URI=\"key\",", "METHOD=NONE,")]),
    one("key.iv", LIVE, &[("playlist", "IV=0x01", "IV=0x0001")]),
    one("key.format-versions", LIVE, &[("playlist", "\"1/2\"", "\"1,2\"")]),
    one("map.iv", LIVE, &[("playlist", "IV=0x0123456789ABCDEF0123456789ABCDEF,", "")]),
    one("map.byte-range", LIVE, &[("playlist", "100@0", "100@")]),
    one("map.fragmented", LIVE, &[("playlist", "#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"100@0\"\n", "")]),
    one("discontinuity.format", LIVE, &[("playlist", "s13.m4s", "s13.ts")]),
    one("date-time.steady", LIVE, &[("playlist", "08:01:04.000Z", "08:01:04.100Z")]),
];
