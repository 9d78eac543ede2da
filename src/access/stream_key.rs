//! Stream keys: secrets that never print and are compared in constant time (FAULTS section 5).

use std::{fmt, hint::black_box};

use subtle::{Choice, ConstantTimeEq};

/// The secret part of a publishing URL. It has no `==`: [`matches`](Self::matches) takes as long for a wrong key as for the
/// right one.
#[derive(Clone)]
pub struct StreamKey(Box<str>);

/// Which keys a channel takes.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum KeyRule {
    /// Any, but there must be one (A7.5).
    #[default]
    Any,
    /// One of these; nobody, where there are none.
    OneOf(Vec<StreamKey>),
}

impl StreamKey {
    /// The key `key`.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.into())
    }

    /// Whether this is `key`. How long it takes tells at most whether their lengths are equal.
    #[must_use]
    pub fn matches(&self, key: &str) -> bool {
        self.is(key).into()
    }

    /// The key itself, for a host that routes by it. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn is(&self, key: &str) -> Choice {
        self.0.as_bytes().ct_eq(key.as_bytes())
    }
}

impl KeyRule {
    /// Whether a publisher with this key is let in. All keys are looked at, also after one that matches. The empty key is
    /// none, and nobody's.
    #[must_use]
    pub fn admits(&self, key: &str) -> bool {
        let is_listed = match self {
            Self::Any => Choice::from(1),
            Self::OneOf(keys) => keys.iter().fold(Choice::from(0), |found, known| found | known.is(key)),
        };
        !key.is_empty() && bool::from(is_listed)
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(***)")
    }
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for StreamKey {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_boxed_bytes();
        bytes.fill(0);
        black_box(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_and_never_print() {
        let key = StreamKey::new("s3cr3t-k3y");
        assert!(key.matches("s3cr3t-k3y") && key.clone().matches("s3cr3t-k3y"));
        assert!(!key.matches("s3cr3t-k3Y") && !key.matches("s3cr3t") && !key.matches(""));
        let rule = KeyRule::OneOf(vec![key.clone(), StreamKey::new("other")]);
        let text = format!("{key} {key:?} {rule:?} {:#?}", Some(&rule));
        assert!(!text.contains("s3cr3t") && !text.contains("other"), "{text}");
        assert!(text.starts_with("*** StreamKey(***) OneOf([StreamKey(***), StreamKey(***)])"), "{text}");
    }

    #[test]
    fn any_key_will_do_but_there_must_be_one_a7_5() {
        let any = KeyRule::default();
        assert!(any.admits("main") && any.admits("x") && !any.admits(""));
        let some = KeyRule::OneOf(["one", "two", "one", ""].map(StreamKey::new).into());
        assert!(some.admits("one") && some.admits("two"));
        assert!(!some.admits("three") && !some.admits("on") && !some.admits(""));
        assert!(!KeyRule::OneOf(Vec::new()).admits("one"));
    }

    #[test]
    fn keys_have_no_equality_and_no_derived_debug() {
        let source = include_str!("stream_key.rs");
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let derive = code.split("pub struct StreamKey").next().and_then(|head| head.rsplit("#[derive(").next());
        assert_eq!(derive, Some("Clone)]\n"));
        assert!(!code.contains("PartialEq") && !code.contains(" == ") && !code.contains(" != "));
    }
}
