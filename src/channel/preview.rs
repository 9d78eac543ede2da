//! The preview (A11.1): what the channel makes, whether or not a program runs, for whoever is to look at it before viewers do.
//!
//! It is an asset of its own with a short window, a new one each time the channel goes on air, and it lists every rendition: nothing is
//! withdrawn that the contribution is not good for. It is no program: it needs no command, counts for no quota, is not billed, holds up
//! neither a stop nor a reset, and cuts no segment. Where programs run it holds the same fragments as they do, under names of
//! its own; their bytes are shared and not copied.

use std::sync::Arc;

use crate::{
    archive::{Asset, AssetConfig, AssetName, CaptionService, SealedPart, SealedSegment, TimelineError},
    channel::{Channel, Event, relay::Relay},
    media::Presentation,
    time::{MediaDuration, Now},
};

/// The preview of a channel that is on air.
#[derive(Debug)]
pub(super) struct Preview {
    pub(super) asset: Asset,
}

impl Preview {
    fn open(
        name: AssetName,
        presentation: &Arc<Presentation>,
        window: MediaDuration,
        segment_duration: MediaDuration,
    ) -> Self {
        let config = AssetConfig { window: Some(window), rewind: None, segment_duration };
        Self { asset: Asset::open(name, Arc::clone(presentation), config) }
    }

    /// Takes a segment with what is known at its end.
    ///
    /// # Errors
    /// The segment has no place in the asset's timeline and is left out of it.
    pub(super) fn push(
        &mut self,
        sealed: &SealedSegment,
        drift: MediaDuration,
        captions: Option<&[CaptionService]>,
    ) -> Result<(), TimelineError> {
        self.asset.drift(drift);
        captions.into_iter().for_each(|services| self.asset.caption(services));
        self.asset.push(sealed)
    }

    /// Takes a part of the segment that comes next.
    ///
    /// # Errors
    /// The part has no place in the asset's timeline and is left out of it.
    pub(super) fn push_part(&mut self, sealed: &SealedPart) -> Result<(), TimelineError> {
        self.asset.push_part(sealed)
    }
}

impl Channel {
    /// The asset of the preview; `None` where [`ChannelConfig::preview_window`] asks for none, while nothing is on air, and before a
    /// pass-through channel knows its tracks.
    ///
    /// [`ChannelConfig::preview_window`]: crate::channel::ChannelConfig::preview_window
    #[must_use]
    pub fn preview(&self) -> Option<&AssetName> {
        self.preview.as_ref().map(|preview| preview.asset.name())
    }

    /// Opens the preview as soon as it is known what the channel offers.
    pub(super) fn open_preview(&mut self, now: Now) {
        let Some(window) = self.config.preview_window.filter(|_| self.preview.is_none()) else { return };
        let offered = match (&self.air, &self.relay) {
            (Some(air), _) => Some((&air.presentation, air.switcher.cadence().gop())),
            (None, relay) => {
                relay.as_ref().and_then(|relay| Some((relay.presentation()?, Relay::longest_segment(relay))))
            }
        };
        let Some((presentation, longest)) = offered else { return };
        let Some(name) = self.preview_name(now) else { return };
        self.preview = Some(Preview::open(name.clone(), presentation, window, longest));
        self.event(Event::PreviewStarted { asset: name });
    }

    /// The channel goes off air, or begins anew: nothing comes any more.
    pub(super) fn end_preview(&mut self) {
        let Some(preview) = &mut self.preview else { return };
        preview.asset.end();
        let asset = preview.asset.name().clone();
        self.take_asset_outputs();
        self.preview = None;
        self.event(Event::PreviewStopped { asset });
    }

    /// A name that no run of this channel had, and no run of another process: `{channel}-preview-{milliseconds since 1970}-{run}`.
    fn preview_name(&self, now: Now) -> Option<AssetName> {
        let millis = now.utc.unix_nanos().div_euclid(1_000_000);
        AssetName::new(&format!("{}-preview-{millis}-{}", self.config.name, self.generation))
    }
}
