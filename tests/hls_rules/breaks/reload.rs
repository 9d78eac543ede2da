//! A playlist that is not what its predecessor was.

use super::{
    Break,
    good::{AGAIN, LOW_AGAIN, TWICE},
    reload,
};

pub const BREAKS: &[Break] = &[
    reload("reload.head", AGAIN, &[("after", "VERSION:7", "VERSION:8")]),
    reload("reload.head", AGAIN, &[("after", "#EXT-X-INDEPENDENT-SEGMENTS\n", "")]),
    reload("reload.type", AGAIN, &[("after", "#EXT-X-INDEP", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEP")]),
    reload(
        "reload.type",
        AGAIN,
        &[
            ("before", "s13.m4s\n", "s13.m4s\n#EXT-X-ENDLIST\n"),
            ("after", "s14.m4s\n", "s14.m4s\n#EXT-X-ENDLIST\n"),
            ("after", "#EXT-X-INDEP", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEP"),
        ],
    )
    .also(&["reload.ended"]),
    reload(
        "reload.type",
        AGAIN,
        &[
            ("before", "#EXT-X-INDEP", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEP"),
            ("before", "s13.m4s\n", "s13.m4s\n#EXT-X-ENDLIST\n"),
        ],
    )
    .also(&["reload.ended"]),
    reload("reload.type", AGAIN, &[("after", "#EXT-X-INDEP", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEP")])
        .also(&["apple.vod-ended"]),
    reload("reload.target-duration", AGAIN, &[("before", "TARGETDURATION:4", "TARGETDURATION:5")]),
    reload("reload.segment", AGAIN, &[("after", "s13", "t13")]),
    reload("reload.segment", AGAIN, &[("after", "4.000,\ns13", "4.001,\ns13")]),
    reload("reload.segment", AGAIN, &[("after", "i.mp4", "j.mp4")]),
    reload("reload.segment", AGAIN, &[("after", "#EXTINF:4.000,\ns13", "#EXT-X-GAP\n#EXTINF:4.000,\ns13")]),
    reload("reload.media-sequence", TWICE, &[("before", "SEQUENCE:10", "SEQUENCE:20")]),
    reload("reload.end", TWICE, &[("after", "#EXTINF:4.000,\ns13.m4s\n", "")]),
    reload("reload.discontinuity", AGAIN, &[("after", "DISCONTINUITY-SEQUENCE:3", "DISCONTINUITY-SEQUENCE:2")]),
    reload("reload.discontinuity", TWICE, &[("before", "#EXT-X-DISCONTINUITY\n", "")]).also(&["date-time.steady"]),
    reload(
        "reload.discontinuity-sequence",
        AGAIN,
        &[
            ("after", "MEDIA-SEQUENCE:12", "MEDIA-SEQUENCE:20"),
            ("after", "DISCONTINUITY-SEQUENCE:3", "DISCONTINUITY-SEQUENCE:1"),
        ],
    ),
    reload("reload.window", AGAIN, &[("after", "#EXTINF:4.000,\ns14.m4s\n", "")]),
    reload("reload.date-time", AGAIN, &[("after", "08:01:04.000Z", "08:01:04.100Z")]),
    reload("reload.date-range", AGAIN, &[("after", "PLANNED-DURATION=8.0", "PLANNED-DURATION=8.5")]),
    reload("reload.ended", AGAIN, &[("before", "s13.m4s\n", "s13.m4s\n#EXT-X-ENDLIST\n")]),
    reload(
        "reload.vod",
        AGAIN,
        &[
            ("before", "#EXT-X-INDEP", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEP"),
            ("after", "#EXT-X-INDEP", "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEP"),
        ],
    )
    .also(&["apple.vod-ended"]),
    reload(
        "reload.event",
        AGAIN,
        &[
            ("before", "#EXT-X-INDEP", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEP"),
            ("after", "#EXT-X-INDEP", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEP"),
        ],
    ),
    reload("reload.parts", LOW_AGAIN, &[("after", "p28.1", "q28.1")]),
    reload(
        "reload.parts",
        LOW_AGAIN,
        &[("after", "#EXT-X-PART:DURATION=0.5,URI=\"p28.1.m4s\"\n#EXT-X-PART:DURATION=0.5,URI=\"p28.2.m4s\"\n", "")],
    ),
    reload("reload.skip", LOW_AGAIN, &[("after", "MEDIA-SEQUENCE:20", "MEDIA-SEQUENCE:40")]),
];
