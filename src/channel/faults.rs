//! Folds repeated trouble, so that a bad feed does not flood whoever listens (FAULTS section 2, I8).

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{channel::IngestId, error::Fault};

/// Faults that were seen and not yet told, by kind. What they count is added up, so that no count is lost.
#[derive(Debug, Default)]
pub(super) struct FaultFold {
    kinds: BTreeMap<(Option<IngestId>, &'static str), Folded>,
}

#[derive(Debug)]
struct Folded {
    told_at: Duration,
    /// One for each thing that is counted (a PID, a reason), the newest of what is not.
    untold: VecDeque<(Fault, u64)>,
}

impl FaultFold {
    /// A kind of fault is told at most once in this time.
    const QUIET: Duration = Duration::from_secs(1);
    /// Things of one kind that are counted apart; of more than these the newest take each other's place.
    const APART: usize = 32;

    /// Notes a fault; returned at once where its kind was quiet for a while.
    pub(super) fn push(&mut self, ingest: Option<IngestId>, fault: Fault, now: Duration) -> Option<(Fault, u64)> {
        let key = (ingest, fault.code());
        match self.kinds.get_mut(&key) {
            None => {
                self.kinds.insert(key, Folded { told_at: now, untold: VecDeque::new() });
                Some((fault, 1))
            }
            Some(folded) => {
                folded.add(fault);
                None
            }
        }
    }

    /// The next folded fault that is due to be told.
    pub(super) fn pull(&mut self, now: Duration) -> Option<(Option<IngestId>, Fault, u64)> {
        let due = |folded: &Folded| now >= folded.told_at + Self::QUIET;
        let key = *self.kinds.iter().find(|(_, folded)| due(folded) && !folded.untold.is_empty())?.0;
        let folded = self.kinds.get_mut(&key)?;
        let (fault, count) = folded.untold.pop_front()?;
        if folded.untold.is_empty() {
            folded.told_at = now;
        }
        Some((key.0, fault, count))
    }

    /// Forgets kinds that stayed quiet.
    pub(super) fn tidy(&mut self, now: Duration) {
        self.kinds.retain(|_, folded| !folded.untold.is_empty() || now < folded.told_at + Self::QUIET);
    }

    /// When [`pull`](Self::pull) has something to tell.
    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.kinds.values().filter(|folded| !folded.untold.is_empty()).map(|folded| folded.told_at + Self::QUIET).min()
    }
}

impl Folded {
    fn add(&mut self, fault: Fault) {
        for (known, count) in &mut self.untold {
            if known.absorb(&fault) {
                *count += 1;
                return;
            }
        }
        let is_full = self.untold.len() >= FaultFold::APART;
        let same = self.untold.iter_mut().rfind(|(known, _)| is_full || !(known.is_count() || fault.is_count()));
        match same {
            Some((known, count)) => {
                *known = fault;
                *count += 1;
            }
            None => self.untold.push_back((fault, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_becomes_one_event_a_second_and_no_count_is_lost() {
        let mut fold = FaultFold::default();
        let fault = |lost| Fault::Loss { lost, stream: None };
        assert_eq!(fold.push(None, fault(1), Duration::ZERO), Some((fault(1), 1)));
        for n in 0..1000 {
            assert_eq!(fold.push(None, fault(n % 2 + 1), Duration::from_millis(n / 2)), None);
        }
        assert_eq!(fold.pull(Duration::from_millis(999)), None);
        assert_eq!(fold.poll_timeout(), Some(Duration::from_secs(1)));
        assert_eq!(fold.pull(Duration::from_secs(1)), Some((None, fault(1500), 1000)));
        assert_eq!(fold.pull(Duration::from_secs(5)), None);
        fold.tidy(Duration::from_secs(5));
        assert!(fold.kinds.is_empty());
    }

    #[test]
    fn what_is_counted_apart_is_told_apart_and_the_rest_is_the_newest() {
        let mut fold = FaultFold::default();
        let dropped = |count, reason| Fault::Dropped { count, reason };
        for fault in [dropped(1, "a"), dropped(2, "a"), dropped(3, "b"), dropped(4, "a")] {
            fold.push(None, fault, Duration::ZERO);
        }
        let told: Vec<_> = std::iter::from_fn(|| fold.pull(Duration::from_secs(1))).collect();
        assert_eq!(told, [(None, dropped(6, "a"), 2), (None, dropped(3, "b"), 1)]);
        let jump = |by_millis| Fault::TimeJump { by_millis };
        (0..100).for_each(|n| drop(fold.push(None, jump(n), Duration::ZERO)));
        assert_eq!(fold.pull(Duration::from_secs(1)), Some((None, jump(99), 99)));
    }
}
