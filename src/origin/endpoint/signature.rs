//! Signature-header authentication of a CDN's requests (A19.9): Akamai's "ghost to origin" (G2O), versions 3 to 5.
//!
//! `X-Akamai-G2O-Auth-Data` holds `version, edge address, client address, time, unique id, nonce`, where the nonce names the key and
//! the time is in seconds since 1970. `X-Akamai-G2O-Auth-Sign` holds the Base64 of an HMAC over that header and the URL's path with its
//! query: MD5 in version 3, SHA-1 in 4, SHA-256 in 5. Versions 1 and 2, which are no HMAC, are refused, and so is a time that is
//! more than 30 s away, a key that has expired, and a header of any other form. That no request comes twice is not looked after:
//! it asks for what everybody with a URL may have.
//! To add a version: a line in `is_signed`.

use std::{fmt, hint::black_box};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac, digest::block_api::EagerHash};
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;

use super::error::EndpointError;
use crate::{origin::Request, time::Utc};

/// A key by which a CDN signs its requests. It never prints, and has no `==`.
#[derive(Clone)]
pub struct SignatureKey {
    identifier: Box<str>,
    key: Box<[u8]>,
    expires: Utc,
}

impl SignatureKey {
    /// Longest identifier, in bytes.
    pub const MAX_IDENTIFIER: usize = 64;
    /// Longest key, in bytes.
    pub const MAX_KEY: usize = 256;

    /// A key with the name by which requests say that it is theirs; `base64` is the key itself. It counts until `expires`.
    ///
    /// # Errors
    /// [`EndpointError::KeyIdentifier`] where the name is empty, too long, or has anything but visible ASCII, or a comma in it;
    /// [`EndpointError::Key`] where the key is no Base64, empty, or too long.
    pub fn new(identifier: &str, base64: &str, expires: Utc) -> Result<Self, EndpointError> {
        let is_plain = identifier.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
        if identifier.is_empty() || identifier.len() > Self::MAX_IDENTIFIER || !is_plain {
            return Err(EndpointError::KeyIdentifier);
        }
        // A longer text is not worth reading.
        let read = (base64.len() <= 2 * Self::MAX_KEY).then(|| STANDARD.decode(base64.trim()).ok()).flatten();
        let key = read.filter(|key| (1..=Self::MAX_KEY).contains(&key.len())).ok_or(EndpointError::Key)?;
        Ok(Self { identifier: identifier.into(), key: key.into(), expires })
    }

    /// The name of the key.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Until when it counts.
    #[must_use]
    pub const fn expires(&self) -> Utc {
        self.expires
    }
}

/// Whether one of these keys signed the request, and not long ago.
pub(super) fn is_signed(
    keys: &[SignatureKey],
    (data, sign): (Option<&str>, Option<&str>),
    request: &Request<'_>,
    now: Utc,
) -> bool {
    let [data, sign] = [data, sign].map(|header| header.filter(|text| text.len() <= MAX_HEADER));
    let (Some(data), Some(sign)) = (data, sign) else { return false };
    let Some((version, time, nonce)) = fields(data) else { return false };
    let now_seconds = now.unix_nanos().div_euclid(1_000_000_000);
    let Ok(tag) = STANDARD.decode(sign.trim()) else { return false };
    if now_seconds.abs_diff(time) > MAX_SKEW {
        return false;
    }
    let valid = |key: &&SignatureKey| *key.identifier == *nonce && now < key.expires;
    keys.iter().filter(valid).any(|key| match version {
        "3" => verifies::<Md5>(&key.key, data, request, &tag),
        "4" => verifies::<Sha1>(&key.key, data, request, &tag),
        "5" => verifies::<Sha256>(&key.key, data, request, &tag),
        _ => false,
    })
}

/// Version, time and nonce; the addresses and the unique id are signed and say nothing that is needed.
fn fields(data: &str) -> Option<(&str, i64, &str)> {
    let mut fields = data.split(',').map(str::trim);
    let (version, time) = (fields.next()?, fields.nth(2)?);
    let nonce = fields.nth(1)?;
    let is_plain = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
    let time = time.parse().ok().filter(|_| is_plain)?;
    fields.next().is_none().then_some((version, time, nonce))
}

/// Compares in constant time.
fn verifies<D: EagerHash>(key: &[u8], data: &str, request: &Request<'_>, tag: &[u8]) -> bool
where
    Hmac<D>: KeyInit + Mac,
{
    let Ok(mut mac) = <Hmac<D> as KeyInit>::new_from_slice(key) else { return false };
    mac.update(data.as_bytes());
    mac.update(request.path.as_bytes());
    if let Some(query) = request.query {
        mac.update(b"?");
        mac.update(query.as_bytes());
    }
    mac.verify_slice(tag).is_ok()
}

impl fmt::Debug for SignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureKey")
            .field("identifier", &self.identifier)
            .field("key", &"***")
            .field("expires", &self.expires)
            .finish()
    }
}

impl Drop for SignatureKey {
    fn drop(&mut self) {
        self.key.fill(0);
        black_box(&self.key);
    }
}

/// Longest header that is looked at, in bytes.
const MAX_HEADER: usize = 512;

/// Seconds that the CDN's clock may be away from ours, either way.
const MAX_SKEW: u64 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    // Signatures by OpenSSL: printf '%s' "$DATA$PATH" | openssl dgst -md5 -hmac abcdefg -binary | base64
    const PATH: &str = "/l/n.ism/manifest(format=m3u8-cmaf)";
    const SIGNED: [(&str, &str); 3] = [
        ("3, 192.0.2.1, 198.51.100.1, 1800000000, 123.456, token", "ICJHsux2UZxqElEfog399Q=="),
        ("4, 192.0.2.1, 198.51.100.1, 1800000000, 123.456, token", "wpF4v6kgYoihetsYaG60ThwWyPI="),
        ("5, 192.0.2.1, 198.51.100.1, 1800000000, 123.456, token", "R4nuRZIjXHzhsTL0Ugt6vpsyj+L0XRH6jbTVWxTu4yU="),
    ];
    const AT: i64 = 1_800_000_000;

    fn keys() -> Vec<SignatureKey> {
        vec![
            SignatureKey::new("other", "b3RoZXI=", Utc::from_unix_secs(AT + 1000)).unwrap(),
            SignatureKey::new("token", "YWJjZGVmZw==", Utc::from_unix_secs(AT + 10)).unwrap(),
        ]
    }

    fn at(seconds: i64, data: &str, sign: &str, request: &Request<'_>) -> bool {
        is_signed(&keys(), (Some(data), Some(sign)), request, Utc::from_unix_secs(AT + seconds))
    }

    #[test]
    fn signatures_of_three_versions_are_known_a19_9() {
        for (data, sign) in SIGNED {
            assert!(at(0, data, sign, &Request::get(PATH)), "{data}");
            assert!(at(-30, data, sign, &Request::get(PATH)), "{data}");
            assert!(!at(-31, data, sign, &Request::get(PATH)), "from the future");
            assert!(!at(0, data, sign, &Request::get("/l/n.ism/manifest")), "another path");
            assert!(!at(0, data, sign, &Request { query: Some("start=1"), ..Request::get(PATH) }), "another query");
            assert!(!at(0, &data.replace("123", "124"), sign, &Request::get(PATH)), "other data");
            assert!(!at(0, &data.replace("token", "other"), sign, &Request::get(PATH)), "another key");
        }
        let [(data, _), (_, sign), _] = SIGNED;
        assert!(!at(0, data, sign, &Request::get(PATH)), "of another version");
    }

    #[test]
    fn old_requests_and_old_keys_are_refused_a19_9() {
        let [.., (data, sign)] = SIGNED;
        assert!(at(9, data, sign, &Request::get(PATH)));
        assert!(!at(10, data, sign, &Request::get(PATH)), "the key has expired");
        let lasting = [SignatureKey::new("token", "YWJjZGVmZw==", Utc::from_unix_secs(AT + 1000)).unwrap()];
        let held = |seconds| {
            let now = Utc::from_unix_secs(AT + seconds);
            is_signed(&lasting, (Some(data), Some(sign)), &Request::get(PATH), now)
        };
        assert!(held(30) && !held(31), "the request is old");
    }

    #[test]
    fn headers_of_another_form_are_refused() {
        let [.., (data, sign)] = SIGNED;
        let request = Request::get(PATH);
        let now = Utc::from_unix_secs(AT);
        for headers in [(None, None), (Some(data), None), (None, Some(sign))] {
            assert!(!is_signed(&keys(), headers, &request, now));
        }
        let long = format!("{data}{}", " ".repeat(512));
        for broken in
            ["", ",,,,,", "5, a, b, 1800000000, c", &format!("{data}, more"), &data.replace("18", "+18"), &long]
        {
            assert!(!at(0, broken, sign, &request), "{broken}");
        }
        for broken in ["", "=", "é", &"é".repeat(400), &sign[1..], &sign[..20]] {
            assert!(!at(0, data, broken, &request), "{broken}");
        }
    }

    #[test]
    fn keys_have_rules_and_never_print() {
        let make = |identifier: &str, key: &str| SignatureKey::new(identifier, key, Utc::default()).map(drop);
        for identifier in ["", "a,b", "a b", "ü", &"x".repeat(65)] {
            assert_eq!(make(identifier, "YWJj"), Err(EndpointError::KeyIdentifier));
        }
        for key in ["", "*", "YWJjZ", &"YWJj".repeat(86), &"YWJj".repeat(1000)] {
            assert_eq!(make("a", key), Err(EndpointError::Key));
        }
        let text = format!("{:?}", keys());
        assert!(!text.contains("abcdefg") && !text.contains("97, 98") && !text.contains("YWJj"), "{text}");
    }
}
