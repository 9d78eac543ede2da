//! What an owner sets about a streaming endpoint, and the rules for it.

use super::{error::EndpointError, signature::SignatureKey};
use crate::{access::AccessList, error::LimitError};

/// What an owner sets about a streaming endpoint.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// 1 to 24 letters, digits and hyphens, a letter or digit at both ends (A19.12). The account's default endpoint, which cannot
    /// be deleted (A19.3), is the one with the name `default`.
    pub name: String,
    /// The line that is paid for (A19.5): 0, the default, is Standard with 600 Mbit/s; 1 to 10 have 200 Mbit/s each. `None` sets no
    /// limit, where the host's own line is the only one.
    pub scale_units: Option<u8>,
    /// Seconds, at most a year, for which caches may keep the manifests of assets that have ended (A19.8); by default 60. Media never
    /// changes and is kept for good; a live manifest and an error would be out of date.
    pub max_age: Option<u32>,
    /// Who may ask, by the address of the socket's peer (A19.9); not set, the default, everybody. Behind a CDN that is the CDN.
    pub access: AccessList,
    /// Keys by which a CDN signs its requests (A19.9); where there is one, the default is none, every request must be signed.
    pub signature_keys: Vec<SignatureKey>,
    /// Which pages may read what this endpoint gives (A19.10).
    pub cross_site: CrossSitePolicies,
}

/// The files by which Silverlight and Flash ask whether a page of another site may read (A19.10). By default both let every page
/// read, as CORS does for all other players.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossSitePolicies {
    /// The body of `/clientaccesspolicy.xml`; `None` answers 404.
    pub client_access_policy: Option<String>,
    /// The body of `/crossdomain.xml`; `None` answers 404.
    pub cross_domain: Option<String>,
}

impl EndpointConfig {
    /// The name of the default endpoint.
    pub const DEFAULT_NAME: &str = "default";
    /// Most scale units (A19.5).
    pub const MAX_SCALE_UNITS: u8 = 10;
    /// Most keys: the ones that count, and those that come after them.
    pub const MAX_KEYS: usize = 20;
    /// Longest body of a cross-site policy, in bytes.
    pub const MAX_POLICY: usize = 64 << 10;
    const MAX_NAME: usize = 24;
    const MAX_AGE: u32 = 31_536_000;

    /// An endpoint of this name, all else by default.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Bits a second that it may send; `None` for no limit (A19.5).
    #[must_use]
    pub fn line_rate(&self) -> Option<u64> {
        self.scale_units.map(|units| if units == 0 { 600_000_000 } else { u64::from(units) * 200_000_000 })
    }

    /// Whether this is the account's default endpoint.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.name == Self::DEFAULT_NAME
    }

    /// Whether it keeps every rule.
    pub(super) fn check(&self) -> Result<(), EndpointError> {
        let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let is_plain = self.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let has_ends = is_end(self.name.bytes().next()) && is_end(self.name.bytes().last());
        if !is_plain || !has_ends || self.name.len() > Self::MAX_NAME {
            return Err(EndpointError::Name(self.name.clone()));
        }
        if let Some(units) = self.scale_units.filter(|units| *units > Self::MAX_SCALE_UNITS) {
            return Err(EndpointError::ScaleUnits(units));
        }
        if let Some(age) = self.max_age.filter(|age| *age > Self::MAX_AGE) {
            return Err(EndpointError::MaxAge(age));
        }
        within("signature keys of an endpoint", Self::MAX_KEYS, self.signature_keys.len())?;
        let CrossSitePolicies { client_access_policy, cross_domain } = &self.cross_site;
        for policy in [client_access_policy, cross_domain].into_iter().flatten() {
            within("bytes of a cross-site policy", Self::MAX_POLICY, policy.len())?;
        }
        Ok(())
    }
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            name: Self::DEFAULT_NAME.into(),
            scale_units: Some(0),
            max_age: None,
            access: AccessList::unset(),
            signature_keys: Vec::new(),
            cross_site: CrossSitePolicies::default(),
        }
    }
}

impl Default for CrossSitePolicies {
    fn default() -> Self {
        Self { client_access_policy: Some(CLIENT_ACCESS_POLICY.into()), cross_domain: Some(CROSS_DOMAIN.into()) }
    }
}

const fn within(what: &'static str, ceiling: usize, asked: usize) -> Result<(), LimitError> {
    if asked <= ceiling { Ok(()) } else { Err(LimitError { what, ceiling: ceiling as u64, asked: asked as u64 }) }
}

const CLIENT_ACCESS_POLICY: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<access-policy>
  <cross-domain-access>
    <policy>
      <allow-from http-methods="GET"><domain uri="*"/></allow-from>
      <grant-to><resource path="/" include-subpaths="true"/></grant-to>
    </policy>
  </cross-domain-access>
</access-policy>
"#;

const CROSS_DOMAIN: &str = r#"<?xml version="1.0"?>
<cross-domain-policy>
  <allow-access-from domain="*" secure="false"/>
</cross-domain-policy>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_rule_a19_12() {
        for name in ["a", "0", "default", "a-b", "a--b", "A1-2-c", &"x".repeat(24)] {
            assert_eq!(EndpointConfig::new(name).check(), Ok(()), "{name}");
        }
        for name in ["", "-", "-a", "a-", "a_b", "a.b", "ä", "a b", &"x".repeat(25)] {
            assert_eq!(EndpointConfig::new(name).check(), Err(EndpointError::Name(name.into())));
        }
    }

    #[test]
    fn scale_units_are_a_line_rate_a19_5() {
        let of = |scale_units| EndpointConfig { scale_units, ..EndpointConfig::default() };
        assert_eq!(EndpointConfig::default().line_rate(), Some(600_000_000));
        assert_eq!(of(Some(1)).line_rate(), Some(200_000_000));
        assert_eq!(of(Some(10)).line_rate(), Some(2_000_000_000));
        assert_eq!(of(None).line_rate(), None);
        assert_eq!(of(Some(10)).check(), Ok(()));
        assert_eq!(of(Some(11)).check(), Err(EndpointError::ScaleUnits(11)));
    }

    #[test]
    fn what_is_kept_has_ceilings() {
        let long = Some("x".repeat(EndpointConfig::MAX_POLICY + 1));
        let key = SignatureKey::new("a", "YWJj", Default::default()).unwrap();
        let broken = [
            EndpointConfig { max_age: Some(31_536_001), ..EndpointConfig::default() },
            EndpointConfig { signature_keys: vec![key; 21], ..EndpointConfig::default() },
            EndpointConfig {
                cross_site: CrossSitePolicies { cross_domain: long, client_access_policy: None },
                ..EndpointConfig::default()
            },
        ];
        let codes = broken.map(|config| config.check().unwrap_err().code());
        assert_eq!(codes, ["ENDPOINT_MAX_AGE", "ENDPOINT_LIMIT", "ENDPOINT_LIMIT"]);
    }
}
