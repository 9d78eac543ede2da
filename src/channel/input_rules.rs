//! Who may contribute to a channel, over which protocol, and how much (A1.10, A7.5, A10, A29.6).
//!
//! The addresses are asked before the first byte of a connection is read, the key once the peer has named it, both by
//! [`Channel::admit`](crate::channel::Channel::admit). The limits hold while a session is on.

use crate::{
    access::{AccessList, KeyRule},
    channel::{ConfigError, Encoding},
    ingest::IngestLimits,
};

/// The rules at the door of a channel.
#[derive(Clone, Debug, Default)]
pub struct InputRules {
    /// From where a contribution may come. Not set, which is the default, from nowhere (A10.2):
    /// [`AccessList::allow_all`] is from everywhere.
    pub access: AccessList,
    /// Under which names a publisher may come; default any, but there must be one (A7.5). At most
    /// [`MAX_KEYS`](Self::MAX_KEYS).
    pub keys: KeyRule,
    /// What a contribution may be; default, those of the channel's encoding: [`IngestLimits::encoding`] or
    /// [`IngestLimits::pass_through`].
    pub limits: Option<IngestLimits>,
    /// Over which protocol it may come.
    pub protocol: ProtocolRule,
}

/// Over which protocol a contribution may come. RTP and plain UDP are one family, `rtp` (RTPMPEG2TS, A1.9), and so are each
/// protocol and its encrypted form: `rtmp` and `rtmps`, `smooth` and `smooths`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProtocolRule {
    /// The first session fixes it until the channel is stopped (A1.10).
    #[default]
    FirstFixes,
    /// Any, and several at once.
    Any,
    /// This family only, named by any protocol of it.
    Only(&'static str),
}

impl InputRules {
    /// Most stream keys of a list.
    pub const MAX_KEYS: usize = 256;

    pub(super) fn limits(&self, encoding: &Encoding) -> IngestLimits {
        self.limits.unwrap_or(match encoding {
            Encoding::Standard => IngestLimits::encoding(),
            Encoding::None(_) => IngestLimits::pass_through(),
        })
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match &self.keys {
            KeyRule::OneOf(keys) if keys.len() > Self::MAX_KEYS => Err(ConfigError::StreamKeys(keys.len())),
            _ => Ok(()),
        }
    }

    /// Whether a publisher under this key is let in; none is known of protocols that have none. Where there is a list,
    /// who has no key is not on it, and an RTMP publisher always has one.
    pub(super) fn admits_key(&self, key: Option<&str>, protocol: &str) -> bool {
        match key {
            Some(key) => self.keys.admits(key),
            None => matches!(self.keys, KeyRule::Any) && family_of(protocol) != RTMP,
        }
    }
}

impl ProtocolRule {
    /// The protocol that is taken, where `asked` is none of its family; `first` is that of the run's first session.
    pub(super) fn refuses(self, first: Option<&'static str>, asked: &str) -> Option<&'static str> {
        let fixed = match self {
            Self::FirstFixes => first,
            Self::Any => None,
            Self::Only(family) => Some(family),
        };
        fixed.filter(|fixed| family_of(fixed) != family_of(asked))
    }
}

/// The protocols of a family are one to an encoder's owner (A1.9).
pub(super) fn family_of(protocol: &str) -> &str {
    match protocol {
        "rtmps" => RTMP,
        "udp" | "ts" => "rtp",
        "smooths" => SMOOTH,
        other => other,
    }
}

const RTMP: &str = "rtmp";
pub(super) const SMOOTH: &str = "smooth";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{access::StreamKey, channel::PassThrough};

    #[test]
    fn protocols_of_a_family_are_one_a1_9() {
        let refuses = |rule: ProtocolRule, first, asked| rule.refuses(first, asked);
        for (first, asked, is_one) in [
            ("rtp", "udp", true),
            ("udp", "ts", true),
            ("rtmps", "rtmp", true),
            ("smooth", "smooths", true),
            ("rtp", "rtmp", false),
            ("rtmp", "smooth", false),
            ("feed", "feed", true),
            ("feed", "other", false),
        ] {
            let fixed = (!is_one).then_some(first);
            assert_eq!(refuses(ProtocolRule::FirstFixes, Some(first), asked), fixed, "{first} {asked}");
            assert_eq!(refuses(ProtocolRule::Only(first), None, asked), fixed, "{first} {asked}");
            assert_eq!(refuses(ProtocolRule::Only(first), Some(asked), first), None);
            assert_eq!(refuses(ProtocolRule::Any, Some(first), asked), None);
        }
        assert_eq!(refuses(ProtocolRule::FirstFixes, None, "smooth"), None);
    }

    #[test]
    fn an_rtmp_publisher_has_a_key_and_a_list_is_for_who_has_one_a7_5() {
        let any = InputRules::default();
        assert!(any.admits_key(Some("x"), "rtmp") && any.admits_key(None, "rtp") && any.admits_key(None, "smooth"));
        assert!(!any.admits_key(None, "rtmps") && !any.admits_key(Some(""), "rtmp"));
        let listed = InputRules { keys: KeyRule::OneOf(vec![StreamKey::new("x")]), ..any };
        assert!(listed.admits_key(Some("x"), "rtmp") && !listed.admits_key(Some("y"), "rtmp"));
        assert!(!listed.admits_key(None, "rtp"));
    }

    #[test]
    fn limits_follow_the_encoding_unless_they_are_set_a29_6() {
        let (standard, none) = (Encoding::Standard, Encoding::None(PassThrough::default()));
        let rules = InputRules::default();
        assert_eq!(rules.limits(&standard), IngestLimits::encoding());
        assert_eq!(rules.limits(&none), IngestLimits::pass_through());
        let rules = InputRules { limits: Some(IngestLimits::unlimited()), ..rules };
        assert_eq!(rules.limits(&none), IngestLimits::unlimited());
        let many = vec![StreamKey::new("x"); 257];
        let rules = InputRules { keys: KeyRule::OneOf(many), ..rules };
        assert_eq!(rules.check(), Err(ConfigError::StreamKeys(257)));
    }
}
