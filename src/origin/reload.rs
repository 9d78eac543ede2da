//! Delivery directives of a playlist's URL: wait for what comes, and leave out what is known (RFC 8216bis clause 6.2.5).

use super::error::OriginError;
use crate::{
    archive::Timeline,
    time::{FLICKS_PER_SECOND, MediaDuration},
};

/// What a player asks of a media playlist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Directives {
    /// It is to hold this segment, and this part of it.
    holds: Option<(u64, Option<u64>)>,
    /// `_HLS_skip`: what the player has may be left out.
    pub(super) skips: bool,
}

/// Whether a playlist is as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    Ready,
    Early,
}

impl Directives {
    /// Reads them from a query, which may say more.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, OriginError> {
        let (mut sequence, mut part, mut skips) = (None, None, false);
        for pair in query.unwrap_or_default().split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let number = || value.parse::<u64>().ok().filter(|_| value.bytes().all(|b| b.is_ascii_digit()));
            match key {
                "_HLS_msn" => sequence = Some(number().ok_or(OriginError::BadUrlSyntax)?),
                "_HLS_part" => part = Some(number().ok_or(OriginError::BadUrlSyntax)?),
                "_HLS_skip" => skips = matches!(value, "YES" | "v2"),
                _ => {}
            }
        }
        if part.is_some() && sequence.is_none() {
            return Err(OriginError::BadUrlSyntax);
        }
        Ok(Self { holds: sequence.map(|sequence| (sequence, part)), skips })
    }

    /// Whether the timeline has what the playlist is to hold. More than two segments ahead is too far.
    pub(super) fn readiness(self, timeline: &Timeline) -> Result<Readiness, OriginError> {
        let Some((sequence, part)) = self.holds.filter(|_| !timeline.is_ended()) else { return Ok(Readiness::Ready) };
        let next = timeline.last().map_or(0, |last| last.sequence.saturating_add(1));
        // What is asked for ahead of a first segment may lie anywhere.
        if sequence > next.saturating_add(1) && timeline.last().is_some() {
            return Err(OriginError::BadUrlSyntax);
        }
        let held = if sequence == next { timeline.parts().len() as u64 } else { 0 };
        if part.is_some_and(|part| sequence >= next && part > held.saturating_add(most_ahead(timeline))) {
            return Err(OriginError::BadUrlSyntax);
        }
        let open = timeline.parts().first().map(|first| (first.sequence, timeline.parts().len() as u64));
        let has = |sequence: u64, part: u64| open.is_some_and(|(held, parts)| held == sequence && parts > part);
        let is_there = match part {
            _ if sequence.saturating_add(1) < next => true,
            None => sequence < next,
            Some(part) if sequence < next => {
                // A part that a segment has not is the first one of the next.
                let parts = timeline.parts_of(sequence).len() as u64;
                part < parts.max(1) || has(next, 0)
            }
            Some(part) => has(sequence, part),
        };
        Ok(if is_there { Readiness::Ready } else { Readiness::Early })
    }
}

/// So many parts ahead may be waited for: those of three seconds (RFC 8216bis clause 6.2.5.2).
fn most_ahead(timeline: &Timeline) -> u64 {
    let length = timeline.part_length().map_or(FLICKS_PER_SECOND, MediaDuration::flicks).max(1);
    u64::try_from(FLICKS_PER_SECOND.saturating_mul(3) / length).unwrap_or(3).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read_and_nonsense_is_refused() {
        let of = |query| Directives::parse(Some(query));
        assert_eq!(Directives::parse(None).unwrap(), Directives::default());
        assert_eq!(of("token=1&_HLS_skip=NO").unwrap(), Directives::default());
        assert_eq!(of("_HLS_msn=7").unwrap(), Directives { holds: Some((7, None)), skips: false });
        let whole = Directives { holds: Some((7, Some(2))), skips: true };
        assert_eq!(of("_HLS_skip=YES&_HLS_part=2&_HLS_msn=7").unwrap(), whole);
        // FAULTS row 56, and the one of queries.
        for bad in [
            "_HLS_part=1",
            "_HLS_msn=",
            "_HLS_msn=-1",
            "_HLS_msn=+1",
            "_HLS_msn=18446744073709551616",
            "_HLS_msn=1&_HLS_part=x",
        ] {
            assert_eq!(of(bad), Err(OriginError::BadUrlSyntax), "{bad}");
        }
    }
}
