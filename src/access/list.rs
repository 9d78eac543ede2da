//! The address list of a door: rules, or none set, and what that means at which door (A10.2, A10.3, A19.9).

use std::net::IpAddr;

use super::AddressRule;

/// Which addresses a door lets in. Not set, it means what the [`Door`] says; set and empty, nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessList(Option<Vec<AddressRule>>);

/// What an address list stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Contributions: a list that is not set lets nobody in (A10.2).
    Ingest,
    /// The preview: a list that is not set lets everybody in (A10.3).
    Preview,
    /// Viewers: a list that is not set lets everybody in (A19.9).
    Endpoint,
}

/// An address list would have more rules than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} address rules; at most {max} are allowed", max = AccessList::MAX_RULES)]
pub struct TooManyRules(pub usize);

impl AccessList {
    /// Most rules of a list.
    pub const MAX_RULES: usize = 256;

    /// No list is set.
    #[must_use]
    pub const fn unset() -> Self {
        Self(None)
    }

    /// Everybody, at every door.
    #[must_use]
    pub fn allow_all() -> Self {
        let everybody = [[0; 4].into(), [0; 16].into()];
        Self(Some(everybody.into_iter().filter_map(|all: IpAddr| AddressRule::new(all, 0).ok()).collect()))
    }

    /// Who matches one of the rules; nobody, where there is none.
    ///
    /// # Errors
    /// There are more than [`MAX_RULES`](Self::MAX_RULES).
    pub fn new(rules: Vec<AddressRule>) -> Result<Self, TooManyRules> {
        if rules.len() > Self::MAX_RULES { Err(TooManyRules(rules.len())) } else { Ok(Self(Some(rules))) }
    }

    /// The rules, where a list is set.
    #[must_use]
    pub fn rules(&self) -> Option<&[AddressRule]> {
        self.0.as_deref()
    }

    /// Whether the door lets in a peer with this address, which is that of the socket.
    #[must_use]
    pub fn admits(&self, door: Door, peer: IpAddr) -> bool {
        match &self.0 {
            Some(rules) => rules.iter().any(|rule| rule.matches(peer)),
            None => door != Door::Ingest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(rules: &[&str]) -> AccessList {
        AccessList::new(rules.iter().map(|rule| rule.parse().unwrap()).collect()).unwrap()
    }

    #[test]
    fn a_list_that_is_not_set_is_nobody_for_ingest_and_everybody_elsewhere_a10_2_a10_3_a19_9() {
        let peer = "203.0.113.7".parse().unwrap();
        let unset = AccessList::default();
        assert_eq!(unset, AccessList::unset());
        assert!(!unset.admits(Door::Ingest, peer));
        assert!(unset.admits(Door::Preview, peer) && unset.admits(Door::Endpoint, peer));
        for door in [Door::Ingest, Door::Preview, Door::Endpoint] {
            assert!(!list(&[]).admits(door, peer));
            assert!(AccessList::allow_all().admits(door, peer) && list(&["0.0.0.0/0"]).admits(door, peer));
            assert!(AccessList::allow_all().admits(door, "2001:db8::1".parse().unwrap()));
            assert!(list(&["10.0.0.1", "203.0.113.0/24"]).admits(door, peer));
            assert!(!list(&["10.0.0.1", "203.0.114.0/24"]).admits(door, peer));
        }
    }

    #[test]
    fn the_vectors_of_the_fault_matrix_section_5() {
        let list = list(&["203.0.113.0/24", "2001:db8::/48"]);
        let vectors = [
            ("203.0.113.7", true),
            ("::ffff:cb00:7107", true),
            ("::ffff:198.51.100.9", false),
            ("2002:cb00:7107::1", false),
            ("2001:db8::1", true),
            ("fe80::1%eth0", false),
            ("0xcb007107", false),
            ("203.0.113.7:1935", false),
        ];
        for (peer, is_in) in vectors {
            let admitted = peer.parse().is_ok_and(|peer| list.admits(Door::Ingest, peer));
            assert_eq!(admitted, is_in, "{peer}");
        }
    }

    #[test]
    fn rules_have_a_ceiling() {
        let rule: AddressRule = "10.0.0.1".parse().unwrap();
        assert!(AccessList::new(vec![rule; 256]).is_ok());
        let refused = AccessList::new(vec![rule; 257]).unwrap_err();
        assert_eq!(refused.to_string(), "257 address rules; at most 256 are allowed");
    }
}
