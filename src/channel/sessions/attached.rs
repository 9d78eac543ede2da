//! One contribution session: its demuxer, its health, and which tracks of the contribution it brings.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    channel::{
        IngestHealth, IngestId, TrackDiscontinuity, TrackHealth,
        heartbeat::{TrackHeartbeat, TrackTally},
        sessions::{Session, TrackKey},
    },
    ingest::{Demuxer, IngestLimits, LimitMeter},
    media::{AccessUnit, Track, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Now},
};

/// A session that was taken in.
pub(in crate::channel) struct Attached {
    pub(in crate::channel) id: IngestId,
    pub(in crate::channel) session: Session,
    pub(in crate::channel) demuxer: Box<dyn Demuxer>,
    pub(in crate::channel) meter: LimitMeter,
    pub(in crate::channel) health: IngestHealth,
    pub(in crate::channel) last_bytes: Duration,
    /// Its peer is gone: what comes out of its parser yet may be half of what was sent.
    pub(in crate::channel) is_finished: bool,
    tracks: BTreeMap<TrackId, Told>,
    /// A whole number of wraps of its clock that is added to its times.
    shift: MediaDuration,
    /// Hosts are to be told of a track.
    has_untold: bool,
    /// A discontinuity that is to be told.
    pub(in crate::channel) jump: Option<TrackDiscontinuity>,
    /// The track whose pictures its health counts.
    video: Option<TrackId>,
    window: (Duration, u64, u32),
}

/// A track that a session told.
struct Told {
    track: Track,
    key: TrackKey,
    /// Its id in the merged contribution, where this session brings it.
    merged: Option<TrackId>,
    tally: TrackTally,
    /// When hosts were told of it last.
    told_at: Option<Duration>,
    /// What is said of it now is not what hosts were told.
    is_untold: bool,
}

/// What becomes of a track that a session told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::channel) enum Claim {
    /// The session brings it; whether it is new to the session.
    Owned(TrackKey, bool),
    /// This session of the same slot brings it already.
    Taken(IngestId),
    /// The session has too many tracks.
    TooMany,
}

impl Attached {
    /// A session that is a whole number of wraps and less than this from the contribution is on its clock.
    const SAME_CLOCK: MediaDuration = MediaDuration::from_secs(60);
    /// Hosts are told of a track at most once in this time.
    const QUIET: Duration = Duration::from_secs(1);

    pub(in crate::channel) fn new(
        id: IngestId,
        session: Session,
        demuxer: Box<dyn Demuxer>,
        limits: IngestLimits,
        now: Now,
    ) -> Self {
        let health = IngestHealth { protocol: session.protocol, ..IngestHealth::default() };
        Self {
            id,
            session,
            demuxer,
            meter: LimitMeter::new(limits),
            health,
            last_bytes: now.monotonic,
            is_finished: false,
            tracks: BTreeMap::new(),
            shift: MediaDuration::ZERO,
            has_untold: false,
            jump: None,
            video: None,
            window: (now.monotonic, 0, 0),
        }
    }

    /// Notes what a track says of itself; `owners` are the sessions of the slot that bring tracks.
    pub(in crate::channel) fn tell(
        &mut self,
        track: &Track,
        owners: &BTreeMap<TrackKey, IngestId>,
        passes_through: bool,
        now: Now,
    ) -> Claim {
        if let Some(video) = track.format.video()
            && *self.video.get_or_insert(track.id) == track.id
        {
            self.health.video = Some(*video);
        }
        let key = self.moved(track, owners, passes_through);
        if let Some(told) = self.tracks.get_mut(&track.id) {
            if let Some(key) = key {
                (told.key, told.merged) = (key, None);
            }
            told.tally.restate(track);
            told.track = track.clone();
            let owner = owners.get(&told.key).copied().unwrap_or(self.id);
            let is_new = told.merged.is_none() && !owners.contains_key(&told.key);
            return if owner == self.id { Claim::Owned(told.key.clone(), is_new) } else { Claim::Taken(owner) };
        }
        if self.tracks.len() >= Session::MAX_TRACKS {
            return Claim::TooMany;
        }
        let mut key = TrackKey::new(track, &self.session, passes_through);
        while key.is_by_name() && self.tracks.values().any(|told| told.key == key) {
            key.index += 1;
        }
        let tally = TrackTally::new(track, now.monotonic);
        let told =
            Told { track: track.clone(), key: key.clone(), merged: None, tally, told_at: None, is_untold: false };
        self.health.tracks.push(TrackHealth { track: track.id, kind: key.kind, last_timestamp: None });
        self.tracks.insert(track.id, told);
        match owners.get(&key) {
            Some(owner) if *owner != self.id => Claim::Taken(*owner),
            _ => Claim::Owned(key, true),
        }
    }

    /// Hosts are to know what is said of a track.
    pub(in crate::channel) fn announce(&mut self, track: TrackId) {
        if let Some(told) = self.tracks.get_mut(&track) {
            (told.is_untold, self.has_untold) = (true, true);
        }
    }

    /// The next track that hosts are to be told of: one that changes all the time as it is once a second (FAULTS I8), and one
    /// whose session `ends` for the last time.
    pub(in crate::channel) fn next_untold(&mut self, ends: bool, now: Duration) -> Option<Track> {
        if !self.has_untold {
            return None;
        }
        let is_due = |told: &&mut Told| {
            let quiet = told.told_at.is_none_or(|at| now >= at.saturating_add(Self::QUIET));
            told.is_untold && (ends || quiet)
        };
        if let Some(told) = self.tracks.values_mut().find(is_due) {
            (told.is_untold, told.told_at) = (false, Some(now));
            return Some(told.track.clone());
        }
        self.has_untold = self.tracks.values().any(|told| told.is_untold);
        None
    }

    /// The key of a sound that stands in another place now, where nothing else has that place: the map that told it first was
    /// not whole (FAULTS row 31). A language that is gone keeps its own, so that it may come back (row 45).
    fn moved(&self, track: &Track, owners: &BTreeMap<TrackKey, IngestId>, passes_through: bool) -> Option<TrackKey> {
        let told = self.tracks.get(&track.id).filter(|told| told.track.index != track.index)?;
        let key = TrackKey::new(track, &self.session, passes_through);
        let is_free = !owners.contains_key(&key) && self.tracks.values().all(|other| other.key != key);
        (is_free && !passes_through && told.key.kind == "audio").then_some(key)
    }

    /// Sets the times of an access unit beside the contribution, which has come to `newest`: a session that began behind a
    /// wrap of its time stamps is on the clock of those that began before it.
    pub(in crate::channel) fn set_beside(&mut self, unit: &mut AccessUnit, newest: Option<MediaTime>) {
        if let Some((wrap, newest)) = self.demuxer.wrap().zip(newest) {
            let away = newest.since(unit.dts);
            let is_near = |shift| away.minus(shift).flicks().saturating_abs() <= Self::SAME_CLOCK.flicks();
            let wrap = wrap.flicks().max(1);
            let wraps = away.flicks().saturating_add(wrap / 2).div_euclid(wrap);
            let nearest = MediaDuration::from_flicks(wraps.saturating_mul(wrap));
            if !is_near(self.shift) && is_near(nearest) {
                self.shift = nearest;
            }
        }
        (unit.dts, unit.pts) = (self.shifted(unit.dts), self.shifted(unit.pts));
    }

    /// A time of this session beside the contribution.
    pub(in crate::channel) const fn shifted(&self, at: MediaTime) -> MediaTime {
        at.plus(self.shift)
    }

    /// This session brings the track, under this id in the merged contribution.
    pub(in crate::channel) fn own(&mut self, track: TrackId, merged: TrackId) {
        if let Some(told) = self.tracks.get_mut(&track) {
            told.merged = Some(merged);
        }
    }

    /// Counts an access unit; its id in the merged contribution, where this session brings its track.
    pub(in crate::channel) fn count(&mut self, unit: &AccessUnit, now: Now) -> Option<TrackId> {
        if self.video == Some(unit.track) {
            self.window.2 = self.window.2.saturating_add(1);
        }
        let told = self.tracks.get_mut(&unit.track)?;
        self.jump = told.tally.count(unit, now.monotonic);
        self.health.come_to(unit.track, unit.pts);
        told.merged
    }

    /// The id of one of its tracks in the merged contribution, where it brings it.
    pub(in crate::channel) fn merged(&self, track: TrackId) -> Option<TrackId> {
        self.tracks.get(&track).and_then(|told| told.merged)
    }

    /// A track that another session brought, where no session brings it any more.
    pub(in crate::channel) fn orphan(&self, track: TrackId, owners: &BTreeMap<TrackKey, IngestId>) -> Option<Track> {
        let told = self.tracks.get(&track).filter(|told| told.merged.is_none() && !owners.contains_key(&told.key))?;
        Some(told.track.clone())
    }

    /// The tally of the track that has this id in the merged contribution.
    pub(in crate::channel) fn tally_of(&mut self, merged: TrackId) -> Option<&mut TrackTally> {
        self.tracks.values_mut().find(|told| told.merged == Some(merged)).map(|told| &mut told.tally)
    }

    /// The tally of one of its tracks.
    pub(in crate::channel) fn tally(&mut self, track: TrackId) -> Option<&mut TrackTally> {
        self.tracks.get_mut(&track).map(|told| &mut told.tally)
    }

    /// What kind of track this is, and what it is called.
    pub(in crate::channel) fn name_of(&self, track: TrackId) -> Option<(&'static str, &str)> {
        self.tracks.get(&track).map(|told| (told.key.kind, told.tally.name()))
    }

    /// What it has to tell every 20 seconds.
    pub(in crate::channel) fn beat(&mut self, now: Now) -> Vec<TrackHeartbeat> {
        self.tracks.values_mut().map(|told| told.tally.beat(now.monotonic)).collect()
    }

    /// Whether it brings pictures to the merged contribution.
    pub(in crate::channel) fn brings_pictures(&self) -> bool {
        self.tracks.values().any(|told| told.merged.is_some() && told.key.kind == "video")
    }

    /// Whether it has anything that a channel can use.
    pub(in crate::channel) fn is_readable(format: &TrackFormat) -> bool {
        !matches!(format, TrackFormat::Unknown(_))
    }

    /// Counts bytes and, once a second, the rates.
    pub(in crate::channel) fn count_bytes(&mut self, bytes: usize, now: Now) {
        self.last_bytes = now.monotonic;
        self.health.bytes += bytes as u64;
        self.window.1 += bytes as u64;
        self.roll(now);
    }

    /// Ends the measuring second when it is over, also where nothing comes any more.
    pub(in crate::channel) fn roll(&mut self, now: Now) {
        let (since, bytes, pictures) = self.window;
        let span = now.monotonic.saturating_sub(since);
        if span >= Duration::from_secs(1) {
            let micros = span.as_micros().max(1) as u64;
            self.health.bitrate = bytes * 8 * 1_000_000 / micros;
            self.health.frame_rate = f64::from(pictures) * 1e6 / micros as f64;
            self.window = (now.monotonic, 0, 0);
        }
    }
}
