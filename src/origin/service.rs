//! The origin itself: locators, assets, and the way from a request to an answer.

use std::collections::BTreeMap;

use super::{
    error::OriginError,
    filter::{Filter, FilterError, Filters},
    growing::{Growing, Grown},
    locators::{Locator, Locators, PublishError, Validity},
    request::{Method, Request},
    response::{Reply, Response},
    shelf::{Shelf, Windows},
    url::{Target, decode},
};
use crate::{
    archive::{AssetName, Timeline, TimelineChange, TimelineError, TimelineUpdate},
    error::LimitError,
    time::Now,
};

/// A streaming endpoint without its sockets.
///
/// Commands (`apply`, `publish`, `unpublish`, `forget`) take `&mut self`; [`handle`](Self::handle) takes `&self` and may
/// run on many threads at once.
#[derive(Debug)]
pub struct Origin {
    config: OriginConfig,
    assets: BTreeMap<AssetName, Shelf>,
    locators: Locators,
    /// Of the account; those of an asset go before them.
    filters: Filters,
}

/// How much an origin takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginConfig {
    /// Assets that it follows, 1 000; each costs its timeline.
    pub max_assets: usize,
    /// Locators, 5 000: five per asset (A25.5).
    pub max_locators: usize,
}

/// Why an update was refused; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A ceiling.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The asset was never opened here.
    #[error("asset {0} is not open")]
    NotOpen(AssetName),
    /// The asset is open already.
    #[error("asset {0} is open already")]
    Open(AssetName),
    /// The segment does not fit.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
}

impl Origin {
    /// An origin that knows nothing yet.
    #[must_use]
    pub fn new(config: OriginConfig) -> Self {
        Self { config, assets: BTreeMap::new(), locators: Locators::default(), filters: Filters::default() }
    }

    /// Follows a timeline. Manifests show the change from the next request on.
    ///
    /// # Errors
    /// The update does not follow what was applied before.
    pub fn apply(&mut self, update: &TimelineUpdate) -> Result<(), ApplyError> {
        let asset = &update.asset;
        if let TimelineChange::Opened { presentation, window, rewind, segment_duration } = &update.change {
            if self.assets.contains_key(asset) {
                return Err(ApplyError::Open(asset.clone()));
            }
            check("assets of an origin", self.config.max_assets, self.assets.len())?;
            let windows = Windows { archive: *window, rewind: *rewind };
            let shelf = Shelf::new(asset.clone(), presentation, windows, *segment_duration);
            self.assets.insert(asset.clone(), shelf);
            return Ok(());
        }
        let shelf = self.assets.get_mut(asset).ok_or_else(|| ApplyError::NotOpen(asset.clone()))?;
        match &update.change {
            TimelineChange::Resumed(past) => shelf.resume(*past),
            TimelineChange::Parted(part) => shelf.append_part(part)?,
            TimelineChange::Added(segment) => shelf.append(segment)?,
            TimelineChange::Trimmed { before } => shelf.trim(*before),
            TimelineChange::Offered(offered) => shelf.offer(offered),
            TimelineChange::Captioned(services) => shelf.caption(services),
            TimelineChange::Drifted(by) => shelf.drift(*by),
            TimelineChange::Lost(losses) => shelf.lose(losses),
            TimelineChange::Ended => shelf.end(),
            TimelineChange::Opened { .. } => {}
        }
        Ok(())
    }

    /// Publishes an asset at `/{locator}/{name}.ism/…`, at any time; the asset may be opened later.
    ///
    /// # Errors
    /// The locator is taken, there are too many or five of this asset, or a name cannot stand in a URL.
    pub fn publish(&mut self, locator: &str, asset: &AssetName, name: &str) -> Result<(), PublishError> {
        self.locators.check(locator, asset, name)?;
        check("locators of an origin", self.config.max_locators, self.locators.len())?;
        self.locators.publish(locator, asset, name);
        Ok(())
    }

    /// Says from when on and until when a locator is good; outside of that it answers 404 as one that is not there. Its URLs stay
    /// the same (A18.6).
    ///
    /// # Errors
    /// There is no such locator, or it would expire before it starts.
    pub fn set_validity(&mut self, locator: &str, validity: Validity) -> Result<(), PublishError> {
        self.locators.set_validity(locator, validity)
    }

    /// Takes a locator away; whether there was one.
    pub fn unpublish(&mut self, locator: &str) -> bool {
        self.locators.remove(locator)
    }

    /// Every locator, in the order of their names.
    pub fn locators(&self) -> impl Iterator<Item = (&str, &Locator)> {
        self.locators.iter()
    }

    /// Sets a filter of the account, or of an asset, whose filters go before those of the account (A22.1). It takes the place of one
    /// of this name, from the next request on.
    ///
    /// # Errors
    /// A rule that it breaks, an asset that is not open, or a hundred filters already (A22.10).
    pub fn set_filter(&mut self, of: Option<&AssetName>, name: &str, filter: Filter) -> Result<(), FilterError> {
        match of {
            None => self.filters.set(name, filter),
            Some(asset) => {
                let shelf = self.assets.get_mut(asset).ok_or_else(|| FilterError::NoAsset(asset.clone()))?;
                shelf.filters().set(name, filter)
            }
        }
    }

    /// Takes a filter of the account or of an asset away; whether there was one.
    pub fn remove_filter(&mut self, of: Option<&AssetName>, name: &str) -> bool {
        match of {
            None => self.filters.remove(name),
            Some(asset) => self.assets.get_mut(asset).is_some_and(|shelf| shelf.filters().remove(name)),
        }
    }

    /// Forgets an asset's timeline and its filters; whether there was one. Its locators stay and answer 404.
    pub fn forget(&mut self, asset: &AssetName) -> bool {
        self.assets.remove(asset).is_some()
    }

    /// What the manifests of an asset show.
    #[must_use]
    pub fn timeline(&self, asset: &AssetName) -> Option<&Timeline> {
        self.assets.get(asset).map(Shelf::timeline)
    }

    /// Answers a request. `now` says which locators are good and until when one may wait: a manifest is a function of
    /// the timeline alone.
    #[must_use]
    pub fn handle(&self, request: &Request<'_>, now: Now) -> Reply {
        match request.method {
            Method::Options => Reply::Response(Response::preflight()),
            Method::Other => Reply::Response(Response::error(OriginError::MethodNotAllowed)),
            Method::Get | Method::Head => {
                self.answer(request, now).unwrap_or_else(|error| Reply::Response(Response::refusal(error, request)))
            }
        }
    }

    /// What comes next of a fragment that is sent while it grows.
    #[must_use]
    pub fn grow(&self, growing: &mut Growing) -> Grown {
        let timeline = self.timeline(&growing.asset);
        growing.grow(timeline)
    }

    fn answer(&self, request: &Request<'_>, now: Now) -> Result<Reply, OriginError> {
        let path = decode(request.path)?;
        let target = Target::parse(&path)?;
        let asset = self.locators.find(target.locator, target.name, now.utc).ok_or(OriginError::ResourceNotFound)?;
        let shelf = self.assets.get(asset).ok_or(OriginError::ResourceNotFound)?;
        let names = target.filter.into_iter().flat_map(|names| names.split(';'));
        let filters =
            names.map(|name| shelf.filter(name).or(self.filters.get(name)).ok_or(OriginError::FilterNotFound));
        let filters = filters.collect::<Result<Vec<&Filter>, _>>()?;
        shelf.answer(&target, &filters, request, now)
    }
}

impl Default for OriginConfig {
    fn default() -> Self {
        Self { max_assets: 1000, max_locators: 5000 }
    }
}

/// One more than `held` is still within the ceiling.
const fn check(what: &'static str, ceiling: usize, held: usize) -> Result<(), LimitError> {
    if held < ceiling {
        return Ok(());
    }
    Err(LimitError { what, ceiling: ceiling as u64, asked: held as u64 + 1 })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_dash;
#[cfg(test)]
mod tests_of_filters;
#[cfg(test)]
mod tests_of_hds;
#[cfg(test)]
mod tests_of_key_frames;
#[cfg(test)]
mod tests_of_losses;
#[cfg(test)]
mod tests_of_low_latency;
#[cfg(test)]
mod tests_of_packs;
#[cfg(test)]
mod tests_of_smooth;
