//! Versions that are too low for what they have, by one.

use super::{Break, one};

type Files = &'static [(&'static str, &'static str)];

const IV: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:2\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\",IV=0x01\n\
#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n#EXTINF:4,\na.ts\n",
)];
const PLAIN: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n\
#EXTINF:4.0,\na.ts\n",
)];
const RANGE: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:4\n#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n\
#EXTINF:4,\n#EXT-X-BYTERANGE:10@0\na.ts\n",
)];
const I_FRAMES: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:4\n#EXT-X-I-FRAMES-ONLY\n\
#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n#EXTINF:4,\na.ts\n",
)];
const KEYS: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=AES-128,URI=\"key\",KEYFORMAT=\"a\"\n\
#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n#EXTINF:4,\na.ts\n",
)];
const SAMPLES: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"key\"\n\
#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n#EXTINF:4,\na.ts\n",
)];
const MAP: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"i.mp4\"\n\
#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n#EXTINF:4,\na.m4s\n",
)];
const MAP_OF_I_FRAMES: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:4\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"i.mp4\"\n\
#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n#EXTINF:4,\na.m4s\n",
)];
const SERVICE: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"S\",INSTREAM-ID=\"SERVICE1\"\n\
#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS=\"mp4a.40.2\",CLOSED-CAPTIONS=\"c\"\na.m3u8\n",
)];
const VARIABLES: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n\
#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS=\"mp4a.40.2\"\n{$a}.m3u8\n",
)];
const SKIP: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=24.0\n\
#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n\
#EXTINF:4,\nc.ts\n#EXTINF:4,\nd.ts\n#EXTINF:4,\ne.ts\n#EXTINF:4,\nf.ts\n",
)];
const SKIP_RANGES: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:10\n#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=24.0,CAN-SKIP-DATERANGES=YES\n\
#EXT-X-SKIP:SKIPPED-SEGMENTS=1,RECENTLY-REMOVED-DATERANGES=\"a\"\n#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n\
#EXTINF:4,\na.ts\n#EXTINF:4,\nb.ts\n#EXTINF:4,\nc.ts\n#EXTINF:4,\nd.ts\n#EXTINF:4,\ne.ts\n#EXTINF:4,\nf.ts\n",
)];
const QUERY: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:11\n#EXT-X-DEFINE:QUERYPARAM=\"a\"\n\
#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS=\"mp4a.40.2\"\n{$a}.m3u8\n",
)];
const REQUIRED: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:12\n\
#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS=\"mp4a.40.2\",REQ-VIDEO-LAYOUT=\"CH-MONO\"\na.m3u8\n",
)];
const CACHE: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:4\n#EXT-X-ALLOW-CACHE:NO\n\
#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00.000Z\n#EXTINF:4,\na.ts\n",
)];
const PROGRAM: Files = &[(
    "playlist",
    "#EXTM3U\n#EXT-X-VERSION:5\n\
#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS=\"mp4a.40.2\",PROGRAM-ID=1\na.m3u8\n",
)];

pub const BREAKS: &[Break] = &[
    one("version.iv", IV, &[("playlist", "VERSION:2", "VERSION:1")]),
    one("version.iv", IV, &[("playlist", "#EXT-X-VERSION:2\n", "")]),
    one("version.decimal", PLAIN, &[("playlist", "VERSION:3", "VERSION:2")]),
    one("version.byte-range", RANGE, &[("playlist", "VERSION:4", "VERSION:3")]),
    one("version.i-frames-only", I_FRAMES, &[("playlist", "VERSION:4", "VERSION:3")]),
    one("version.key-format", KEYS, &[("playlist", "VERSION:5", "VERSION:4")]),
    one("version.sample-aes", SAMPLES, &[("playlist", "VERSION:5", "VERSION:4")]),
    one("version.map", MAP, &[("playlist", "VERSION:6", "VERSION:5")]),
    one("version.map", MAP_OF_I_FRAMES, &[("playlist", "VERSION:5", "VERSION:4")]),
    one("version.service", SERVICE, &[("playlist", "VERSION:7", "VERSION:6")]),
    one("version.variables", VARIABLES, &[("playlist", "VERSION:8", "VERSION:7")]),
    one("version.skip", SKIP, &[("playlist", "VERSION:9", "VERSION:8")]),
    one("version.skip-date-ranges", SKIP_RANGES, &[("playlist", "VERSION:10", "VERSION:9")]),
    one("version.query-parameter", QUERY, &[("playlist", "VERSION:11", "VERSION:10")]),
    one("version.required-attribute", REQUIRED, &[("playlist", "VERSION:12", "VERSION:11")]),
    one("version.removed", CACHE, &[("playlist", "VERSION:6", "VERSION:7")]),
    one("version.removed", PROGRAM, &[("playlist", "VERSION:5", "VERSION:6")]),
];
