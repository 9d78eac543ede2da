//! The one contribution of an encoding channel, whichever sessions bring it: its tracks, and the sound that waits for its
//! place.

use std::collections::VecDeque;

use crate::{
    media::{AccessUnit, Track, TrackId, VideoTrack},
    time::{MediaDuration, MediaTime},
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
    /// Access units that were not needed: another session brings the same, or is on air in its stead (A5.6).
    pub spare: u64,
}

#[derive(Debug, Default)]
pub(super) struct Contribution {
    /// What the sessions' own health does not know.
    pub(super) health: IngestHealth,
    pub(super) video: Option<Track>,
    pub(super) audio: Option<TrackId>,
    audio_track: Option<Track>,
    /// Pictures are dropped up to the next IDR, because the decoder's queue was full or its state is gone.
    pub(super) waits_for_idr: bool,
    /// No decoder takes its pictures: they stay out until the track changes.
    pub(super) is_refused: bool,
    /// A picture of it has a place on the channel's clock.
    pub(super) is_placed: bool,
    sound: VecDeque<AccessUnit>,
    /// Where the sound that was placed so far ends.
    sound_end: Option<MediaTime>,
}

impl Contribution {
    /// Sound that waits for a place on the channel's clock; what is older goes.
    const SOUND_WAITS: usize = 256;
    /// Sound further than this from where it is expected belongs to another timeline (FAULTS row 8).
    const FAR: MediaDuration = MediaDuration::from_secs(2);

    /// Notes a track; whether it is the one that the channel takes for its kind: the first of each.
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
        let is_ours = track.format.is_audio() && *self.audio.get_or_insert(track.id) == track.id;
        if is_ours {
            self.audio_track = Some(track.clone());
        }
        is_ours
    }

    /// The tracks that the channel takes.
    pub(super) fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.video.iter().chain(&self.audio_track)
    }

    /// Takes sound that waits for its place.
    pub(super) fn push_sound(&mut self, unit: AccessUnit) {
        self.health.last_audio = Some(unit.pts);
        if self.sound.len() == Self::SOUND_WAITS {
            self.sound.pop_front();
            self.health.dropped += 1;
        }
        self.sound.push_back(unit);
    }

    /// Sound whose place is known, with that place. `place` maps source time to the channel's clock, whose output has come
    /// to `position`. Sound that is placed far off is of another timeline: it waits for the pictures to jump, too, and is
    /// dropped when sound of the pictures' timeline comes behind it.
    pub(super) fn next_sound(
        &mut self,
        place: impl Fn(MediaTime) -> Option<MediaTime>,
        position: MediaTime,
    ) -> Option<(AccessUnit, MediaTime)> {
        let sound_end = self.sound_end;
        let is_near = |unit: &AccessUnit| {
            let near = |at: MediaTime, other: MediaTime| at.since(other).flicks().saturating_abs() < Self::FAR.flicks();
            place(unit.pts).is_some_and(|at| near(at, position) || sound_end.is_some_and(|end| near(at, end)))
        };
        let first = self.sound.iter().position(is_near)?;
        self.health.dropped += first as u64;
        let unit = self.sound.drain(..=first).next_back()?;
        let at = place(unit.pts)?;
        self.sound_end = Some(at.plus(unit.duration));
        Some((unit, at))
    }

    /// The pictures' timeline was taken up anew, and the sound's with it.
    pub(super) fn timeline_changed(&mut self) {
        self.sound_end = None;
    }

    /// Up to where the sound has come, on the channel's clock.
    pub(super) const fn sound_end(&self) -> Option<MediaTime> {
        self.sound_end
    }
}
