//! Instants and durations as playlists write them.

use std::fmt::Write as _;

use crate::{
    media::{Presentation, Span, TrackSpec},
    time::{MediaDuration, MediaTime, Utc},
};

pub(super) fn instant(track: &TrackSpec, ticks: u64) -> MediaTime {
    MediaTime::from_ticks(i64::try_from(ticks).unwrap_or(i64::MAX), track.timescale)
}

/// Seconds with as many decimals as there are.
pub(super) fn write_seconds(text: &mut String, span: MediaDuration) {
    let micros = micros(MediaTime::ZERO.plus(span));
    let _ = write!(text, "{}.{:06}", micros / 1_000_000, micros % 1_000_000);
}

/// Microseconds since the epoch, to the nearest.
pub(super) fn micros(at: MediaTime) -> u64 {
    let micros = (i128::from(at.flicks()) * 10 + 3528).div_euclid(7056);
    u64::try_from(micros).unwrap_or(0)
}

pub(super) fn date_time(presentation: &Presentation, track: &TrackSpec, span: Span) -> Utc {
    presentation.utc_at(instant(track, span.start))
}

/// Milliseconds, as players read it.
pub(super) fn write_date_time(text: &mut String, at: Utc) {
    text.push_str("#EXT-X-PROGRAM-DATE-TIME:");
    write_instant(text, at);
    text.push('\n');
}

/// An instant as RFC 3339 writes it, to the millisecond.
pub(super) fn write_instant(text: &mut String, at: Utc) {
    if let Some(at) = chrono::DateTime::from_timestamp_millis(millis_since_epoch(at)) {
        let _ = write!(text, "{}", at.format("%Y-%m-%dT%H:%M:%S%.3fZ"));
    }
}

/// Milliseconds since 1970, to the nearest.
pub(super) const fn millis_since_epoch(at: Utc) -> i64 {
    at.unix_nanos().saturating_add(500_000).div_euclid(1_000_000)
}
