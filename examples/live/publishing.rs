//! What the publishing points remember of their streams from one POST to the next.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use headend::{channel::Slot, ingest::smooth::SmoothStreams};

/// One memory for each `Streams(id)`: an encoder that lost its connection posts to the same one again.
///
/// Sound that comes beside every rung is left to the channel, which takes it from one session: were it dropped here as
/// sent twice, what came first by another session would be missing in that one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Publishing(Arc<Mutex<Memories>>);

type Memories = BTreeMap<(Slot, String), SmoothStreams>;

impl Publishing {
    /// As many as two slots of a channel may have on, and as many that come back.
    const MOST: usize = 128;

    /// The memory of `/…isml/Streams(id)`, in any case of letters.
    pub(crate) fn streams(&self, slot: Slot, id: &str) -> SmoothStreams {
        let mut memories = self.lock();
        let key = (slot, id.to_ascii_lowercase());
        if memories.len() >= Self::MOST && !memories.contains_key(&key) {
            // Somebody makes names up; who comes back meanwhile sends two fragments that are not known for such.
            memories.clear();
        }
        memories.entry(key).or_default().clone()
    }

    /// Forgets everything: the channel begins anew.
    pub(crate) fn clear(&self) {
        let mut memories = self.lock();
        memories.values().for_each(SmoothStreams::clear);
        memories.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Memories> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
