//! Lines, tags and attribute lists broken.

use super::{
    Break,
    good::{LIVE, MULTIVARIANT},
    one,
};

pub const BREAKS: &[Break] = &[
    one("text.utf8", LIVE, &[("playlist", "#EXTM3U", "\u{FEFF}#EXTM3U")]),
    one("text.control", LIVE, &[("playlist", "a title", "a\ttitle")]),
    one("text.control", LIVE, &[("playlist", "s10.m4s", "# a\rb\ns10.m4s")]),
    one("text.white-space", LIVE, &[("playlist", "s10.m4s", "s10.m4s ")]),
    one("text.white-space", LIVE, &[("playlist", "SEGMENTS", "SEGMENTS ")]),
    one("text.uri", LIVE, &[("playlist", "s10.m4s", "s10<>.m4s")]),
    one("text.uri", LIVE, &[("playlist", "URI=\"key\"", "URI=\"\"")]),
    one("text.extm3u", LIVE, &[("playlist", "#EXTM3U\n", "")]),
    one("text.extm3u", LIVE, &[("playlist", "#EXTM3U\n", "\n#EXTM3U\n")]),
    one(
        "tag.mixed",
        LIVE,
        &[("playlist", "#EXT-X-START", "#EXT-X-SESSION-DATA:DATA-ID=\"a\",VALUE=\"b\"\n#EXT-X-START")],
    ),
    one("tag.once", LIVE, &[("playlist", "#EXT-X-START", "#EXT-X-TARGETDURATION:4\n#EXT-X-START")]),
    one("tag.once", MULTIVARIANT, &[("playlist", "#EXT-X-DEFINE", "#EXT-X-VERSION:12\n#EXT-X-DEFINE")]),
    one("tag.value", LIVE, &[("playlist", "SEQUENCE:10", "SEQUENCE:10.5")]),
    one("tag.value", LIVE, &[("playlist", "EXTINF:4.000,\ns10", "EXTINF:4.000\ns10")]),
    one("tag.value", LIVE, &[("playlist", "EXTINF:4.000,\ns10", "EXTINF:-4.000,\ns10")]).also(&["start.offset"]),
    one("tag.value", LIVE, &[("playlist", "#EXT-X-GAP", "#EXT-X-GAP:YES")]),
    one("tag.value", LIVE, &[("playlist", "#EXT-X-START", "#EXT-X-PLAYLIST-TYPE:LIVE\n#EXT-X-START")]),
    one("tag.date", LIVE, &[("playlist", "08:01:04.000Z", "08:01:04.000")]),
    one("attribute.syntax", LIVE, &[("playlist", "URI=\"key\",IV", "URI=\"key\", IV")]).also(&["key.uri"]),
    one("attribute.syntax", LIVE, &[("playlist", "BYTERANGE=\"100@0\"", "BYTERANGE=\"100@0")]),
    one("attribute.twice", LIVE, &[("playlist", "ID=\"n\"", "ID=\"n\",ID=\"n\"")]),
    one("attribute.type", LIVE, &[("playlist", "PLANNED-DURATION=8.0", "PLANNED-DURATION=\"8.0\"")]),
    one("attribute.type", LIVE, &[("playlist", "IV=0x0123456789A", "IV=0x0123456789a")]),
    one("attribute.type", MULTIVARIANT, &[("playlist", "RESOLUTION=1280x720", "RESOLUTION=1280X720")]),
    one("attribute.type", MULTIVARIANT, &[("playlist", "DEFAULT=YES", "DEFAULT=TRUE")]).also(&["group.alike"]),
    one("attribute.type", MULTIVARIANT, &[("playlist", "CHANNELS=\"2\"", "CHANNELS=2")]),
    one("attribute.required", LIVE, &[("playlist", "URI=\"i.mp4\",BYTERANGE", "BYTERANGE")]),
    one(
        "attribute.required",
        MULTIVARIANT,
        &[("playlist", "BANDWIDTH=1000000,AVERAGE-BANDWIDTH=900000", "AVERAGE-BANDWIDTH=900000")],
    ),
];
