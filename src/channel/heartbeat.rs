//! How the tracks of a contribution did since the last heartbeat (A26.1, A26.3).

use std::time::Duration;

use crate::{
    channel::TrackDiscontinuity,
    error::FragmentDrop,
    media::{AccessUnit, Track, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime},
};

/// What a heartbeat says of one track: every count is of the time since the heartbeat before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackHeartbeat {
    /// `video`, `audio` or `text`.
    pub kind: &'static str,
    /// What the source calls it; `{kind}_{bitrate}` where it has no name (A26.3).
    pub name: String,
    /// What else the source says of it: `codec=…;language=…`.
    pub custom_attributes: String,
    /// Bits per second by the source's own account; 0 where it does not say.
    pub declared_bitrate: u32,
    /// Bits per second that came.
    pub incoming_bitrate: u64,
    /// Source time of the newest access unit.
    pub last_timestamp: Option<MediaTime>,
    /// Access units that began before the one before was over; what was dropped for its overlapping time stamp (A26.4), too.
    pub overlap: u32,
    /// Access units that began a second or more after the one before was over.
    pub discontinuity: u32,
    /// Access units whose decode time was not after the one before; what was dropped for being older (A26.4), too.
    pub nonincreasing: u32,
    /// Segments of a pass-through channel in which this rung has no IDR where the reference rung has one.
    pub unaligned_key_frames: u32,
    /// Segments of a pass-through channel in which this rung's first picture shows at another time.
    pub unaligned_presentation_time: u32,
    /// Nothing came, or at most half or at least double of what is declared.
    pub unexpected_bitrate: bool,
    /// No count above zero and the bitrate as expected.
    pub healthy: bool,
    /// Milliseconds per minute by which the time stamps run ahead of the host's clock.
    pub drift_millis_per_minute: i64,
}

impl TrackHeartbeat {
    /// The `ingestDriftValue` of A26.3: seconds per minute by which it comes slower than it plays; 0 where it is in time.
    #[must_use]
    pub fn ingest_drift(&self) -> f64 {
        self.drift_millis_per_minute.min(0).unsigned_abs() as f64 / 1000.0
    }
}

/// Counts for the next heartbeat of one track.
#[derive(Clone, Debug)]
pub(super) struct TrackTally {
    id: TrackId,
    kind: &'static str,
    name: String,
    attributes: String,
    declared: u32,
    bytes: u64,
    since: Duration,
    last: Option<(MediaTime, MediaTime, MediaDuration)>,
    /// Arrival and decode time of what began the first and the newest burst since the last heartbeat.
    span: Option<[(Duration, MediaTime); 2]>,
    overlap: u32,
    discontinuity: u32,
    nonincreasing: u32,
    pub(super) unaligned_key_frames: u32,
    pub(super) unaligned_presentation_time: u32,
    /// The newest access unit was counted as one that does not go on.
    is_counted: bool,
    /// When a discontinuity was told last.
    told_at: Option<Duration>,
}

impl TrackTally {
    /// A discontinuity is told at most once in this time; the heartbeat counts all of them.
    const QUIET: Duration = Duration::from_secs(1);
    /// A gap from which on it is a discontinuity.
    const GAP: MediaDuration = MediaDuration::from_secs(1);
    /// What comes this soon after the beginning of a burst is of that burst.
    const BURST: Duration = Duration::from_millis(500);

    pub(super) fn new(track: &Track, now: Duration) -> Self {
        let kind = kind_of(&track.format);
        Self {
            id: track.id,
            kind,
            name: name_of(kind, track),
            attributes: attributes_of(track),
            declared: track.bitrate,
            bytes: 0,
            since: now,
            last: None,
            span: None,
            overlap: 0,
            discontinuity: 0,
            nonincreasing: 0,
            unaligned_key_frames: 0,
            unaligned_presentation_time: 0,
            is_counted: false,
            told_at: None,
        }
    }

    /// Takes up what the track says of itself now.
    pub(super) fn restate(&mut self, track: &Track) {
        self.declared = track.bitrate;
        (self.name, self.attributes) = (name_of(self.kind, track), attributes_of(track));
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Counts an access unit; a discontinuity before it, where that is to be told.
    pub(super) fn count(&mut self, unit: &AccessUnit, now: Duration) -> Option<TrackDiscontinuity> {
        self.bytes = self.bytes.saturating_add(unit.data.len() as u64);
        let mut jump = None;
        self.is_counted = false;
        if let Some((_, dts, duration)) = self.last {
            let (step, half) = (unit.dts.since(dts), MediaDuration::from_flicks(duration.flicks() / 2));
            if step <= MediaDuration::ZERO {
                self.is_counted = true;
                self.nonincreasing = self.nonincreasing.saturating_add(1);
            } else if step < half {
                self.overlap = self.overlap.saturating_add(1);
            } else if step.minus(duration) >= Self::GAP {
                self.discontinuity = self.discontinuity.saturating_add(1);
            }
            let gap = step.minus(duration);
            if gap >= Self::GAP || step <= MediaDuration::ZERO.minus(Self::GAP) {
                // Drift is told of one clock, not of the step to another.
                self.span = None;
                jump = Some((dts, gap));
            }
        }
        self.last = Some((unit.pts, unit.dts, unit.duration));
        self.extend((now, unit.dts));
        let (previous, gap) = jump.filter(|_| self.told_at.is_none_or(|at| now >= at + Self::QUIET))?;
        self.told_at = Some(now);
        let (kind, name, bitrate) = (self.kind, self.name.clone(), self.declared);
        Some(TrackDiscontinuity { kind, name, bitrate, previous, next: unit.dts, gap })
    }

    /// Fragments were dropped before their access units came.
    pub(super) fn count_dropped(&mut self, count: u64, reason: FragmentDrop) {
        let counter = match reason {
            FragmentDrop::OverlapTimestamp => &mut self.overlap,
            FragmentDrop::NonIncreasingTimestamp => &mut self.nonincreasing,
        };
        *counter = counter.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// The newest access unit was dropped: it counts once, for the reason that is told. The track's id in its session.
    pub(super) fn drop_newest(&mut self, reason: FragmentDrop) -> TrackId {
        self.nonincreasing = self.nonincreasing.saturating_sub(std::mem::take(&mut self.is_counted).into());
        self.count_dropped(1, reason);
        self.id
    }

    /// The heartbeat, and every count from zero again.
    pub(super) fn beat(&mut self, now: Duration) -> TrackHeartbeat {
        let micros = now.saturating_sub(self.since).as_micros().max(1);
        let bits = u128::from(self.bytes) * 8 * 1_000_000 / micros;
        let incoming = u64::try_from(bits).unwrap_or(u64::MAX);
        let declared = u64::from(self.declared);
        // A26.3; a track that states nothing, and text that comes now and then, are judged by nothing.
        let is_odd = incoming == 0 || declared > 0 && (incoming >= 2 * declared || incoming <= declared / 2);
        let unexpected_bitrate = is_odd && self.kind != "text";
        let counts = [
            std::mem::take(&mut self.overlap),
            std::mem::take(&mut self.discontinuity),
            std::mem::take(&mut self.nonincreasing),
            std::mem::take(&mut self.unaligned_key_frames),
            std::mem::take(&mut self.unaligned_presentation_time),
        ];
        let [overlap, discontinuity, nonincreasing, unaligned_key_frames, unaligned_presentation_time] = counts;
        (self.bytes, self.since, self.is_counted) = (0, now, false);
        let drift = self.span.map_or(0, drift);
        // The next one goes on where this one ends: the next access unit may be in the middle of a burst.
        self.span = self.span.map(|[_, newest]| [newest, newest]);
        TrackHeartbeat {
            kind: self.kind,
            name: self.name.clone(),
            custom_attributes: self.attributes.clone(),
            declared_bitrate: self.declared,
            incoming_bitrate: incoming,
            last_timestamp: self.last.map(|(pts, ..)| pts),
            overlap,
            discontinuity,
            nonincreasing,
            unaligned_key_frames,
            unaligned_presentation_time,
            unexpected_bitrate,
            healthy: !unexpected_bitrate && counts.iter().all(|count| *count == 0),
            drift_millis_per_minute: drift,
        }
    }

    /// Drift is measured from the beginning of a burst to the beginning of another: a fragment's access units come at once,
    /// however long they play.
    fn extend(&mut self, here: (Duration, MediaTime)) {
        let Some([_, newest]) = &mut self.span else {
            self.span = Some([here, here]);
            return;
        };
        if here.0 >= newest.0.saturating_add(Self::BURST) {
            *newest = here;
        }
    }
}

/// What the name of a track without a name begins with (A26.3).
pub(super) const fn kind_of(format: &TrackFormat) -> &'static str {
    match format {
        TrackFormat::Text(_) | TrackFormat::Unknown(_) => "text",
        format if format.is_video() => "video",
        _ => "audio",
    }
}

fn name_of(kind: &str, track: &Track) -> String {
    if track.name.is_empty() { format!("{kind}_{}", track.bitrate) } else { track.name.clone() }
}

fn attributes_of(track: &Track) -> String {
    format!("codec={};language={}", track.format.codec_name(), track.language.as_str())
}

/// Milliseconds a minute by which the source's clock ran ahead; nothing for less than a second.
fn drift([first, newest]: [(Duration, MediaTime); 2]) -> i64 {
    let host = MediaDuration::from_std(newest.0.saturating_sub(first.0));
    if host < MediaDuration::from_secs(1) {
        return 0;
    }
    let ahead = i128::from(newest.1.since(first.1).minus(host).flicks());
    i64::try_from(ahead * 60_000 / i128::from(host.flicks())).unwrap_or(0)
}

#[cfg(test)]
mod tests;
