//! Which of an asset's fragments the store has lost.

use super::Kept;
use crate::{
    archive::{AssetName, Loss, ObjectName},
    media::Segment,
};

impl Kept {
    /// Fragments that the store has lost are missing from now on; whether any of them was kept.
    pub(in crate::archive) fn lose(&mut self, losses: &[Loss]) -> bool {
        let mut changes = self.timeline.lose(losses);
        for segment in &mut self.lingering {
            losses.iter().for_each(|loss| changes |= loss.mark(segment));
        }
        changes
    }

    /// The fragments among these names that are kept, in order, each once.
    pub(in crate::archive) fn losses(&self, asset: &AssetName, names: &[ObjectName]) -> Vec<Loss> {
        let mut losses: Vec<Loss> = names.iter().filter_map(|name| self.find(asset, name)).collect();
        losses.sort_unstable();
        losses.dedup();
        losses
    }

    fn find(&self, asset: &AssetName, name: &ObjectName) -> Option<Loss> {
        let rest = name.as_str().strip_prefix(asset.as_str())?.strip_prefix('/')?;
        let (track, file) = rest.split_once('/')?;
        let ticks = file.strip_suffix(".m4s")?.parse().ok()?;
        let track = self.timeline.presentation().tracks.iter().position(|spec| spec.name == track)?;
        let is_it =
            |segment: &&Segment| segment.spans.get(track).is_some_and(|span| span.start == ticks && !span.is_missing());
        let in_window = self.timeline.find(track, ticks).filter(is_it);
        let segment = in_window.or_else(|| self.lingering.iter().find(is_it))?;
        Some(Loss { sequence: segment.sequence, track })
    }
}
