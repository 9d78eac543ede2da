//! Folds peers that are turned away again and again, so that who knocks all day does not flood whoever listens (I8).

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

/// A peer that was turned away, as its event tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    pub(super) code: &'static str,
    pub(super) peer: Option<IpAddr>,
    pub(super) protocol: &'static str,
    pub(super) reason: String,
}

/// Rejections that were not told yet, by code and peer.
#[derive(Debug, Default)]
pub(super) struct RejectionFold {
    known: BTreeMap<(&'static str, Option<IpAddr>), Folded>,
}

#[derive(Debug)]
struct Folded {
    told_at: Duration,
    untold: Option<(Rejection, u64)>,
}

impl RejectionFold {
    /// The same peer is told at most once in this time for the same code.
    const QUIET: Duration = Duration::from_secs(1);
    /// Peers that are told apart; more are counted together, without an address.
    const APART: usize = 64;

    /// Notes one; returned where it is to be told now.
    pub(super) fn push(&mut self, rejection: Rejection, now: Duration) -> Option<Rejection> {
        let (code, peer) = (rejection.code, rejection.peer);
        let is_apart = self.known.len() < Self::APART || self.known.contains_key(&(code, peer));
        let rejection = Rejection { peer: peer.filter(|_| is_apart), ..rejection };
        match self.known.get_mut(&(code, rejection.peer)) {
            None => {
                self.known.insert((code, rejection.peer), Folded { told_at: now, untold: None });
                Some(rejection)
            }
            Some(folded) => {
                let count = folded.untold.take().map_or(0, |(_, count)| count);
                folded.untold = Some((rejection, count.saturating_add(1)));
                None
            }
        }
    }

    /// The next one that is due to be told, and how often it was.
    pub(super) fn pull(&mut self, now: Duration) -> Option<(Rejection, u64)> {
        let due = |folded: &&mut Folded| folded.untold.is_some() && now >= folded.told_at + Self::QUIET;
        let folded = self.known.values_mut().find(due)?;
        folded.told_at = now;
        folded.untold.take()
    }

    /// Forgets peers that stayed away.
    pub(super) fn tidy(&mut self, now: Duration) {
        self.known.retain(|_, folded| folded.untold.is_some() || now < folded.told_at + Self::QUIET);
    }

    /// When [`pull`](Self::pull) has something to tell.
    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.known.values().filter(|folded| folded.untold.is_some()).map(|folded| folded.told_at + Self::QUIET).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> Rejection {
        let peer = Some([10, 0, 0, last].into());
        Rejection { code: "CODE", peer, protocol: "rtmp", reason: String::from("not on the list") }
    }

    #[test]
    fn a_peer_that_knocks_all_day_is_told_once_a_second_and_no_knock_is_lost() {
        let mut fold = RejectionFold::default();
        assert_eq!(fold.push(from(1), Duration::ZERO), Some(from(1)));
        assert!((1..500).all(|n| fold.push(from(1), Duration::from_millis(n)).is_none()));
        assert_eq!(fold.push(from(2), Duration::ZERO), Some(from(2)));
        assert_eq!((fold.pull(Duration::from_millis(999)), fold.poll_timeout()), (None, Some(Duration::from_secs(1))));
        assert_eq!(fold.pull(Duration::from_secs(1)), Some((from(1), 499)));
        assert_eq!((fold.pull(Duration::from_secs(9)), fold.poll_timeout()), (None, None));
        fold.tidy(Duration::from_secs(9));
        assert!(fold.known.is_empty());
    }

    #[test]
    fn a_scan_from_everywhere_is_few_events() {
        let mut fold = RejectionFold::default();
        let told = (0..=255).filter(|n| fold.push(from(*n), Duration::ZERO).is_some()).count();
        assert_eq!((told, fold.known.len()), (65, 65));
        let nobody = Rejection { peer: None, ..from(0) };
        assert_eq!(fold.pull(Duration::from_secs(1)), Some((nobody, 191)));
    }
}
