//! The one contribution of an encoding channel, whichever sessions bring it: its tracks, and the sound that waits for its
//! place.

use crate::{
    channel::{AudioStream, sound_queue::SoundQueues},
    ingest::Reception,
    media::{AccessUnit, Track, TrackId, VideoTrack},
    time::MediaTime,
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
    /// Each of its tracks, in the order in which they were told.
    pub tracks: Vec<TrackHealth>,
    /// What the video track says of itself.
    pub video: Option<VideoTrack>,
    /// Access units dropped before an IDR picture came or because nothing could take them.
    pub dropped: u64,
    /// Times that its time stamps jumped.
    pub jumps: u64,
    /// Access units that were not needed: another session brings the same, or is on air in its stead (A5.6).
    pub spare: u64,
    /// How datagrams come in on each leg and what error correction repaired, for protocols that have datagrams.
    pub reception: Option<Reception>,
}

/// How far a track of a contribution session has come (A26.1): each language and each rung by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackHealth {
    /// Its id in the session.
    pub track: TrackId,
    /// `video`, `audio` or `text`.
    pub kind: &'static str,
    /// Source time of its newest access unit.
    pub last_timestamp: Option<MediaTime>,
}

#[derive(Debug)]
pub(super) struct Contribution {
    /// What the sessions' own health does not know.
    pub(super) health: IngestHealth,
    pub(super) video: Option<Track>,
    /// Its sound, for each of the channel's audio outputs.
    pub(super) sound: SoundQueues,
    /// Pictures are dropped up to the next IDR, because the decoder's queue was full or its state is gone.
    pub(super) waits_for_idr: bool,
    /// No decoder takes its pictures: they stay out until the track changes.
    pub(super) is_refused: bool,
    /// A picture of it has a place on the channel's clock.
    pub(super) is_placed: bool,
}

impl IngestHealth {
    /// Source time of the newest access unit of a track.
    #[must_use]
    pub fn last_timestamp(&self, track: TrackId) -> Option<MediaTime> {
        self.tracks.iter().find(|told| told.track == track)?.last_timestamp
    }

    pub(super) fn come_to(&mut self, track: TrackId, at: MediaTime) {
        if let Some(told) = self.tracks.iter_mut().find(|told| told.track == track) {
            told.last_timestamp = Some(at);
        }
    }
}

impl Contribution {
    /// Nothing has come yet; its sound goes to these outputs.
    pub(super) fn new(audio: &[AudioStream]) -> Self {
        Self {
            health: IngestHealth::default(),
            video: None,
            sound: SoundQueues::new(audio),
            waits_for_idr: false,
            is_refused: false,
            is_placed: false,
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

    /// Takes sound of an output that waits for its place; how many access units had to go for it.
    pub(super) fn push_sound(&mut self, output: usize, unit: AccessUnit) -> u64 {
        let dropped = self.sound.push(output, unit);
        self.health.dropped += dropped;
        dropped
    }
}
