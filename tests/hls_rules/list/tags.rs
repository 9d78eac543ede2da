//! Every tag of RFC 8216 clause 4.3 and of clause 4.4 of its successor: where it stands, what it has, whether it comes once.
//! To add a tag: a line here, its attributes below.

use super::attributes::Type::{self, *};

#[derive(Debug)]
pub struct Tag {
    pub name: &'static str,
    pub place: Place,
    pub form: Form,
    /// A playlist has at most one.
    pub is_once: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    Any,
    /// Tags of a media playlist and of what is in it.
    Media,
    /// Tags of one segment or of those that follow.
    Segment,
    Multivariant,
}

/// What stands behind the colon.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    Nothing,
    Integer,
    Word(&'static [&'static str]),
    Date,
    /// A duration, a comma, a title.
    Inf,
    /// A length and perhaps an offset.
    Range,
    List(&'static [Known]),
}

/// An attribute that a tag may have, or must.
#[derive(Debug)]
pub struct Known {
    pub name: &'static str,
    pub kind: Type,
    pub is_required: bool,
}

const fn once(name: &'static str, place: Place, form: Form) -> Tag {
    Tag { name, place, form, is_once: true }
}

const fn many(name: &'static str, place: Place, form: Form) -> Tag {
    Tag { name, place, form, is_once: false }
}

const fn must(name: &'static str, kind: Type) -> Known {
    Known { name, kind, is_required: true }
}

const fn may(name: &'static str, kind: Type) -> Known {
    Known { name, kind, is_required: false }
}

pub const TAGS: &[Tag] = &[
    once("EXTM3U", Place::Any, Form::Nothing),
    once("EXT-X-VERSION", Place::Any, Form::Integer),
    once("EXT-X-INDEPENDENT-SEGMENTS", Place::Any, Form::Nothing),
    once("EXT-X-START", Place::Any, Form::List(&[must("TIME-OFFSET", SignedFloat), may("PRECISE", YES_NO)])),
    many("EXT-X-DEFINE", Place::Any, Form::List(DEFINE)),
    once("EXT-X-TARGETDURATION", Place::Media, Form::Integer),
    once("EXT-X-MEDIA-SEQUENCE", Place::Media, Form::Integer),
    once("EXT-X-DISCONTINUITY-SEQUENCE", Place::Media, Form::Integer),
    once("EXT-X-ENDLIST", Place::Media, Form::Nothing),
    once("EXT-X-PLAYLIST-TYPE", Place::Media, Form::Word(&["EVENT", "VOD"])),
    once("EXT-X-I-FRAMES-ONLY", Place::Media, Form::Nothing),
    once("EXT-X-ALLOW-CACHE", Place::Media, Form::Word(&["YES", "NO"])),
    once("EXT-X-PART-INF", Place::Media, Form::List(&[must("PART-TARGET", Float)])),
    once("EXT-X-SERVER-CONTROL", Place::Media, Form::List(CONTROL)),
    many("EXTINF", Place::Segment, Form::Inf),
    many("EXT-X-BYTERANGE", Place::Segment, Form::Range),
    many("EXT-X-DISCONTINUITY", Place::Segment, Form::Nothing),
    many("EXT-X-KEY", Place::Segment, Form::List(KEY)),
    many("EXT-X-MAP", Place::Segment, Form::List(&[must("URI", Quoted), may("BYTERANGE", Quoted)])),
    many("EXT-X-PROGRAM-DATE-TIME", Place::Segment, Form::Date),
    many("EXT-X-GAP", Place::Segment, Form::Nothing),
    many("EXT-X-BITRATE", Place::Segment, Form::Integer),
    many("EXT-X-PART", Place::Segment, Form::List(PART)),
    many("EXT-X-DATERANGE", Place::Media, Form::List(DATE_RANGE)),
    once("EXT-X-SKIP", Place::Media, Form::List(SKIP)),
    many("EXT-X-PRELOAD-HINT", Place::Media, Form::List(HINT)),
    many("EXT-X-RENDITION-REPORT", Place::Media, Form::List(REPORT)),
    many("EXT-X-MEDIA", Place::Multivariant, Form::List(MEDIA)),
    many("EXT-X-STREAM-INF", Place::Multivariant, Form::List(STREAM)),
    many("EXT-X-I-FRAME-STREAM-INF", Place::Multivariant, Form::List(I_FRAMES)),
    many("EXT-X-SESSION-DATA", Place::Multivariant, Form::List(DATA)),
    many("EXT-X-SESSION-KEY", Place::Multivariant, Form::List(KEY)),
    once(
        "EXT-X-CONTENT-STEERING",
        Place::Multivariant,
        Form::List(&[must("SERVER-URI", Quoted), may("PATHWAY-ID", Quoted)]),
    ),
];

const YES_NO: Type = Word(&["YES", "NO"]);
const YES: Type = Word(&["YES"]);

const DEFINE: &[Known] = &[may("NAME", Quoted), may("VALUE", Quoted), may("IMPORT", Quoted), may("QUERYPARAM", Quoted)];

const CONTROL: &[Known] = &[
    may("CAN-SKIP-UNTIL", Float),
    may("CAN-SKIP-DATERANGES", YES),
    may("HOLD-BACK", Float),
    may("PART-HOLD-BACK", Float),
    may("CAN-BLOCK-RELOAD", YES),
];

const KEY: &[Known] = &[
    must("METHOD", Word(&["NONE", "AES-128", "SAMPLE-AES", "SAMPLE-AES-CTR"])),
    may("URI", Quoted),
    may("IV", Hex),
    may("KEYFORMAT", Quoted),
    may("KEYFORMATVERSIONS", Quoted),
];

const PART: &[Known] =
    &[must("URI", Quoted), must("DURATION", Float), may("INDEPENDENT", YES), may("BYTERANGE", Quoted), may("GAP", YES)];

const DATE_RANGE: &[Known] = &[
    must("ID", Quoted),
    may("CLASS", Quoted),
    may("START-DATE", Quoted),
    may("CUE", Quoted),
    may("END-DATE", Quoted),
    may("DURATION", Float),
    may("PLANNED-DURATION", Float),
    may("SCTE35-CMD", Hex),
    may("SCTE35-OUT", Hex),
    may("SCTE35-IN", Hex),
    may("END-ON-NEXT", YES),
];

const SKIP: &[Known] = &[must("SKIPPED-SEGMENTS", Integer), may("RECENTLY-REMOVED-DATERANGES", Quoted)];

const HINT: &[Known] = &[
    must("TYPE", Word(&["PART", "MAP"])),
    must("URI", Quoted),
    may("BYTERANGE-START", Integer),
    may("BYTERANGE-LENGTH", Integer),
];

/// Attributes of a report may be left out only where a server cannot tell: one of ours can.
const REPORT: &[Known] = &[must("URI", Quoted), must("LAST-MSN", Integer), may("LAST-PART", Integer)];

const MEDIA: &[Known] = &[
    must("TYPE", Word(&["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"])),
    may("URI", Quoted),
    must("GROUP-ID", Quoted),
    may("LANGUAGE", Quoted),
    may("ASSOC-LANGUAGE", Quoted),
    must("NAME", Quoted),
    may("STABLE-RENDITION-ID", Quoted),
    may("DEFAULT", YES_NO),
    may("AUTOSELECT", YES_NO),
    may("FORCED", YES_NO),
    may("INSTREAM-ID", Quoted),
    may("BIT-DEPTH", Integer),
    may("SAMPLE-RATE", Integer),
    may("CHARACTERISTICS", Quoted),
    may("CHANNELS", Quoted),
];

const LEVELS: Type = Word(&["TYPE-0", "TYPE-1", "NONE"]);
const RANGES: Type = Word(&["SDR", "HLG", "PQ"]);

const STREAM: &[Known] = &[
    must("BANDWIDTH", Integer),
    may("AVERAGE-BANDWIDTH", Integer),
    may("SCORE", Float),
    may("CODECS", Quoted),
    may("SUPPLEMENTAL-CODECS", Quoted),
    may("RESOLUTION", Resolution),
    may("FRAME-RATE", Float),
    may("HDCP-LEVEL", LEVELS),
    may("ALLOWED-CPC", Quoted),
    may("VIDEO-RANGE", RANGES),
    may("REQ-VIDEO-LAYOUT", Quoted),
    may("STABLE-VARIANT-ID", Quoted),
    may("AUDIO", Quoted),
    may("VIDEO", Quoted),
    may("SUBTITLES", Quoted),
    may("CLOSED-CAPTIONS", QuotedOr("NONE")),
    may("PATHWAY-ID", Quoted),
    may("PROGRAM-ID", Integer),
];

const I_FRAMES: &[Known] = &[
    must("BANDWIDTH", Integer),
    must("URI", Quoted),
    may("AVERAGE-BANDWIDTH", Integer),
    may("SCORE", Float),
    may("CODECS", Quoted),
    may("SUPPLEMENTAL-CODECS", Quoted),
    may("RESOLUTION", Resolution),
    may("HDCP-LEVEL", LEVELS),
    may("ALLOWED-CPC", Quoted),
    may("VIDEO-RANGE", RANGES),
    may("REQ-VIDEO-LAYOUT", Quoted),
    may("STABLE-VARIANT-ID", Quoted),
    may("VIDEO", Quoted),
    may("PATHWAY-ID", Quoted),
    may("PROGRAM-ID", Integer),
];

const DATA: &[Known] = &[
    must("DATA-ID", Quoted),
    may("VALUE", Quoted),
    may("URI", Quoted),
    may("FORMAT", Word(&["JSON", "RAW"])),
    may("LANGUAGE", Quoted),
];
