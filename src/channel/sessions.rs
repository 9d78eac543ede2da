//! The contribution sessions that a channel has taken in, and which of them brings which track.
//!
//! A session belongs to one of two slots (A5.6) and has the name of its stream. Within a slot a track comes from one
//! session: the first that tells it, until that one ends.

mod attached;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    channel::{IngestId, heartbeat::kind_of, redundancy::Merger, sync_watch::SyncWatch},
    media::Track,
};

pub(super) use attached::{Attached, Claim};

/// The primary or the secondary ingest of a channel (A5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Slot {
    /// The first ingest URL.
    #[default]
    Primary,
    /// The second one, for an encoder that sends the same.
    Secondary,
}

/// What a front door knows of a contribution session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// Its protocol, such as `rtmp`: fixed while the channel runs (A1.10).
    pub protocol: &'static str,
    /// Which ingest URL it came to.
    pub slot: Slot,
    /// The name of its stream, as in `Streams(720p)`: the same slot and name again is a reconnect.
    pub name: String,
}

/// Everything that a channel has taken in.
pub(super) struct Sessions {
    /// In the order in which they came.
    pub(super) list: Vec<Attached>,
    /// Which session brings a track, by slot.
    pub(super) owners: [BTreeMap<TrackKey, IngestId>; 2],
    /// Makes one contribution of them.
    pub(super) merger: Merger,
    /// The protocol of this run of the channel (A1.10).
    pub(super) protocol: Option<&'static str>,
    /// When the next heartbeat is due.
    pub(super) next_beat: Option<Duration>,
    /// Whether the streams of a slot keep together.
    pub(super) sync: [SyncWatch; 2],
}

/// Which track of the contribution it is, whichever slot and session brings it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TrackKey {
    kind: &'static str,
    index: u32,
    name: String,
    bitrate: u32,
    codec: String,
    session: String,
}

impl Slot {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Primary => Self::Secondary,
            Self::Secondary => Self::Primary,
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Primary => 0,
            Self::Secondary => 1,
        }
    }
}

impl Sessions {
    /// Time from heartbeat to heartbeat (A26.3).
    pub(super) const BEAT: Duration = Duration::from_secs(20);

    pub(super) fn new(failover_after: Duration) -> Self {
        let owners = [BTreeMap::new(), BTreeMap::new()];
        Self {
            list: Vec::new(),
            owners,
            merger: Merger::new(failover_after),
            protocol: None,
            next_beat: None,
            sync: [SyncWatch::default(), SyncWatch::default()],
        }
    }

    pub(super) fn find(&self, id: IngestId) -> Option<&Attached> {
        self.list.iter().find(|attached| attached.id == id)
    }

    pub(super) fn find_mut(&mut self, id: IngestId) -> Option<&mut Attached> {
        self.list.iter_mut().find(|attached| attached.id == id)
    }

    /// Video and audio tracks that a slot's sessions bring. Video tracks are told apart by session and place, so that
    /// one whose bitrate is restated is no other one.
    pub(super) fn count_tracks(&self, slot: Slot) -> (u32, u32) {
        let owners = || self.owners.get(slot.index()).into_iter().flatten();
        let video = owners().filter(|(key, _)| key.kind == "video").map(|(key, owner)| (*owner, key.index));
        let audio = owners().filter(|(key, _)| key.kind == "audio").count();
        (video.collect::<BTreeSet<_>>().len() as u32, audio as u32)
    }

    /// The session to ask about the contribution: the one that brings the pictures on air.
    pub(super) fn main(&self) -> Option<&Attached> {
        let on_air = |attached: &&Attached| self.merger.active() == Some(attached.session.slot);
        let mut candidates = self.list.iter().filter(on_air);
        candidates
            .find(|attached| attached.brings_pictures())
            .or_else(|| self.list.iter().find(on_air))
            .or(self.list.first())
    }

    pub(super) fn main_mut(&mut self) -> Option<&mut Attached> {
        let id = self.main()?.id;
        self.find_mut(id)
    }
}

impl Session {
    /// Sessions of one slot of a pass-through channel; an encoding channel has one or a few.
    pub const MAX_PER_SLOT: usize = 32;
    /// Tracks of one session.
    pub const MAX_TRACKS: usize = 64;

    /// A session of the primary slot without a stream name.
    #[must_use]
    pub const fn new(protocol: &'static str) -> Self {
        Self { protocol, slot: Slot::Primary, name: String::new() }
    }
}

impl TrackKey {
    /// `passes_through`: rungs of one kind are told apart by all that is said of them, and sound that several sessions
    /// bring under one description is one track (SPECS d1). Else a track is its kind's `index`th, whatever name and bitrate an
    /// encoder that comes back gives it.
    fn new(track: &Track, session: &Session, passes_through: bool) -> Self {
        let kind = kind_of(&track.format);
        let mut key = Self {
            kind,
            index: track.index,
            name: String::new(),
            bitrate: 0,
            codec: String::new(),
            session: String::new(),
        };
        if passes_through {
            (key.name, key.bitrate) = (track.name.clone(), track.bitrate);
            if track.format.is_video() || track.name.is_empty() && track.bitrate == 0 {
                key.session = session.name.clone();
            } else {
                // Of those that a session says the same of, which.
                key.index = 0;
                key.codec = format!("{} {}", track.format.codec_name(), track.language.as_str());
            }
        }
        key
    }

    /// Whether it is told apart by what is said of it, and not by its place.
    const fn is_by_name(&self) -> bool {
        !self.codec.is_empty()
    }
}
