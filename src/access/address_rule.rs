//! One rule of an address list, in the three forms of A10.1: `10.0.0.1`, `10.0.0.1/22` and `10.0.0.1(255.255.252.0)`.
//!
//! IPv6 has the same forms. An IPv4-mapped IPv6 address (RFC 4291 clause 2.5.5.2) is the IPv4 address, in a rule as in a peer;
//! 6to4 and NAT64 addresses are plain IPv6. Zone ids, octal and hexadecimal parts, leading zeros and spaces are refused: what
//! two programs read in two ways is no rule.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

/// Addresses that are let in: one, or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRule(IpNet);

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressRuleError {
    /// What stands before the prefix or mask is no IPv4 or IPv6 address in plain form.
    #[error("{0:?} is not an IP address")]
    Address(String),
    /// What stands after the slash is no number in plain form.
    #[error("{0:?} is not a prefix length")]
    Prefix(String),
    /// The prefix is longer than the address.
    #[error("a prefix of {prefix} bits is over the {bits} of the address")]
    PrefixTooLong {
        /// As asked for.
        prefix: u8,
        /// Bits of the address: 32 or 128.
        bits: u8,
    },
    /// What stands in parentheses is no mask of the address's kind whose ones all come first.
    #[error("{0:?} is not a network mask for this address")]
    Mask(String),
}

impl AddressRule {
    /// A network by any address in it and the length of its prefix, as the entity of A10.4 has them. Bits of the address
    /// after the prefix do not count (A10.5).
    ///
    /// # Errors
    /// [`AddressRuleError::PrefixTooLong`].
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, AddressRuleError> {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let network = IpNet::new(address, prefix).map_err(|_| AddressRuleError::PrefixTooLong { prefix, bits })?;
        // A network of mapped addresses only is a network of IPv4 addresses.
        let mapped = prefix.checked_sub(MAPPED_BITS).zip(v4_of(address));
        let network = mapped.and_then(|(prefix, address)| IpNet::new(address, prefix).ok()).unwrap_or(network);
        Ok(Self(network.trunc()))
    }

    /// Whether a peer's address is in it. A rule without prefix bits, such as `0.0.0.0/0`, is everybody (A10.2), whichever kind
    /// of address they have.
    #[must_use]
    pub fn matches(&self, peer: IpAddr) -> bool {
        self.0.prefix_len() == 0 || self.0.contains(&peer.to_canonical())
    }
}

impl FromStr for AddressRule {
    type Err = AddressRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((address, prefix)) = text.split_once('/') {
            return Self::new(parse_address(address)?, parse_prefix(prefix)?);
        }
        let masked = text.split_once('(').and_then(|(address, rest)| Some((address, rest.strip_suffix(')')?)));
        if let Some((address, mask)) = masked {
            let address = parse_address(address)?;
            let no_mask = || AddressRuleError::Mask(mask.into());
            let bits = mask.parse::<IpAddr>().ok().filter(|bits| bits.is_ipv4() == address.is_ipv4());
            let prefix = ipnet::ip_mask_to_prefix(bits.ok_or_else(no_mask)?).map_err(|_| no_mask())?;
            return Self::new(address, prefix);
        }
        let address = parse_address(text)?;
        Self::new(address, if address.is_ipv4() { 32 } else { 128 })
    }
}

/// The rule in the form with a prefix, host bits cleared; one address alone stands as it is.
impl fmt::Display for AddressRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

/// The standard library takes neither zones, ports nor octal or hexadecimal parts of IPv4.
fn parse_address(text: &str) -> Result<IpAddr, AddressRuleError> {
    text.parse().map_err(|_| AddressRuleError::Address(text.into()))
}

fn parse_prefix(text: &str) -> Result<u8, AddressRuleError> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    let prefix = text.parse().ok().filter(|_| is_plain);
    prefix.ok_or_else(|| AddressRuleError::Prefix(text.into()))
}

fn v4_of(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map(IpAddr::V4),
    }
}

/// Bits before the IPv4 address in a mapped one.
const MAPPED_BITS: u8 = 96;

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> AddressRule {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn matches(text: &str, peer: &str) -> bool {
        rule(text).matches(peer.parse().unwrap())
    }

    #[test]
    fn the_three_forms_of_a10_1_and_host_bits_of_a10_5() {
        assert!(matches("10.0.0.1", "10.0.0.1") && !matches("10.0.0.1", "10.0.0.2"));
        for network in ["10.0.0.1/22", "10.0.0.0/22", "10.0.0.1(255.255.252.0)"] {
            assert_eq!(rule(network).to_string(), "10.0.0.0/22", "{network}");
            assert!(matches(network, "10.0.3.255") && !matches(network, "10.0.4.0"), "{network}");
        }
        assert_eq!(AddressRule::new([10, 0, 0, 1].into(), 22), Ok(rule("10.0.0.0/22")));
        assert_eq!(rule("10.0.0.1").to_string(), "10.0.0.1");
    }

    #[test]
    fn everybody_is_a_prefix_of_no_bits_a10_2() {
        for text in ["0.0.0.0/0", "10.1.2.3/0", "0.0.0.0(0.0.0.0)", "::/0"] {
            assert!(matches(text, "203.0.113.7") && matches(text, "2001:db8::1"), "{text}");
        }
        assert!(!matches("0.0.0.0/1", "2001:db8::1"));
    }

    #[test]
    fn mapped_addresses_are_ipv4_and_others_that_hold_one_are_not() {
        for text in ["203.0.113.0/24", "::ffff:203.0.113.0/120", "::ffff:203.0.113.9/120"] {
            assert!(matches(text, "203.0.113.7") && matches(text, "::ffff:203.0.113.7"), "{text}");
            // 6to4, NAT64 and IPv4-compatible.
            for plain in ["2002:cb00:7107::1", "64:ff9b::203.0.113.7", "::203.0.113.7"] {
                assert!(!matches(text, plain), "{text} {plain}");
            }
            assert_eq!(rule(text).to_string(), "203.0.113.0/24");
        }
        assert!(matches("2001:db8::/48", "2001:db8::1") && !matches("2001:db8::/48", "2001:db9::1"));
        assert!(matches("2001:db8::1(ffff:ffff:ffff::)", "2001:db8::7"));
        assert!(matches("2002:cb00:7107::/48", "2002:cb00:7107::1"));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused_by_name() {
        let refused = |text: &str| text.parse::<AddressRule>().unwrap_err();
        for text in [
            "",
            " 10.0.0.1",
            "10.0.0.1 ",
            "010.0.0.1",
            "0x0a000001",
            "167772161",
            "10.0.1",
            "10.0.0.256",
            "fe80::1%eth0",
            "10.0.0.1:1935",
            "[::1]",
            "example.org",
            "10.0.0.1(255.255.255.0",
            "10.0.0.1-10.0.0.9",
        ] {
            assert_eq!(refused(text), AddressRuleError::Address(text.into()), "{text}");
        }
        for prefix in ["", "08", "+8", " 8", "-1", "256", "8/8", "0x8"] {
            assert_eq!(refused(&format!("10.0.0.1/{prefix}")), AddressRuleError::Prefix(prefix.into()));
        }
        assert_eq!(refused("10.0.0.1/33"), AddressRuleError::PrefixTooLong { prefix: 33, bits: 32 });
        assert_eq!(refused("::1/129"), AddressRuleError::PrefixTooLong { prefix: 129, bits: 128 });
        for mask in ["", "255.0.255.0", "255.255.252", "ffff::", "22", "0.0.0.255"] {
            assert_eq!(refused(&format!("10.0.0.1({mask})")), AddressRuleError::Mask(mask.into()));
        }
    }
}
