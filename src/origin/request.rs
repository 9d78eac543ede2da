//! What an origin needs to know of an HTTP request.

use std::borrow::Cow;

use super::url::{Target, decode};

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

    /// The locator that it names, as an origin reads it, whoever wrote it with `%`; `None` where the path is none of an origin's. For
    /// a host that lets only some in to one, such as that of a preview (A10.3).
    #[must_use]
    pub fn locator(&self) -> Option<Cow<'a, str>> {
        match decode(self.path).ok()? {
            Cow::Borrowed(path) => Target::parse(path).ok().map(|target| Cow::Borrowed(target.locator)),
            Cow::Owned(path) => Target::parse(&path).ok().map(|target| Cow::Owned(target.locator.to_owned())),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locator_is_the_one_that_the_origin_would_find_however_it_is_written() {
        let of = |path| Request::get(path).locator().map(Cow::into_owned);
        for path in [
            "/guid-1/main.ism/Manifest",
            "/%67uid-1/main.ism/Manifest",
            "/guid%2D1/main.ISM/QualityLevels(1)/Fragments(video=0)",
            "/guid-1/main%2Eism/Manifest(format=m3u8-cmaf).m3u8",
        ] {
            assert_eq!(of(path).as_deref(), Some("guid-1"), "{path}");
        }
        for path in
            ["/", "/guid-1", "//guid-1/main.ism/Manifest", "/./guid-1/main.ism/Manifest", "/%zz/main.ism/Manifest"]
        {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
