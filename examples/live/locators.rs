//! Which asset is published under which locator, as a record in the store: URLs outlive the process.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use headend::archive::AssetName;
use serde_json::{Value, json};

/// `{"LOCATOR": {"asset": "…", "name": "…"}}`.
#[derive(Debug, Default)]
pub(crate) struct Locators(Mutex<BTreeMap<String, Locator>>);

/// What is published under a locator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Locator {
    pub(crate) asset: AssetName,
    /// The name in its URLs, the channel's.
    pub(crate) name: String,
}

impl Locators {
    /// The record's name in the store.
    pub(crate) const FILE: &str = "locators.json";

    /// Adds one; the record as it is then.
    pub(crate) fn add(&self, locator: &str, asset: &AssetName, name: &str) -> Bytes {
        let mut all = self.lock();
        all.insert(locator.into(), Locator { asset: asset.clone(), name: name.into() });
        record(&all)
    }

    /// Takes one away; the record as it is then.
    pub(crate) fn remove(&self, locator: &str) -> Bytes {
        let mut all = self.lock();
        all.remove(locator);
        record(&all)
    }

    /// Takes what the record of an earlier run says; entries that make no sense are left out.
    pub(crate) fn read(&self, record: &[u8]) -> Result<Vec<(String, Locator)>, serde_json::Error> {
        let record: BTreeMap<String, Value> = serde_json::from_slice(record)?;
        let entry = |(locator, value): (String, Value)| {
            let asset = AssetName::new(value["asset"].as_str()?)?;
            Some((locator, Locator { asset, name: value["name"].as_str()?.into() }))
        };
        let known: Vec<_> = record.into_iter().filter_map(entry).collect();
        self.lock().extend(known.iter().cloned());
        Ok(known)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Locator>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record(all: &BTreeMap<String, Locator>) -> Bytes {
    let entry = |(locator, Locator { asset, name }): (&String, &Locator)| {
        (locator.clone(), json!({"asset": asset.as_str(), "name": name}))
    };
    let record: serde_json::Map<_, _> = all.iter().map(entry).collect();
    Bytes::from(format!("{:#}\n", Value::from(record)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back() {
        let (locators, asset) = (Locators::default(), AssetName::new("main-1").unwrap());
        locators.add("first", &asset, "main");
        let record = locators.add("second", &asset, "other");
        let read = Locators::default().read(&record).unwrap();
        let of = |name: &str| Locator { asset: asset.clone(), name: name.into() };
        assert_eq!(read, [("first".into(), of("main")), ("second".into(), of("other"))]);
        let read = Locators::default().read(&locators.remove("first")).unwrap();
        assert_eq!(read, [("second".into(), of("other"))]);
        assert_eq!(Locators::default().read(b"{\"x\": {\"asset\": \"../up\", \"name\": \"n\"}}").unwrap(), []);
        assert!(Locators::default().read(b"half a reco").is_err());
    }
}
