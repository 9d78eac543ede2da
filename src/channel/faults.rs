//! Folds repeated trouble, so that a bad feed does not flood whoever listens (FAULTS section 2, I8).

use std::{collections::BTreeMap, time::Duration};

use crate::{channel::IngestId, error::Fault};

/// Faults that were seen and not yet told, one entry per kind.
#[derive(Debug, Default)]
pub(super) struct FaultFold {
    kinds: BTreeMap<(Option<IngestId>, &'static str), Folded>,
}

#[derive(Debug)]
struct Folded {
    told_at: Duration,
    newest: Option<(Fault, u64)>,
}

impl FaultFold {
    /// A kind of fault is told at most once in this time.
    const QUIET: Duration = Duration::from_secs(1);

    /// Notes a fault; returned at once where its kind was quiet for a while.
    pub(super) fn push(&mut self, ingest: Option<IngestId>, mut fault: Fault, now: Duration) -> Option<(Fault, u64)> {
        let key = (ingest, fault.code());
        match self.kinds.get_mut(&key) {
            None => {
                self.kinds.insert(key, Folded { told_at: now, newest: None });
                Some((fault, 1))
            }
            Some(folded) => {
                let mut count = 1;
                if let Some((earlier, folded)) = &folded.newest {
                    fault.absorb(earlier);
                    count += folded;
                }
                folded.newest = Some((fault, count));
                None
            }
        }
    }

    /// The next folded fault that is due to be told.
    pub(super) fn pull(&mut self, now: Duration) -> Option<(Option<IngestId>, Fault, u64)> {
        let due = |folded: &Folded| now >= folded.told_at + Self::QUIET;
        let key = *self.kinds.iter().find(|(_, folded)| due(folded) && folded.newest.is_some())?.0;
        let folded = self.kinds.get_mut(&key)?;
        folded.told_at = now;
        folded.newest.take().map(|(fault, count)| (key.0, fault, count))
    }

    /// Forgets kinds that stayed quiet.
    pub(super) fn tidy(&mut self, now: Duration) {
        self.kinds.retain(|_, folded| folded.newest.is_some() || now < folded.told_at + Self::QUIET);
    }

    /// When [`pull`](Self::pull) has something to tell.
    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.kinds.values().filter(|folded| folded.newest.is_some()).map(|folded| folded.told_at + Self::QUIET).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_becomes_one_event_a_second() {
        let mut fold = FaultFold::default();
        let fault = || Fault::Loss { lost: 1, stream: None };
        assert_eq!(fold.push(None, fault(), Duration::ZERO), Some((fault(), 1)));
        for n in 0..1000 {
            assert_eq!(fold.push(None, fault(), Duration::from_millis(n / 2)), None);
        }
        assert_eq!(fold.pull(Duration::from_millis(999)), None);
        assert_eq!(fold.poll_timeout(), Some(Duration::from_secs(1)));
        let sum = Fault::Loss { lost: 1000, stream: None };
        assert_eq!(fold.pull(Duration::from_secs(1)), Some((None, sum, 1000)), "nothing is lost from the count");
        assert_eq!(fold.pull(Duration::from_secs(5)), None);
        fold.tidy(Duration::from_secs(5));
        assert!(fold.kinds.is_empty());
    }
}
