//! Multivariant playlists broken: variants, renditions, captions, data, keys, variables.

use super::{Break, good::MULTIVARIANT, one};

/// An edit of that playlist.
const fn broken(rule: &'static str, edits: &'static [super::Edit]) -> Break {
    one(rule, MULTIVARIANT, edits)
}

pub const BREAKS: &[Break] = &[
    broken("variant.uri", &[("playlist", "\nvideo.m3u8\n", "\n")]),
    broken("variant.uri", &[("playlist", "#EXT-X-I-FRAME", "other.m3u8\n#EXT-X-I-FRAME")]),
    one(
        "variant.present",
        &[(
            "playlist",
            "#EXTM3U\n#EXT-X-SESSION-DATA:DATA-ID=\"a\",VALUE=\"b\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,\
AVERAGE-BANDWIDTH=1,CODECS=\"mp4a.40.2\"\na.m3u8\n",
        )],
        &[("playlist", "#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=1,CODECS=\"mp4a.40.2\"\na.m3u8\n", "")],
    ),
    broken("variant.average", &[("playlist", "AVERAGE-BANDWIDTH=900000", "AVERAGE-BANDWIDTH=1000001")]),
    broken("variant.codecs", &[("playlist", "CODECS=\"avc1.64001F,ac-3,stpp.ttml.im1t\",", "")]),
    broken("variant.codecs-form", &[("playlist", "avc1.64001F,ac-3", "avc1.100.31,ac-3")]),
    broken("variant.codecs-form", &[("playlist", "stpp.ttml.im1t", "stpp.ttml.im1t,stpp.ttml.im1t")]),
    broken("variant.codecs-form", &[("playlist", "stpp.ttml.im1t", "ttml")]),
    broken("variant.codecs-complete", &[("playlist", "avc1.64001F,ac-3,stpp", "avc1.64001F,stpp")]),
    broken("variant.codecs-complete", &[("playlist", "avc1.64001F,ac-3,stpp", "ac-3,stpp")]),
    broken("variant.resolution", &[("playlist", "RESOLUTION=1280x720,", "")]),
    broken("variant.frame-rate", &[("playlist", "FRAME-RATE=29.97,AUDIO", "FRAME-RATE=29.9701,AUDIO")]),
    broken("variant.group", &[("playlist", "AUDIO=\"ac3\",SUB", "AUDIO=\"dts\",SUB")]).also(&["group.used"]),
    broken("variant.group", &[("playlist", "SUBTITLES=\"sub\"", "SUBTITLES=\"cc\"")]),
    broken("variant.score", &[("playlist", "SCORE=2.0,", "")]),
    broken("variant.stable-id", &[("playlist", "STABLE-VARIANT-ID=\"v1\"", "STABLE-VARIANT-ID=\"v 1\"")]),
    broken("i-frames.attributes", &[("playlist", "URI=\"i.m3u8\"", "URI=\"i.m3u8\",AUDIO=\"aac\"")]),
    broken("rendition.uri", &[("playlist", "INSTREAM-ID=\"CC1\"", "INSTREAM-ID=\"CC1\",URI=\"cc.m3u8\"")]),
    broken("rendition.uri", &[("playlist", ",URI=\"sub.m3u8\"", "")]),
    broken(
        "rendition.default",
        &[
            ("playlist", "DEFAULT=YES,AUTOSELECT=YES", "DEFAULT=YES,AUTOSELECT=NO"),
            ("playlist", "DEFAULT=YES,AUTOSELECT=YES", "DEFAULT=YES,AUTOSELECT=NO"),
        ],
    ),
    broken("rendition.forced", &[("playlist", "NAME=\"CC1\"", "NAME=\"CC1\",FORCED=NO")]),
    broken(
        "rendition.language",
        &[(
            "playlist",
            "NAME=\"English\",LANGUAGE=\"en\",AUTOSELECT",
            "NAME=\"English\",LANGUAGE=\"English tongue\",AUTOSELECT",
        )],
    ),
    broken("rendition.language", &[("playlist", "NAME=\"CC1\"", "NAME=\"CC1\",LANGUAGE=\"e\"")]),
    broken("rendition.channels", &[("playlist", "CHANNELS=\"6\",", "")]),
    broken("rendition.channels-form", &[("playlist", "CHANNELS=\"6\"", "CHANNELS=\"5.1\"")]),
    broken("group.names", &[("playlist", "NAME=\"S1\"", "NAME=\"CC1\"")]),
    broken(
        "group.default",
        &[
            ("playlist", "NAME=\"CC1\"", "NAME=\"CC1\",DEFAULT=YES"),
            ("playlist", "NAME=\"S1\"", "NAME=\"S1\",DEFAULT=YES"),
        ],
    ),
    broken("group.autoselect", &[("playlist", "NAME=\"S1\"", "NAME=\"S1\",AUTOSELECT=YES")]),
    broken("group.alike", &[("playlist", "fr-CA", "fr")]),
    broken(
        "group.alike",
        &[(
            "playlist",
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"ac3\",NAME=\"French\",LANGUAGE=\"fr-CA\",AUTOSELECT=YES,CHANNELS=\"6\",URI=\"fr6.m3u8\"\n",
            "",
        )],
    ),
    broken("group.used", &[("playlist", ",CLOSED-CAPTIONS=\"cc\"", ""), ("playlist", ",CLOSED-CAPTIONS=\"cc\"", "")]),
    broken("captions.instream-id", &[("playlist", ",INSTREAM-ID=\"CC1\"", "")]),
    broken("captions.instream-id", &[("playlist", "FORCED=NO", "INSTREAM-ID=\"CC2\"")]),
    broken("captions.instream-id-form", &[("playlist", "SERVICE1", "SERVICE64")]),
    broken("captions.instream-id-form", &[("playlist", "ID=\"CC1\"", "ID=\"CC5\"")]),
    broken("captions.none", &[("playlist", "CLOSED-CAPTIONS=\"cc\"", "CLOSED-CAPTIONS=NONE")]),
    broken("session-data.value", &[("playlist", "VALUE=\"A\"", "VALUE=\"A\",URI=\"a\"")]),
    broken("session-data.value", &[("playlist", "VALUE=\"A\",", "")]),
    broken("session-data.unique", &[("playlist", "VALUE=\"Un\",LANGUAGE=\"fr\"", "VALUE=\"Un\",LANGUAGE=\"en\"")]),
    broken("session-key.method", &[("playlist", "METHOD=AES-128,URI=\"key2\"", "METHOD=NONE")]),
    broken("session-key.unique", &[("playlist", "key2", "key1")]),
    broken("define.one", &[("playlist", "QUERYPARAM=\"token\"", "QUERYPARAM=\"token\",IMPORT=\"token\"")]),
    broken("define.one", &[("playlist", "NAME=\"where\",VALUE=\"a\"", "NAME=\"where\"")]),
    broken("define.known", &[("playlist", "{$where}", "{$there}")]),
];
