//! Folds faults that repeat, so that a flood of bad packets is no flood of events.

use crate::error::Fault;

/// Counts what is ignored, by reason. The first of a reason is told at once, more of it once per window of 1 024 packets:
/// windows are counted in packets, so that the same bytes make the same faults however they come.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    packets: u32,
    reasons: Vec<Reason>,
}

#[derive(Clone, Debug)]
struct Reason {
    what: &'static str,
    held: u64,
    is_told: bool,
}

impl Tally {
    /// Counts one packet, good or bad; at the end of a window, hands out what was held back.
    pub(super) fn packet(&mut self, tell: impl FnMut(Fault)) {
        self.packets += 1;
        if self.packets >= WINDOW {
            self.flush(tell);
        }
    }

    /// Something was ignored; the answer is to be told now.
    pub(super) fn note(&mut self, what: &'static str) -> Option<Fault> {
        let found = self.reasons.iter_mut().find(|reason| reason.what == what);
        match found {
            Some(reason) if reason.is_told => {
                reason.held = reason.held.saturating_add(1);
                return None;
            }
            Some(reason) => reason.is_told = true,
            // Reasons come from a fixed set of texts, so the list stays short.
            None => self.reasons.push(Reason { what, held: 0, is_told: true }),
        }
        Some(Fault::Ignored { what, count: 1 })
    }

    /// Hands out what was held back and begins a new window.
    pub(super) fn flush(&mut self, mut tell: impl FnMut(Fault)) {
        self.packets = 0;
        for reason in &mut self.reasons {
            let count = std::mem::take(&mut reason.held);
            reason.is_told = count > 0;
            if count > 0 {
                tell(Fault::Ignored { what: reason.what, count });
            }
        }
    }
}

const WINDOW: u32 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_two_faults_and_nothing_is_left_out() {
        let (mut tally, mut told) = (Tally::default(), Vec::new());
        for _ in 0..1500 {
            told.extend(tally.note("scrambled"));
            tally.packet(|fault| told.push(fault));
        }
        tally.flush(|fault| told.push(fault));
        let counts: Vec<_> = told
            .iter()
            .map(|fault| match fault {
                Fault::Ignored { count, .. } => *count,
                _ => 0,
            })
            .collect();
        assert_eq!(counts, [1, 1023, 476]);
    }
}
