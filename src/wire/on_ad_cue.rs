//! The RTMP data message `onAdCue`: a break as an AMF0 object (Azure Media Services, "Signaling Timed Metadata in Live
//! Streaming", 2019-08-22, clauses 2.1.3, 2.1.4 and 2.1.6, after Adobe Primetime; SPECS d4).
//!
//! In the simple mode `cue` is `SpliceOut`; `SpliceIn` is taken for the way back. In the SCTE-35 mode `type` names the scheme
//! and `cue` is a whole `splice_info_section` in Base64. Members that are not named here are ignored, and so is a message of
//! another scheme. Times are seconds. To take one more scheme, add it to [`SCTE_35`].

use base64::{Engine, engine::general_purpose::STANDARD_PAD_INDIFFERENT};
use bytes::Bytes;

use super::amf0::{Reader, Value};
use crate::{
    error::{LimitError, ParseError, ParseErrorKind},
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime},
};

/// What an `onAdCue` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnAdCue {
    /// `id`, as it was sent: text of 1 to 256 bytes. Together with [`time`](Self::time) it names the event: the same two again
    /// repeat it, change it or cancel it.
    pub id: String,
    /// What is asked for.
    pub signal: AdSignal,
    /// `time`: when, on the clock of the stream's message time stamps, 0 s to 10^10 s. Not unwrapped, as those wrap.
    pub time: MediaTime,
    /// `duration`: how long the break is, at most a day. Zero where it is not known, or not stated; in the simple mode it cancels
    /// a break that had one.
    pub duration: MediaDuration,
    /// `elapsed`: how much of the break was over when this was sent, for who joins late; at most a day.
    pub elapsed: Option<MediaDuration>,
}

/// What an `onAdCue` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdSignal {
    /// A break begins (simple mode).
    SpliceOut,
    /// The break ends (simple mode).
    SpliceIn,
    /// What this `splice_info_section` says, at [`time`](OnAdCue::time). It is not parsed.
    Scte35(Bytes),
    /// A message of another scheme.
    Other,
}

impl OnAdCue {
    /// Reads the values of the message from its name on, as [`CueSignal::payload`](crate::media::CueSignal::payload) has them.
    ///
    /// # Errors
    /// What is wrong with it: no AMF0, a member that is missing, no number where there must be one (or one that is negative or
    /// no finite number), no Base64, over a ceiling.
    pub fn parse(payload: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(payload);
        if reader.value()?.as_ref().and_then(Value::as_str) != Some("onAdCue") {
            return Err(error(ParseErrorKind::Missing { what: "onAdCue" }));
        }
        while let Some(value) = reader.value()? {
            if matches!(value, Value::Object(_)) {
                return Self::read(&value).map_err(error);
            }
        }
        Err(error(ParseErrorKind::Missing { what: "onAdCue object" }))
    }

    fn read(fields: &Value<'_>) -> Result<Self, ParseErrorKind> {
        let kind = fields.member("type").and_then(Value::as_str);
        let cue = fields.member("cue").ok_or(ParseErrorKind::Missing { what: "onAdCue cue" })?;
        let cue = cue.as_str().ok_or(ParseErrorKind::Malformed { what: "onAdCue cue" })?;
        let signal = match kind {
            Some(kind) if SCTE_35.iter().any(|known| kind.eq_ignore_ascii_case(known)) => {
                AdSignal::Scte35(section(cue)?)
            }
            _ if cue.eq_ignore_ascii_case("SpliceOut") => AdSignal::SpliceOut,
            _ if cue.eq_ignore_ascii_case("SpliceIn") => AdSignal::SpliceIn,
            Some(_) => AdSignal::Other,
            None => return Err(ParseErrorKind::Malformed { what: "onAdCue cue" }),
        };
        let time = seconds(fields, ("time", "onAdCue time"), MAX_TIME)?;
        let time = time.ok_or(ParseErrorKind::Missing { what: "onAdCue time" })?;
        let duration = seconds(fields, ("duration", "onAdCue duration"), A_DAY)?.unwrap_or(MediaDuration::ZERO);
        let elapsed = seconds(fields, ("elapsed", "onAdCue elapsed"), A_DAY)?;
        Ok(Self { id: id(fields)?, signal, time: MediaTime::ZERO.plus(time), duration, elapsed })
    }
}

/// A text, or a whole number.
fn id(fields: &Value<'_>) -> Result<String, ParseErrorKind> {
    let id = match fields.member("id") {
        None | Some(Value::Null) => return Err(ParseErrorKind::Missing { what: "onAdCue id" }),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) if number.fract() == 0.0 && number.abs() < 9e15 => format!("{number:.0}"),
        Some(_) => String::new(),
    };
    match id.len() {
        0 => Err(ParseErrorKind::Malformed { what: "onAdCue id" }),
        1..=MAX_ID => Ok(id),
        long => Err(LimitError { what: "onAdCue id", ceiling: MAX_ID as u64, asked: long as u64 }.into()),
    }
}

/// A number of seconds from 0 on, also as text; `None` where there is none.
fn seconds(
    fields: &Value<'_>,
    (name, what): (&str, &'static str),
    most: u64,
) -> Result<Option<MediaDuration>, ParseErrorKind> {
    let number = match fields.member(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => Some(*number),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    let is_time = |number: &f64| number.is_finite() && *number >= 0.0;
    let number = number.filter(is_time).ok_or(ParseErrorKind::Malformed { what })?;
    if number > most as f64 {
        return Err(LimitError { what, ceiling: most, asked: number as u64 }.into());
    }
    Ok(Some(MediaDuration::from_flicks((number * FLICKS_PER_SECOND as f64).round() as i64)))
}

fn section(base64: &str) -> Result<Bytes, ParseErrorKind> {
    let what = "onAdCue cue";
    if base64.len() > MAX_BASE64 {
        return Err(LimitError { what, ceiling: MAX_BASE64 as u64, asked: base64.len() as u64 }.into());
    }
    let bytes = STANDARD_PAD_INDIFFERENT.decode(base64.trim()).map_err(|_| ParseErrorKind::Malformed { what })?;
    Ok(bytes.into())
}

const fn error(kind: ParseErrorKind) -> ParseError {
    ParseError::new(kind, "onAdCue", None, 0)
}

/// What `type` is in the SCTE-35 mode; the third is of a later edition.
const SCTE_35: [&str; 3] = ["scte35", "urn:scte:scte35:2013:bin", "urn:scte:scte35:2013a:bin"];
/// A section has 4 096 bytes at most.
const MAX_BASE64: usize = 8192;
const MAX_ID: usize = 256;
/// Seconds: beyond any clock, and short of where flicks end.
const MAX_TIME: u64 = 10_000_000_000;
const A_DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::amf0::Writer;

    fn texts(members: &[(&str, &str)]) -> Writer {
        let open = Writer::new().string("onAdCue").open();
        members.iter().fold(open, |writer, (name, text)| writer.name(name).string(text))
    }

    fn numbers(writer: Writer, members: &[(&str, f64)]) -> Bytes {
        members.iter().fold(writer, |writer, (name, number)| writer.name(name).number(*number)).close().finish()
    }

    fn secs(seconds: i64) -> MediaDuration {
        MediaDuration::from_secs(seconds)
    }

    /// The error of a message with these times.
    fn refused(members: &[(&str, f64)]) -> ParseErrorKind {
        let all = [&[("time", 1.0)][..], members].concat();
        // The first of two members of a name counts.
        let members: Vec<_> = all.iter().rev().copied().collect();
        OnAdCue::parse(&numbers(texts(&[("cue", "SpliceOut"), ("id", "7")]), &members)).unwrap_err().kind
    }

    #[test]
    fn the_simple_mode_says_when_and_how_long_and_other_members_are_ignored() {
        let cue = texts(&[("cue", "SpliceOut"), ("id", "break-7"), ("what", "ever")]);
        let cue = numbers(cue, &[("duration", 30.5), ("time", 12.25), ("elapsed", 4.0), ("x", f64::NAN)]);
        let wanted = OnAdCue {
            id: "break-7".into(),
            signal: AdSignal::SpliceOut,
            time: MediaTime::ZERO.plus(MediaDuration::from_millis(12_250)),
            duration: MediaDuration::from_millis(30_500),
            elapsed: Some(secs(4)),
        };
        assert_eq!(OnAdCue::parse(&cue), Ok(wanted));
        // Numbers may be text and the id a number; duration and elapsed may be left out.
        let cue = texts(&[("cue", "splicein"), ("time", "3")]).name("id").number(9.0).close().finish();
        let cue = OnAdCue::parse(&cue).unwrap();
        assert_eq!((cue.id.as_str(), cue.signal, cue.duration), ("9", AdSignal::SpliceIn, MediaDuration::ZERO));
        assert_eq!((cue.time, cue.elapsed), (MediaTime::ZERO.plus(secs(3)), None));
    }

    #[test]
    fn the_scte35_mode_carries_a_section_under_each_of_its_names() {
        let base64 = "/DAlAAAAAAAAAP/wFAVDE1agf+//yBysA/4APcxQAAAAAAAAXhEvvQ==";
        for kind in ["scte35", "SCTE35", "urn:scte:scte35:2013:bin", "urn:scte:scte35:2013a:bin"] {
            for text in [base64, base64.trim_end_matches('=')] {
                let cue = texts(&[("type", kind), ("cue", text), ("id", "1")]);
                let AdSignal::Scte35(section) = OnAdCue::parse(&numbers(cue, &[("time", 1.0)])).unwrap().signal else {
                    panic!("{kind}")
                };
                assert_eq!((section.len(), section[0]), (40, 0xFC));
            }
        }
        let other = texts(&[("type", "urn:example:signal"), ("cue", "whatever"), ("id", "1")]);
        assert_eq!(OnAdCue::parse(&numbers(other, &[("time", 1.0)])).unwrap().signal, AdSignal::Other);
    }

    #[test]
    fn what_is_broken_has_its_error() {
        let malformed = |what| ParseErrorKind::Malformed { what };
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.001] {
            assert_eq!(refused(&[("time", bad)]), malformed("onAdCue time"));
            assert_eq!(refused(&[("duration", bad)]), malformed("onAdCue duration"));
            assert_eq!(refused(&[("elapsed", bad)]), malformed("onAdCue elapsed"));
        }
        assert!(matches!(refused(&[("duration", 86_401.0)]), ParseErrorKind::Limit(_)));
        assert!(matches!(refused(&[("time", 1e300)]), ParseErrorKind::Limit(_)));
        let long = "x".repeat(257);
        let big = "A".repeat(8193);
        for (members, wanted) in [
            (&[("id", "1")][..], ParseErrorKind::Missing { what: "onAdCue cue" }),
            (&[("cue", "SpliceOut")], ParseErrorKind::Missing { what: "onAdCue id" }),
            (&[("cue", "SpliceOut"), ("id", " ")], malformed("onAdCue id")),
            (&[("cue", "Spice"), ("id", "1")], malformed("onAdCue cue")),
            (&[("cue", "/DA*"), ("id", "1"), ("type", "scte35")], malformed("onAdCue cue")),
            (
                &[("cue", "SpliceOut"), ("id", &long)],
                LimitError { what: "onAdCue id", ceiling: 256, asked: 257 }.into(),
            ),
            (
                &[("cue", &big), ("id", "1"), ("type", "scte35")],
                LimitError { what: "onAdCue cue", ceiling: 8192, asked: 8193 }.into(),
            ),
        ] {
            let cue = numbers(texts(members), &[("time", 1.0)]);
            assert_eq!(OnAdCue::parse(&cue).unwrap_err().kind, wanted, "{members:?}");
        }
        let timeless = numbers(texts(&[("cue", "SpliceOut"), ("id", "1")]), &[]);
        assert_eq!(OnAdCue::parse(&timeless).unwrap_err().kind, ParseErrorKind::Missing { what: "onAdCue time" });
        for bytes in [&b""[..], b"\x02\0\x07onAdCue", b"\x02\0\x07onAdCue\x03\0", b"\x02\0\x05hello", b"\xFF"] {
            assert!(OnAdCue::parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
