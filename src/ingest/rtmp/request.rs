//! What a publisher asks for, and the secrets in it.

use std::fmt;

use crate::access::StreamKey;

/// A publisher's wish to go on air. Printing it shows no secret.
#[derive(Clone)]
pub struct PublishRequest {
    /// The application name of the URL, such as `live`, as sent. It may hold an access token after the first `/` or `?`.
    pub app: String,
    /// The name under which it wants to publish, never empty.
    pub stream_key: StreamKey,
    /// The URL that the publisher dialled, without user, query and all but the first part of its path.
    pub tc_url: String,
    /// `live`, `record` or `append`, as sent.
    pub publish_type: String,
    /// What the publisher says it is (`flashVer`), such as `FMLE/3.0 (compatible; FMSc/1.0)`.
    pub encoder: String,
}

/// A URL without what may be secret: user, query, and the path after its first part.
///
/// A user's password may hold any character that its owner did not escape. Where an `@` does not stand where it should, it
/// cannot be told what is a host and what is a secret, and only the scheme is left.
pub(super) fn redact_url(url: &str) -> String {
    let url = url.trim_matches('"');
    let (scheme, rest) = url.split_once("://").unwrap_or(("rtmp", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let path = rest.strip_prefix(authority).unwrap_or_default();
    if path.contains('@') {
        return format!("{}://***", first_part(scheme));
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{}://{host}/{}", first_part(scheme), first_part(path.trim_start_matches('/')))
}

fn first_part(path: &str) -> &str {
    path.split(['/', '?', '#']).next().unwrap_or_default()
}

impl fmt::Debug for PublishRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishRequest")
            .field("app", &first_part(&self.app))
            .field("stream_key", &self.stream_key)
            .field("tc_url", &self.tc_url)
            .field("publish_type", &self.publish_type)
            .field("encoder", &self.encoder)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_request_holds_no_secret() {
        let request = PublishRequest {
            app: String::from("live/t0ken"),
            stream_key: StreamKey::new("s3cr3t"),
            tc_url: redact_url("\"rtmp://user:t0ken@host:1935/live/t0ken?auth=t0ken\""),
            publish_type: String::from("live"),
            encoder: String::from("FMLE/3.0"),
        };
        let text = format!("{request:?}");
        assert!(text.contains("rtmp://host:1935/live\"") && text.contains("app: \"live\""), "{text}");
        assert!(!text.contains("t0ken") && !text.contains("s3cr3t"), "{text}");
        assert_eq!(redact_url("host/live"), "rtmp://host/live");
        assert_eq!(redact_url(""), "rtmp:///");
        assert_eq!(redact_url("rtmp://host?key"), "rtmp://host/");
        for hidden in ["rtmp://user:s3c/r3t@host/live", "rtmp://user:s3c?r3t@host/live", "rtmp://host/live/s3cr3t@x"] {
            assert_eq!(redact_url(hidden), "rtmp://***");
        }
    }
}
