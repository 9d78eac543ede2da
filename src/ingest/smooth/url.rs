//! Where an encoder posts to: `/ingest.isml/streams(720p)` and its older and newer forms, in any case of letters.
//!
//! `/Events(id)/Streams(id)` is for older servers and forbidden to encoders; it is taken all the same. A path part before
//! the publishing point is an access token.

use std::fmt;

use crate::access::StreamKey;

/// What the path of a POST names. Printing it shows no token.
#[derive(Clone)]
pub struct PublishingPoint {
    /// The publishing point without `.isml`, such as `ingest`.
    pub name: String,
    /// The identifier of the stream, such as `720p`: one POST at a time comes for each.
    pub stream: String,
    /// What stands in `Events(…)`.
    pub event: Option<String>,
    /// The first part of the path where there is one before the publishing point.
    pub token: Option<StreamKey>,
}

/// The path names no stream of a publishing point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path is not of the form /name.isml/Streams(identifier)")]
pub struct BadUrl;

impl PublishingPoint {
    /// Reads the path of a URL, as it stands in the request.
    ///
    /// # Errors
    /// It is of none of the forms above, a name in it is empty, longer than 128 bytes, or has a control character, `/` or
    /// a parenthesis in it.
    pub fn parse(path: &str) -> Result<Self, BadUrl> {
        let path = decode(path)?;
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (stream, rest) = parts.split_last().ok_or(BadUrl)?;
        let stream = argument(stream, "streams").ok_or(BadUrl)?;
        let (event, rest) = match rest.split_last() {
            Some((part, before)) if argument(part, "events").is_some() => (argument(part, "events"), before),
            _ => (None, rest),
        };
        let (point, token) = match rest {
            [point] => (point, None),
            [token, point] => (point, Some(*token)),
            _ => return Err(BadUrl),
        };
        let stem = point.len().checked_sub(SUFFIX.len()).ok_or(BadUrl)?;
        let (name, suffix) = point.split_at_checked(stem).ok_or(BadUrl)?;
        let names = [Some(name), Some(stream), event, token];
        if !suffix.eq_ignore_ascii_case(SUFFIX) || !names.into_iter().flatten().all(is_name) {
            return Err(BadUrl);
        }
        Ok(Self {
            name: name.into(),
            stream: stream.into(),
            event: event.map(Into::into),
            token: token.map(StreamKey::new),
        })
    }
}

impl BadUrl {
    /// A code that stays the same from release to release (A27.1).
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "MPE_BAD_URL_SYNTAX"
    }

    /// The HTTP status that says it: a wrong path.
    #[must_use]
    pub const fn status(&self) -> u16 {
        403
    }
}

impl fmt::Debug for PublishingPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishingPoint")
            .field("name", &self.name)
            .field("stream", &self.stream)
            .field("event", &self.event)
            .field("token", &self.token)
            .finish()
    }
}

/// `x` of `word(x)`.
fn argument<'a>(part: &'a str, word: &str) -> Option<&'a str> {
    let (name, rest) = part.split_at_checked(word.len())?;
    name.eq_ignore_ascii_case(word).then_some(())?;
    rest.strip_prefix('(')?.strip_suffix(')')
}

fn is_name(name: &str) -> bool {
    let is_good = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | '(' | ')');
    !name.is_empty() && name.len() <= 128 && name != ".." && name != "." && name.chars().all(is_good)
}

/// `path` without percent-encoding (RFC 3986 section 2.1).
fn decode(path: &str) -> Result<String, BadUrl> {
    if path.len() > 1024 {
        return Err(BadUrl);
    }
    let mut bytes = path.bytes();
    let mut decoded = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let value = digit().zip(digit()).map(|(high, low)| high << 4 | low);
                value.and_then(|value| u8::try_from(value).ok()).ok_or(BadUrl)?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).map_err(|_| BadUrl)
}

const SUFFIX: &str = ".isml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_in_any_case() {
        let parts = |path: &str| {
            let point = PublishingPoint::parse(path).unwrap();
            let token = point.token.as_ref().map(|token| token.expose().to_string());
            (point.name, point.stream, point.event, token)
        };
        let of = |name: &str, stream: &str| (name.to_string(), stream.to_string(), None, None);
        assert_eq!(parts("/ingest.isml/streams(720p)"), of("ingest", "720p"));
        assert_eq!(parts("ch.ISML/Streams(stream1)/"), of("ch", "stream1"));
        assert_eq!(parts("/ch.isml/STREAMS%28a%20b%29"), of("ch", "a b"));
        let (name, stream, event, token) = parts("/ingest.isml/Events(e1)/Streams(s1)");
        assert_eq!((name.as_str(), stream.as_str(), event.as_deref(), token), ("ingest", "s1", Some("e1"), None));
        let (.., token) = parts("/0a1b2c/ingest.isml/streams(x)");
        assert_eq!(token.as_deref(), Some("0a1b2c"));
    }

    #[test]
    fn other_paths_are_refused_and_no_token_is_printed() {
        for path in [
            "",
            "/",
            "/ingest.isml",
            "/ingest.isml/streams()",
            "/ingest.isml/streams(a",
            "/ingest.ism/streams(a)",
            "/.isml/streams(a)",
            "/a/b/c.isml/streams(a)",
            "/c.isml/streams(a/b)",
            "/c.isml/streams(..)",
            "/c.isml/streams(a%00)",
            "/c.isml/streams(%zz)",
            "/c.isml/streams(%ff)",
            "/c.isml/streams(a)/more",
            "/\u{e9}\u{e9}.isml/stream\u{e9}(a)",
        ] {
            assert_eq!(PublishingPoint::parse(path).unwrap_err(), BadUrl, "{path}");
        }
        assert!(PublishingPoint::parse(&format!("/c.isml/streams({})", "a".repeat(129))).is_err());
        let point = PublishingPoint::parse("/s3cret/c.isml/streams(a)").unwrap();
        assert!(!format!("{point:?}").contains("s3cret"));
    }
}
