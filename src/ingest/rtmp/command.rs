//! Commands and their answers (RTMP 1.0 clause 7.2), as ffmpeg, OBS, GStreamer and librtmp use them.

use bytes::Bytes;

use super::{rates::Rates, request::redact_url};
use crate::{
    error::{ParseError, ParseErrorKind},
    wire::amf0::{Reader, Value, Writer},
};

/// A command with what is needed of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Command {
    /// What to do.
    pub(super) verb: Verb,
    /// Names the answer; 0 wants none.
    pub(super) transaction: f64,
}

/// What a command asks for.
#[derive(Clone, PartialEq)]
pub(super) enum Verb {
    Connect(Connection),
    ReleaseStream,
    FcPublish,
    CreateStream,
    Publish {
        name: String,
        publish_type: String,
    },
    FcUnpublish,
    DeleteStream(Option<u32>),
    CloseStream,
    Play,
    /// An answer, or a notice that wants none.
    Aside,
    Unknown,
}

/// What `connect` says.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Connection {
    pub(super) app: String,
    /// Redacted.
    pub(super) tc_url: String,
    pub(super) encoder: String,
    /// Bitrates in the query of the URL (A7.6).
    pub(super) rates: Option<Rates>,
    /// It knows Enhanced RTMP, and is told what we know of it.
    pub(super) is_enhanced: bool,
}

impl Command {
    /// Reads the body of a command message.
    ///
    /// # Errors
    /// It is not AMF 0, it is over a ceiling, or it has no name.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(payload);
        let name = reader.value()?;
        let Some(name) = name.as_ref().and_then(Value::as_str) else {
            let kind = ParseErrorKind::Truncated { what: "RTMP command name" };
            return Err(ParseError::new(kind, "amf0", None, 0));
        };
        let transaction = reader.value()?.and_then(|value| value.as_number()).unwrap_or(0.0);
        let object = reader.value()?;
        let mut argument = || reader.value().map(|value| value.unwrap_or(Value::Null));
        let verb = match name {
            "connect" => Verb::Connect(Connection::read(object.as_ref())),
            "releaseStream" => Verb::ReleaseStream,
            "FCPublish" => Verb::FcPublish,
            "createStream" => Verb::CreateStream,
            "publish" => Verb::Publish { name: text(Some(&argument()?)), publish_type: text(Some(&argument()?)) },
            "FCUnpublish" => Verb::FcUnpublish,
            "deleteStream" => Verb::DeleteStream(argument()?.as_number().map(|id| id as u32)),
            "closeStream" => Verb::CloseStream,
            "play" | "play2" => Verb::Play,
            "_result" | "_error" | "onStatus" | "onBWDone" => Verb::Aside,
            _ => Verb::Unknown,
        };
        Ok(Self { verb, transaction })
    }
}

impl Connection {
    fn read(object: Option<&Value<'_>>) -> Self {
        let member = |name| text(object.and_then(|object| object.member(name)));
        let has = |name| object.is_some_and(|object| object.member(name).is_some());
        let (app, url) = (member("app"), member("tcUrl"));
        Self {
            rates: Rates::in_query(&url).or_else(|| Rates::in_query(&app)),
            app,
            tc_url: redact_url(&url),
            encoder: member("flashVer"),
            is_enhanced: ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"].into_iter().any(has),
        }
    }
}

impl std::fmt::Debug for Verb {
    /// The name alone: the rest may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect(_) => "Connect",
            Self::ReleaseStream => "ReleaseStream",
            Self::FcPublish => "FcPublish",
            Self::CreateStream => "CreateStream",
            Self::Publish { .. } => "Publish",
            Self::FcUnpublish => "FcUnpublish",
            Self::DeleteStream(_) => "DeleteStream",
            Self::CloseStream => "CloseStream",
            Self::Play => "Play",
            Self::Aside => "Aside",
            Self::Unknown => "Unknown",
        })
    }
}

/// `_result` of `connect`.
pub(super) fn connected(transaction: f64, is_enhanced: bool) -> Bytes {
    let writer = Writer::new().string("_result").number(transaction).open();
    let mut writer = writer.name("fmsVer").string("FMS/3,0,1,123").name("capabilities").number(31.0);
    if is_enhanced {
        // Enhanced RTMP v2, "Enhancing NetConnection connect Command".
        writer = writer.name("fourCcList").strings(&["avc1", "hvc1", "av01", "mp4a"]);
        writer = writer.name("videoFourCcInfoMap");
        writer = writer.numbers(&[("avc1", DECODE + FORWARD), ("hvc1", FORWARD), ("av01", FORWARD)]);
        writer = writer.name("audioFourCcInfoMap").numbers(&[("mp4a", DECODE + FORWARD)]);
        writer = writer.name("capsEx").number(MULTITRACK + MOD_EX + NANOSECONDS);
    }
    let writer = writer.close().open().name("level").string("status");
    let writer = writer.name("code").string("NetConnection.Connect.Success");
    let writer = writer.name("description").string("Connection succeeded.");
    writer.name("objectEncoding").number(0.0).close().finish()
}

/// `_result` of a command that has none to give.
pub(super) fn done(transaction: f64) -> Bytes {
    Writer::new().string("_result").number(transaction).null().null().finish()
}

/// `_result` of `createStream`.
pub(super) fn created(transaction: f64, stream_id: u32) -> Bytes {
    Writer::new().string("_result").number(transaction).null().number(stream_id.into()).finish()
}

/// `_error` of a command.
pub(super) fn failed(transaction: f64, code: &str, description: &str) -> Bytes {
    let writer = Writer::new().string("_error").number(transaction).null();
    writer.texts(&[("level", "error"), ("code", code), ("description", description)]).finish()
}

/// `onStatus`, or another notice of its form.
pub(super) fn status(name: &str, level: &str, code: &str, description: &str) -> Bytes {
    let writer = Writer::new().string(name).number(0.0).null();
    writer.texts(&[("level", level), ("code", code), ("description", description)]).finish()
}

fn text(value: Option<&Value<'_>>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// `FourCcInfoMask`.
const DECODE: f64 = 1.0;
const FORWARD: f64 = 4.0;
/// `CapsExMask`.
const MULTITRACK: f64 = 2.0;
const MOD_EX: f64 = 4.0;
const NANOSECONDS: f64 = 8.0;
