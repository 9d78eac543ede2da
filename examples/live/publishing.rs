//! What the publishing points remember of their streams from one POST to the next.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use headend::{
    channel::{Session, Slot},
    ingest::smooth::SmoothStreams,
};

/// One memory for each `Streams(id)`: an encoder that lost its connection posts to the same one again.
///
/// Sound that comes beside every rung is left to the channel, which takes it from one session: were it dropped here as
/// sent twice, what came first by another session would be missing in that one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Publishing(Arc<Mutex<Memories>>);

/// The memory of one `Streams(id)`, in the hands of a POST.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<SmoothStreams>);

#[derive(Debug, Default)]
struct Memories {
    kept: BTreeMap<Key, Kept>,
    /// POSTs that were taken in.
    turn: u64,
}

/// Slot and identifier, which comes in any case of letters.
type Key = (Slot, String);

#[derive(Debug)]
struct Kept {
    memory: Memory,
    /// The turn of its newest POST.
    turn: u64,
}

impl Publishing {
    /// As many as two slots of a channel may have on, and as many that come back.
    const MOST: usize = 128;

    /// What is known of the session's stream: nothing, for one that was not kept.
    pub(crate) fn memory(&self, session: &Session) -> Memory {
        self.lock().kept.get(&key(session)).map(|kept| kept.memory.clone()).unwrap_or_default()
    }

    /// Keeps the memory of a POST that the channel took in. The one that was not needed for the longest time gives way,
    /// those of POSTs that are on last.
    pub(crate) fn keep(&self, session: &Session, memory: &Memory) {
        let mut memories = self.lock();
        memories.turn = memories.turn.wrapping_add(1);
        let (turn, key) = (memories.turn, key(session));
        memories.kept.insert(key, Kept { memory: memory.clone(), turn });
        if memories.kept.len() > Self::MOST {
            let needed = |kept: &Kept| (kept.memory.is_in_hand(), kept.turn);
            let least = memories.kept.iter().min_by_key(|(_, kept)| needed(kept)).map(|(key, _)| key.clone());
            least.map(|least| memories.kept.remove(&least));
        }
    }

    /// Forgets everything: the channel begins anew.
    pub(crate) fn clear(&self) {
        let mut memories = self.lock();
        memories.kept.values().for_each(|kept| kept.memory.0.clear());
        memories.kept.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Memories> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    pub(crate) fn streams(&self) -> SmoothStreams {
        SmoothStreams::clone(&self.0)
    }

    /// Whether a POST has it, and not only the publishing point.
    fn is_in_hand(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

fn key(session: &Session) -> Key {
    (session.slot, session.name.to_ascii_lowercase())
}
