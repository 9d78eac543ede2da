//! What an origin needs to know of an HTTP request.

/// A request as the host's HTTP server read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The path as it came, still percent-encoded, from the first `/` up to the `?`.
    pub path: &'a str,
    /// What follows the `?`: `start` and `end` of a manifest's span, in seconds since 1970 or as RFC 3339 writes it. All else in it
    /// changes nothing.
    pub query: Option<&'a str>,
    /// The header `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// The header `Range`.
    pub range: Option<&'a str>,
}

/// The methods that an origin tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// `OPTIONS`, a CORS preflight.
    Options,
    /// Any other.
    Other,
}

impl<'a> Request<'a> {
    /// A plain GET of this path.
    #[must_use]
    pub const fn get(path: &'a str) -> Self {
        Self { method: Method::Get, path, query: None, if_none_match: None, range: None }
    }
}

impl From<&str> for Method {
    fn from(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }
}
