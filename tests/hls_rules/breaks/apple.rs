//! Apple's own rules broken.

use super::{
    Break,
    good::{I_FRAMES, MULTIVARIANT},
    one,
};

const LIVE: &[(&str, &str)] = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n\
#EXTINF:4.0,\na.ts\n",
)];

pub const BREAKS: &[Break] = &[
    one("apple.average-bandwidth", MULTIVARIANT, &[("playlist", "AVERAGE-BANDWIDTH=900000,", "")]),
    one("apple.frame-rate", MULTIVARIANT, &[("playlist", "FRAME-RATE=29.97,", "")]),
    one("apple.live-date-time", LIVE, &[("playlist", "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n", "")]),
    one("apple.vod-ended", I_FRAMES, &[("playlist", "#EXT-X-ENDLIST\n", "")]).also(&["control.can-block-reload"]),
];
