//! Date ranges broken.

use super::{Break, good::LIVE, one};

/// Both dates of segments away.
const NO_DATES: &[super::Edit] = &[
    ("playlist", "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n", ""),
    ("playlist", "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:01:00.000Z\n", ""),
    ("playlist", "#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:01:04.000Z\n", ""),
];

pub const BREAKS: &[Break] = &[
    one("date-range.date-time", LIVE, NO_DATES),
    one("date-range.start", LIVE, &[("playlist", "START-DATE=\"2027-01-15T08:00:04.000Z\",PLANNED", "PLANNED")]),
    one("date-range.dates", LIVE, &[("playlist", "08:00:12.000Z\",DUR", "8 o'clock\",DUR")]),
    one("date-range.end", LIVE, &[("playlist", "08:00:12.000Z", "08:00:03.000Z")]),
    one("date-range.duration", LIVE, &[("playlist", "\",DURATION=8.0", "\",DURATION=8.1")]),
    one("date-range.end-on-next", LIVE, &[("playlist", "CLASS=\"d\",", "")]),
    one("date-range.end-on-next", LIVE, &[("playlist", "END-ON-NEXT=YES", "END-ON-NEXT=YES,DURATION=1.0")]),
    one("date-range.overlap", LIVE, &[("playlist", "08:00:05.000Z", "08:00:04.000Z")]),
    one("date-range.same", LIVE, &[("playlist", "ID=\"a\",END", "ID=\"a\",CLASS=\"d\",END")]),
    one("date-range.client-attribute", LIVE, &[("playlist", "X-WHY", "WHY")]),
    one("date-range.section", LIVE, &[("playlist", "0xFC30", "0xFB30")]),
    one("date-range.section", LIVE, &[("playlist", "7096CDDD", "7096CD")]),
];
