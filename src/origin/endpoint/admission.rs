//! Which requests a streaming endpoint lets in, in this order: it runs, the address list, the signature headers, the files that are its
//! own, room on the line (A19.5, A19.9, A19.10, A25.6).

use std::{net::IpAddr, time::Duration};

use super::{Endpoint, EndpointState, signature::is_signed};
use crate::{
    access::Door,
    media::Body,
    origin::{Method, OriginError, Request, Response},
    time::Now,
};

/// Who asks, beside what the origin needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller<'a> {
    /// The address of the socket's peer, and not what a header says that it is.
    pub address: IpAddr,
    /// The header `X-Akamai-G2O-Auth-Data`.
    pub auth_data: Option<&'a str>,
    /// The header `X-Akamai-G2O-Auth-Sign`.
    pub auth_sign: Option<&'a str>,
}

/// What to do about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Admission {
    /// Ask the origin, and give its answer to [`Endpoint::send`].
    Origin,
    /// Send this: a refusal, or a file of the endpoint's own. It is counted already.
    Answer(Response),
}

impl Endpoint {
    /// Whether a request is for the origin.
    pub fn admit(&mut self, request: &Request<'_>, caller: &Caller<'_>, now: Now) -> Admission {
        match self.judge(request, caller, now) {
            Ok(None) => Admission::Origin,
            Ok(Some(file)) => {
                self.budget.charge(file.body.len() as u64, now.monotonic);
                Admission::Answer(self.counted(file, now))
            }
            Err(error) => {
                let refusal = self.refusal(error, request.method, now);
                Admission::Answer(self.counted(refusal, now))
            }
        }
    }

    /// The answer of the origin to a request that was let in, as it is to be sent: the same, or a refusal where meanwhile others
    /// have used the line up, or the endpoint has stopped.
    #[must_use]
    pub fn send(&mut self, mut answer: Response, method: Method, now: Now) -> Response {
        let is_over = matches!(self.state, EndpointState::Stopped | EndpointState::Deleting);
        let refused = if is_over {
            Some(OriginError::EndpointNotRunning)
        } else {
            self.budget.overdrawn(now.monotonic).map(|_| OriginError::BandwidthExceeded)
        };
        if let Some(error) = refused {
            let refusal = self.refusal(error, method, now);
            return self.counted(refusal, now);
        }
        self.budget.charge(answer.body.len() as u64, now.monotonic);
        if let Some(age) = self.config.max_age.filter(|_| answer.is_final) {
            answer.headers = answer.headers.with(vec![("cache-control", format!("max-age={age}").into())]);
        }
        self.counted(answer, now)
    }

    /// Charges and counts more of the body of an answer that grows, whose head was [sent](Self::send). What was begun is not refused any
    /// more: others wait for it.
    pub fn send_more(&mut self, answer: &Response, bytes: usize, now: Now) {
        self.budget.charge(bytes as u64, now.monotonic);
        self.traffic.count_more((answer.status, answer.code), bytes as u64, now.monotonic);
    }

    /// A file of the endpoint itself, or `None` for what the origin answers.
    fn judge(&self, request: &Request<'_>, caller: &Caller<'_>, now: Now) -> Result<Option<Response>, OriginError> {
        // Not 404, by which players and caches would take it that there is nothing.
        if !self.state.serves() {
            return Err(OriginError::EndpointNotRunning);
        }
        if !self.config.access.admits(Door::Endpoint, caller.address) {
            return Err(OriginError::AddressNotAllowed);
        }
        let keys = &self.config.signature_keys;
        if !keys.is_empty() && !is_signed(keys, (caller.auth_data, caller.auth_sign), request, now.utc) {
            return Err(OriginError::SignatureNotAccepted);
        }
        if let Some(file) = self.policy_file(request) {
            return file.map(Some);
        }
        match self.budget.overdrawn(now.monotonic) {
            Some(_) => Err(OriginError::BandwidthExceeded),
            None => Ok(None),
        }
    }

    /// A file of A19.10, where this is the path of one.
    fn policy_file(&self, request: &Request<'_>) -> Option<Result<Response, OriginError>> {
        let policy = match request.path {
            "/clientaccesspolicy.xml" => &self.config.cross_site.client_access_policy,
            "/crossdomain.xml" => &self.config.cross_site.cross_domain,
            _ => return None,
        };
        if !matches!(request.method, Method::Get | Method::Head) {
            return None;
        }
        let Some(text) = policy else { return Some(Err(OriginError::ResourceNotFound)) };
        let headers = vec![
            ("content-type", "text/xml".into()),
            ("content-length", text.len().to_string().into()),
            ("cache-control", "max-age=600".into()),
        ];
        let body = if request.method == Method::Head { Body::new() } else { Body::from(text.clone()) };
        Some(Ok(Response::new(200, headers, body)))
    }

    /// What this refusal is on the wire. It is about who asks and when, which no cache may keep for others.
    fn refusal(&self, error: OriginError, method: Method, now: Now) -> Response {
        let mut refusal = Response::error(error);
        let mut others = Vec::new();
        if error.status() != 404 {
            others.push(("cache-control", "no-store".into()));
        }
        if error.status() == 503 {
            let left = self.budget.overdrawn(now.monotonic).filter(|_| error == OriginError::BandwidthExceeded);
            others.push(("retry-after", whole_seconds(left.unwrap_or(TO_START)).to_string().into()));
        }
        refusal.headers = refusal.headers.with(others);
        if method == Method::Head {
            refusal.body = Body::new();
        }
        refusal
    }

    fn counted(&mut self, response: Response, now: Now) -> Response {
        self.traffic.count(&response, now.monotonic);
        response
    }
}

/// As `Retry-After` counts, RFC 9110 clause 10.2.3.
const fn whole_seconds(left: Duration) -> u64 {
    if left.subsec_nanos() == 0 { left.as_secs() } else { left.as_secs() + 1 }
}

/// When it is worth asking again whether an endpoint runs.
const TO_START: Duration = Duration::from_secs(10);
