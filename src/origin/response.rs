//! What an origin answers.

use std::{sync::Arc, time::Duration};

use chrono::DateTime;

use super::{
    error::OriginError,
    growing::Growing,
    need::Need,
    request::{Method, Request},
};
use crate::{media::Body, time::Utc};

/// What to do about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Send this.
    Response(Response),
    /// Read objects from the store, then [`Need::fulfil`] it.
    Need(Need),
    /// Send what there is by now, and the rest as it comes.
    Growing(Growing),
    /// Handle the request again after the next update of a timeline: what it asks for is about to come.
    Wait(Wait),
}

/// A request for the fragment that comes next at the live edge, for a manifest before the first one, or for a patch of the MPD that
/// stands. A player that is
/// early is held for a moment, where a refusal would make it skip the fragment, or give up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How long to wait for it, on the monotonic clock of [`Now`](crate::time::Now). A host goes by the first one that a
    /// request got, and may wait for less where too many wait.
    pub until: Duration,
    /// What to send when it has not come by then: 412, `MPE_FRAGMENT_NOT_READY` (A27.5), 404 for a manifest (A27.4), or for a patch one
    /// upon which players ask for the whole MPD.
    pub otherwise: Response,
}

/// An answer to send. Cloning copies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The headers, `Content-Length` among them.
    pub headers: Headers,
    /// The body; empty for HEAD, whatever `Content-Length` says.
    pub body: Body,
    /// `S_OK`, or the code of the [`OriginError`]: one of a few dozen, for the host's log.
    pub code: &'static str,
    /// A manifest that changes no more.
    pub(super) is_final: bool,
}

/// Header names, in lower case, and their values, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers(Arc<[(&'static str, Arc<str>)]>);

impl Response {
    pub(super) fn new(status: u16, headers: Vec<(&'static str, Arc<str>)>, body: Body) -> Self {
        Self { status, headers: Headers::new(headers), body, code: "S_OK", is_final: false }
    }

    /// A manifest, for how many seconds it may be kept, `None` where it changes no more.
    pub(super) fn manifest(content_type: &'static str, max_age: Option<u64>, etag: &str, body: Body) -> Self {
        let is_final = max_age.is_none();
        let max_age = max_age.unwrap_or(FINAL_MAX_AGE);
        let headers = vec![
            ("content-type", content_type.into()),
            ("content-length", body.len().to_string().into()),
            ("cache-control", format!("max-age={max_age}").into()),
            ("etag", etag.into()),
        ];
        Self { is_final, ..Self::new(200, headers, body) }
    }

    /// What time it is, in ISO 8601; no cache may keep it.
    pub(super) fn time(now: Utc, request: &Request<'_>) -> Self {
        let text = DateTime::from_timestamp_nanos(now.unix_nanos()).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let headers = vec![
            ("content-type", Arc::from("text/plain")),
            ("content-length", text.len().to_string().into()),
            ("cache-control", "no-store".into()),
        ];
        let body = if request.method == Method::Head { Body::new() } else { Body::from(text) };
        Self::new(200, headers, body)
    }

    /// An error with its code in the body.
    pub(super) fn error(error: OriginError) -> Self {
        let body = Body::from(format!("{error}\n"));
        let mut headers = vec![
            ("content-type", Arc::from("text/plain")),
            ("content-length", body.len().to_string().into()),
            // Long enough to shield the origin from a crowd, short enough not to miss what comes next.
            ("cache-control", "max-age=1".into()),
        ];
        if error == OriginError::MethodNotAllowed {
            headers.push(("allow", METHODS.into()));
        }
        Self { code: error.code(), ..Self::new(error.status(), headers, body) }
    }

    /// The refusal of this request: no body where it is a HEAD. Also for rules of a host's own.
    #[must_use]
    pub fn refusal(error: OriginError, request: &Request<'_>) -> Self {
        let refusal = Self::error(error);
        if request.method == Method::Head { Self { body: Body::new(), ..refusal } } else { refusal }
    }

    /// The answer to a CORS preflight, the same for every path.
    pub(super) fn preflight() -> Self {
        let headers = vec![
            ("access-control-allow-methods", METHODS.into()),
            ("access-control-allow-headers", "*".into()),
            ("access-control-max-age", "86400".into()),
        ];
        Self::new(204, headers, Body::new())
    }

    pub(super) fn unsatisfiable(len: usize) -> Self {
        let error = OriginError::RangeNotSatisfiable;
        let body = Body::from(format!("{error}\n"));
        let headers = vec![
            ("content-type", Arc::from("text/plain")),
            ("content-length", body.len().to_string().into()),
            ("content-range", format!("bytes */{len}").into()),
        ];
        Self { code: error.code(), ..Self::new(error.status(), headers, body) }
    }

    /// This answer, as it is due to a request with these conditions.
    pub(super) fn conditioned(&self, request: &Request<'_>) -> Self {
        let etag = self.headers.get("etag").unwrap_or_default();
        if request.if_none_match.is_some_and(|held| matches_etag(held, etag)) {
            let keep = |name: &str| !matches!(name, "content-type" | "content-length");
            let headers = self.headers.0.iter().filter(|(name, _)| keep(name)).cloned().collect();
            return Self { status: 304, headers: Headers(headers), body: Body::new(), ..*self };
        }
        let body = if request.method == Method::Head { Body::new() } else { self.body.clone() };
        Self { headers: self.headers.clone(), body, ..*self }
    }
}

impl Headers {
    /// These headers and those of CORS (A19.10), which every answer has: no browser plays without them.
    pub(super) fn new(mut headers: Vec<(&'static str, Arc<str>)>) -> Self {
        headers.push(("access-control-allow-origin", "*".into()));
        headers.push(("access-control-expose-headers", "Content-Length, Content-Range, Date, ETag".into()));
        Self(headers.into())
    }

    /// These with other values for some, which are added where they were not there.
    pub(super) fn with(&self, others: Vec<(&'static str, Arc<str>)>) -> Self {
        let is_kept = |name: &str| others.iter().all(|(other, _)| *other != name);
        let kept = self.0.iter().filter(|(name, _)| is_kept(name)).cloned();
        Self(kept.chain(others.iter().cloned()).collect())
    }

    /// The value of this header, whose name is given in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(held, value)| (held == name).then_some(value))
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_ref()))
    }
}

/// Seconds; an asset may still be forgotten, and its locator taken away.
const FINAL_MAX_AGE: u64 = 60;

const METHODS: &str = "GET, HEAD, OPTIONS";

/// RFC 9110 clause 13.1.2: a list of tags or `*`, compared weakly.
fn matches_etag(held: &str, etag: &str) -> bool {
    held.trim() == "*" || held.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
}
