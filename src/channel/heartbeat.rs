//! How the tracks of a contribution did since the last heartbeat (A26.1, A26.3).

use std::time::Duration;

use crate::{
    media::{AccessUnit, Track, TrackFormat},
    time::{MediaDuration, MediaTime},
};

/// What a heartbeat says of one track: every count is of the time since the heartbeat before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackHeartbeat {
    /// `video`, `audio` or `text`.
    pub kind: &'static str,
    /// What the source calls it; `{kind}_{bitrate}` where it has no name (A26.3).
    pub name: String,
    /// Bits per second by the source's own account; 0 where it does not say.
    pub declared_bitrate: u32,
    /// Bits per second that came.
    pub incoming_bitrate: u64,
    /// Source time of the newest access unit.
    pub last_timestamp: Option<MediaTime>,
    /// Access units that began before the one before was over.
    pub overlap: u32,
    /// Access units that began a second or more after the one before was over.
    pub discontinuity: u32,
    /// Access units whose decode time was not after the one before.
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

/// Counts for the next heartbeat of one track.
#[derive(Clone, Debug)]
pub(super) struct TrackTally {
    kind: &'static str,
    name: String,
    declared: u32,
    bytes: u64,
    since: Duration,
    last: Option<(MediaTime, MediaTime, MediaDuration)>,
    /// Arrival and decode time of the first and the newest access unit since the last heartbeat.
    span: Option<[(Duration, MediaTime); 2]>,
    overlap: u32,
    discontinuity: u32,
    nonincreasing: u32,
    pub(super) unaligned_key_frames: u32,
    pub(super) unaligned_presentation_time: u32,
}

impl TrackTally {
    /// A gap from which on it is a discontinuity.
    const GAP: MediaDuration = MediaDuration::from_secs(1);

    pub(super) fn new(track: &Track, now: Duration) -> Self {
        let kind = kind_of(&track.format);
        let name = if track.name.is_empty() { format!("{kind}_{}", track.bitrate) } else { track.name.clone() };
        Self {
            kind,
            name,
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
        }
    }

    /// Takes up what the track says of itself now.
    pub(super) fn restate(&mut self, track: &Track) {
        self.declared = track.bitrate;
    }

    /// Counts an access unit.
    pub(super) fn count(&mut self, unit: &AccessUnit, now: Duration) {
        self.bytes = self.bytes.saturating_add(unit.data.len() as u64);
        if let Some((_, dts, duration)) = self.last {
            let (step, half) = (unit.dts.since(dts), MediaDuration::from_flicks(duration.flicks() / 2));
            if step <= MediaDuration::ZERO {
                self.nonincreasing = self.nonincreasing.saturating_add(1);
            } else if step < half {
                self.overlap = self.overlap.saturating_add(1);
            } else if step.minus(duration) >= Self::GAP {
                self.discontinuity = self.discontinuity.saturating_add(1);
            }
        }
        self.last = Some((unit.pts, unit.dts, unit.duration));
        let here = (now, unit.dts);
        self.span = Some([self.span.map_or(here, |[first, _]| first), here]);
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
        (self.bytes, self.since) = (0, now);
        TrackHeartbeat {
            kind: self.kind,
            name: self.name.clone(),
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
            drift_millis_per_minute: self.span.take().map_or(0, drift),
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
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        media::{TrackId, VideoTrack},
        time::Timescale,
    };

    fn tally(bitrate: u32) -> TrackTally {
        let format = TrackFormat::Mpeg2(VideoTrack::new(16, 16));
        let track = Track { bitrate, ..Track::new(TrackId(1), Timescale::MPEG, format) };
        TrackTally::new(&track, Duration::ZERO)
    }

    fn unit(millis: i64, bytes: usize) -> AccessUnit {
        let at = MediaTime::ZERO.plus(MediaDuration::from_millis(millis));
        AccessUnit {
            track: TrackId(1),
            pts: at,
            dts: at,
            duration: MediaDuration::from_millis(40),
            is_random_access: true,
            is_damaged: false,
            data: Bytes::from(vec![0; bytes]),
        }
    }

    #[test]
    fn a_steady_track_is_healthy_and_each_slip_is_counted_once_a26_3() {
        let mut tally = tally(100_000);
        for n in 0..500 {
            tally.count(&unit(n * 40, 500), Duration::from_millis(n as u64 * 40));
        }
        let beat = tally.beat(Duration::from_secs(20));
        assert_eq!((beat.name.as_str(), beat.incoming_bitrate, beat.healthy), ("video_100000", 100_000, true));
        for millis in [20_000, 20_010, 20_010, 22_000] {
            tally.count(&unit(millis, 500), Duration::from_secs(21));
        }
        let beat = tally.beat(Duration::from_secs(40));
        assert_eq!((beat.overlap, beat.nonincreasing, beat.discontinuity), (1, 1, 1));
        assert!(beat.unexpected_bitrate && !beat.healthy);
        assert!(tally.beat(Duration::from_secs(60)).unexpected_bitrate, "nothing came");
    }

    #[test]
    fn drift_is_told_per_minute() {
        let mut tally = tally(0);
        for n in 0..101 {
            tally.count(&unit(n * 200, 1), Duration::from_millis(n as u64 * 198));
        }
        // 200 ms in 19.8 s.
        assert_eq!(tally.beat(Duration::from_secs(20)).drift_millis_per_minute, 606);
    }
}
