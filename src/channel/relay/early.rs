//! What other renditions bring of another encoder before its reference rung has said which clock it has.

use std::{collections::VecDeque, time::Duration};

use crate::media::AccessUnit;

/// Access units that wait for the reference rung.
#[derive(Debug, Default)]
pub(super) struct Early {
    units: VecDeque<AccessUnit>,
    bytes: usize,
    since: Option<Duration>,
    lost: u64,
}

impl Early {
    /// A few seconds of a large ladder.
    const UNITS: usize = 8192;
    const BYTES: usize = 64 << 20;

    /// Keeps an access unit. It is given back where there is no room, or the reference rung stays away for `patience`.
    pub(super) fn keep(&mut self, unit: AccessUnit, now: Duration, patience: Duration) -> Result<(), AccessUnit> {
        let since = *self.since.get_or_insert(now);
        let bytes = self.bytes.saturating_add(unit.data.len());
        if self.units.len() == Self::UNITS || bytes > Self::BYTES || now > since + patience {
            return Err(unit);
        }
        self.bytes = bytes;
        self.units.push_back(unit);
        Ok(())
    }

    /// The oldest.
    pub(super) fn take(&mut self) -> Option<AccessUnit> {
        let unit = self.units.pop_front()?;
        self.bytes = self.bytes.saturating_sub(unit.data.len());
        Some(unit)
    }

    /// Another encoder, whose reference rung is yet to come: what waits has no place any more.
    pub(super) fn renew(&mut self) {
        let lost = self.lost + self.units.len() as u64;
        *self = Self { lost, ..Self::default() };
    }

    /// How many access units lost their place.
    pub(super) fn pull_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        media::TrackId,
        time::{MediaDuration, MediaTime},
    };

    fn unit(size: usize) -> AccessUnit {
        let (at, duration) = (MediaTime::ZERO, MediaDuration::ZERO);
        let data = Bytes::from(vec![0; size]);
        AccessUnit { track: TrackId(1), pts: at, dts: at, duration, is_random_access: true, is_damaged: false, data }
    }

    #[test]
    fn it_keeps_so_much_for_so_long_and_gives_the_rest_back() {
        let (mut early, patience) = (Early::default(), Duration::from_secs(4));
        let at = Duration::from_secs;
        (0..Early::UNITS).for_each(|_| early.keep(unit(1), at(1), patience).unwrap());
        assert!(early.keep(unit(1), at(1), patience).is_err());
        assert_eq!(std::iter::from_fn(|| early.take()).count(), Early::UNITS);
        assert!(early.keep(unit(Early::BYTES + 1), at(1), patience).is_err());
        assert!(early.keep(unit(Early::BYTES), at(5), patience).is_ok());
        assert!(early.take().is_some() && early.keep(unit(1), at(6), patience).is_err());
        early.keep(unit(1), at(5), patience).unwrap();
        early.renew();
        assert_eq!((early.pull_lost(), early.pull_lost()), (1, 0));
        assert!(early.keep(unit(1), at(6), patience).is_ok());
    }
}
