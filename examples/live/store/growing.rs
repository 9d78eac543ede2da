//! Fragments at the live edge that are not whole yet: in memory alone, until they are stored.

use std::collections::BTreeMap;

use bytes::Bytes;
use headend::{
    archive::{AssetName, Growth, ObjectName},
    media::Body,
};

use super::queue::folder;

/// What there is of them, by name.
#[derive(Debug, Default)]
pub(super) struct Growing(BTreeMap<ObjectName, Vec<Bytes>>);

impl Growing {
    pub(super) fn grow(&mut self, growth: Growth) {
        if growth.at == 0 {
            // One of the track's that was never stored is not missed.
            self.0.retain(|other, _| folder(other) != folder(&growth.name));
        }
        self.0.entry(growth.name).or_default().extend_from_slice(growth.body.parts());
    }

    pub(super) fn forget(&mut self, name: &ObjectName) {
        self.0.remove(name);
    }

    /// What has come of it is all.
    pub(super) fn end(&mut self, asset: &AssetName) {
        self.0.retain(|name, _| name.as_str().split('/').next() != Some(asset.as_str()));
    }

    pub(super) fn get(&self, name: &ObjectName) -> Option<Body> {
        self.0.get(name).map(|slices| Body::from(slices.clone()))
    }
}
