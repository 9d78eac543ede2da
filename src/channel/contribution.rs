//! The contribution session that a channel has taken in: its tracks, its health, and the sound that waits for its place.

use std::time::Duration;

use crate::{
    channel::{AudioStream, IngestId, sound_queue::SoundQueues},
    ingest::Demuxer,
    media::{AccessUnit, Track, VideoTrack},
    time::{MediaTime, Now},
};

/// How a contribution is doing (A26.1), for pages and alarms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IngestHealth {
    /// Its protocol, such as `rtmp`.
    pub protocol: &'static str,
    /// Bytes since the session began.
    pub bytes: u64,
    /// Bits per second over the last whole second.
    pub bitrate: u64,
    /// Pictures per second over the last whole second.
    pub frame_rate: f64,
    /// Source time of the newest picture.
    pub last_video: Option<MediaTime>,
    /// Source time of the newest sound.
    pub last_audio: Option<MediaTime>,
    /// What the video track says of itself.
    pub video: Option<VideoTrack>,
    /// Access units dropped before an IDR picture came or because nothing could take them.
    pub dropped: u64,
    /// Times that its time stamps jumped.
    pub jumps: u64,
}

pub(super) struct Contribution {
    pub(super) id: IngestId,
    pub(super) demuxer: Box<dyn Demuxer>,
    pub(super) health: IngestHealth,
    pub(super) last_bytes: Duration,
    pub(super) video: Option<Track>,
    /// Its sound, for each of the channel's audio outputs.
    pub(super) sound: SoundQueues,
    /// Pictures are dropped up to the next IDR, because the decoder's queue was full or its state is gone.
    pub(super) waits_for_idr: bool,
    /// No decoder takes its pictures: they stay out until the track changes.
    pub(super) is_refused: bool,
    /// A picture of this session has a place on the channel's clock.
    pub(super) is_placed: bool,
    window: (Duration, u64, u32),
}

impl Contribution {
    pub(super) fn new(
        id: IngestId,
        protocol: &'static str,
        demuxer: Box<dyn Demuxer>,
        audio: &[AudioStream],
        now: Now,
    ) -> Self {
        Self {
            id,
            demuxer,
            health: IngestHealth { protocol, ..IngestHealth::default() },
            last_bytes: now.monotonic,
            video: None,
            sound: SoundQueues::new(audio),
            waits_for_idr: false,
            is_refused: false,
            is_placed: false,
            window: (now.monotonic, 0, 0),
        }
    }

    /// Notes a track; whether the channel takes it and its decoder must be made: the first video track, and the audio track
    /// of each output.
    pub(super) fn takes(&mut self, track: &Track) -> bool {
        if let Some(video) = track.format.video() {
            let is_ours = self.video.as_ref().is_none_or(|ours| ours.id == track.id);
            if is_ours {
                self.is_refused = false;
                self.health.video = Some(*video);
                self.video = Some(track.clone());
            }
            return is_ours;
        }
        track.format.is_audio() && self.sound.takes(track)
    }

    /// The tracks that the channel takes.
    pub(super) fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.video.iter().chain(self.sound.tracks())
    }

    /// Counts bytes and, once a second, the rates.
    pub(super) fn count_bytes(&mut self, bytes: usize, now: Now) {
        self.last_bytes = now.monotonic;
        self.health.bytes += bytes as u64;
        self.window.1 += bytes as u64;
        self.roll(now);
    }

    /// Counts a picture.
    pub(super) fn count_picture(&mut self, unit: &AccessUnit) {
        self.health.last_video = Some(unit.pts);
        self.window.2 += 1;
    }

    /// Ends the measuring second when it is over, also where nothing comes any more.
    pub(super) fn roll(&mut self, now: Now) {
        let (since, bytes, pictures) = self.window;
        let span = now.monotonic.saturating_sub(since);
        if span >= Duration::from_secs(1) {
            let micros = span.as_micros().max(1) as u64;
            self.health.bitrate = bytes * 8 * 1_000_000 / micros;
            self.health.frame_rate = f64::from(pictures) * 1e6 / micros as f64;
            self.window = (now.monotonic, 0, 0);
        }
    }

    /// Takes sound of an output that waits for its place; how many access units had to go for it.
    pub(super) fn push_sound(&mut self, output: usize, unit: AccessUnit) -> u64 {
        self.health.last_audio = Some(unit.pts);
        let dropped = self.sound.push(output, unit);
        self.health.dropped += dropped;
        dropped
    }
}
