//! Locators: under which paths assets are published, and when (A18). Media is not touched by any of this.

use std::collections::BTreeMap;

use crate::{archive::AssetName, error::LimitError, time::Utc};

/// Published assets by locator.
#[derive(Debug, Default)]
pub(super) struct Locators(BTreeMap<String, Locator>);

/// A path under which an asset is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locator {
    /// Whose.
    pub asset: AssetName,
    /// The manifest name, which stands before `.ism`.
    pub name: String,
    /// When it is good: at any time, as it is made (A18.4 knows a hundred years).
    pub validity: Validity,
}

/// From when on, and until when; open where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// The first instant.
    pub start: Option<Utc>,
    /// The first instant that is too late.
    pub expiry: Option<Utc>,
}

/// Why a locator was refused; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// A ceiling.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// Locators and names are 1 to 80 letters, digits, `-`, `_` and `.`, not starting with a dot.
    #[error("{0:?} cannot stand in a URL")]
    Name(String),
    /// The locator is taken.
    #[error("locator {0} is in use")]
    Taken(String),
    /// A25.5.
    #[error("asset {asset} has {locators} locators already")]
    TooMany {
        /// Whose.
        asset: AssetName,
        /// As many as it may have.
        locators: usize,
    },
    /// There is no such locator.
    #[error("there is no locator {0}")]
    NoLocator(String),
    /// It would be over before it starts.
    #[error("a locator expires after it starts")]
    Validity,
}

impl Locators {
    /// A25.5.
    const PER_ASSET: usize = 5;

    /// Whether an asset may be published there.
    pub(super) fn check(&self, locator: &str, asset: &AssetName, name: &str) -> Result<(), PublishError> {
        for text in [locator, name] {
            AssetName::new(text).ok_or_else(|| PublishError::Name(text.into()))?;
        }
        if self.0.contains_key(locator) {
            return Err(PublishError::Taken(locator.into()));
        }
        let locators = self.0.values().filter(|known| known.asset == *asset).count();
        if locators >= Self::PER_ASSET {
            return Err(PublishError::TooMany { asset: asset.clone(), locators });
        }
        Ok(())
    }

    pub(super) fn publish(&mut self, locator: &str, asset: &AssetName, name: &str) {
        let validity = Validity::default();
        self.0.insert(locator.into(), Locator { asset: asset.clone(), name: name.into(), validity });
    }

    /// A18.6: the path stays as it is.
    pub(super) fn set_validity(&mut self, locator: &str, validity: Validity) -> Result<(), PublishError> {
        if validity.start.zip(validity.expiry).is_some_and(|(start, expiry)| start >= expiry) {
            return Err(PublishError::Validity);
        }
        let known = self.0.get_mut(locator).ok_or_else(|| PublishError::NoLocator(locator.into()))?;
        known.validity = validity;
        Ok(())
    }

    /// Whether there was one.
    pub(super) fn remove(&mut self, locator: &str) -> bool {
        self.0.remove(locator).is_some()
    }

    /// The asset under a path, where it is good by now.
    pub(super) fn find(&self, locator: &str, name: &str, now: Utc) -> Option<&AssetName> {
        let known = self.0.get(locator).filter(|known| known.name == name && known.validity.holds(now))?;
        Some(&known.asset)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Locator)> {
        self.0.iter().map(|(locator, known)| (locator.as_str(), known))
    }
}

impl Validity {
    fn holds(self, now: Utc) -> bool {
        self.start.is_none_or(|start| now >= start) && self.expiry.is_none_or(|expiry| now < expiry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(name: &str) -> AssetName {
        AssetName::new(name).unwrap()
    }

    #[test]
    fn five_locators_of_an_asset_a25_5() {
        let mut locators = Locators::default();
        for n in 0..5 {
            let locator = format!("l{n}");
            assert_eq!(locators.check(&locator, &asset("a"), "ch"), Ok(()));
            locators.publish(&locator, &asset("a"), "ch");
        }
        let full = PublishError::TooMany { asset: asset("a"), locators: 5 };
        assert_eq!(locators.check("more", &asset("a"), "ch"), Err(full));
        assert_eq!(locators.check("l0", &asset("b"), "ch"), Err(PublishError::Taken("l0".into())));
        assert_eq!(locators.check("..", &asset("b"), "ch"), Err(PublishError::Name("..".into())));
        assert_eq!(locators.check("more", &asset("b"), "ch"), Ok(()));
        assert!(locators.remove("l0") && !locators.remove("l0"));
        assert_eq!(locators.check("l0", &asset("a"), "ch"), Ok(()));
    }

    #[test]
    fn a_locator_is_good_from_its_start_until_it_expires_a18() {
        let mut locators = Locators::default();
        locators.publish("l", &asset("a"), "ch");
        let at = |secs| Utc::from_unix_secs(secs);
        let good = |locators: &Locators, secs| locators.find("l", "ch", at(secs)).is_some();
        assert!(good(&locators, 0) && locators.find("l", "other", at(0)).is_none());
        let validity = Validity { start: Some(at(10)), expiry: Some(at(20)) };
        locators.set_validity("l", validity).unwrap();
        assert_eq!([9, 10, 19, 20].map(|secs| good(&locators, secs)), [false, true, true, false]);
        locators.set_validity("l", Validity { expiry: Some(at(30)), ..validity }).unwrap();
        assert!(good(&locators, 25), "A18.6: the URL stays when the expiry changes");
        let reversed = Validity { start: Some(at(9)), expiry: Some(at(9)) };
        assert_eq!(locators.set_validity("l", reversed), Err(PublishError::Validity));
        assert_eq!(locators.set_validity("m", validity), Err(PublishError::NoLocator("m".into())));
    }
}
