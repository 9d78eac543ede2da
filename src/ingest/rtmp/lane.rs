//! What video and audio have in common: decode times that move forward, and trouble that is counted.

use std::collections::VecDeque;

use super::rates::{Kind, Rates};
use crate::{
    error::{Fault, ParseError},
    ingest::Demuxed,
    media::{Track, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Timescale},
    wire::flv::CodecName,
};

/// One track's bookkeeping.
#[derive(Debug)]
pub(super) struct Lane {
    kind: Kind,
    index: u8,
    /// As it was announced last.
    announced: Option<Track>,
    last_dts: Option<MediaTime>,
    bumped: u64,
    dropped: u64,
    reason: &'static str,
    is_unreadable: bool,
    unknown: Option<CodecName>,
    unknown_reports: u8,
}

impl Lane {
    /// A lane for the track with this trackId.
    pub(super) const fn new(kind: Kind, index: u8) -> Self {
        Self {
            kind,
            index,
            announced: None,
            last_dts: None,
            bumped: 0,
            dropped: 0,
            reason: "",
            is_unreadable: false,
            unknown: None,
            unknown_reports: 0,
        }
    }

    pub(super) const fn id(&self) -> TrackId {
        let audio = matches!(self.kind, Kind::Audio) as u32;
        TrackId(self.index as u32 * 2 + audio)
    }

    /// The trackId.
    pub(super) const fn index(&self) -> u8 {
        self.index
    }

    pub(super) fn announce(&mut self, format: TrackFormat, rates: &Rates, out: &mut VecDeque<Demuxed>) {
        self.flush(out);
        let bitrate = rates.of(self.kind, self.index);
        let name = match (self.kind, bitrate) {
            (_, 0) => String::new(),
            (Kind::Video, _) => format!("video_{bitrate}"),
            (Kind::Audio, _) => format!("audio_{bitrate}"),
        };
        let index = self.index.into();
        let track = Track { index, name, bitrate, ..Track::new(self.id(), Timescale::MILLIS, format) };
        self.announced = Some(track.clone());
        out.push_back(Demuxed::Track(track));
    }

    /// Announces the track anew under the bitrate that is stated now, unless an access unit went out under the old one.
    pub(super) fn rename(&mut self, rates: &Rates, out: &mut VecDeque<Demuxed>) {
        let is_other = |track: &Track| track.bitrate != rates.of(self.kind, self.index);
        if self.last_dts.is_none()
            && let Some(track) = self.announced.take_if(|track| is_other(track))
        {
            self.announce(track.format, rates, out);
        }
    }

    /// Names a codec that is not opened, once; a peer that changes it all the time is reported a few times.
    pub(super) fn announce_unknown(&mut self, codec: CodecName, rates: &Rates, out: &mut VecDeque<Demuxed>) {
        if self.unknown != Some(codec) && self.unknown_reports < MAX_UNKNOWN_REPORTS {
            self.unknown = Some(codec);
            self.unknown_reports += 1;
            self.announce(TrackFormat::Unknown(codec.to_string()), rates, out);
        }
    }

    /// The decode time of a unit that goes out. One that is level with the last or a few ticks behind it is moved one tick
    /// past it; a longer step back is a jump, which is for the channel to judge.
    pub(super) fn place(&mut self, dts: MediaTime, out: &mut VecDeque<Demuxed>) -> MediaTime {
        self.is_unreadable = false;
        self.flush_dropped(out);
        let behind = self.last_dts.map(|last| (last, last.since(dts)));
        let placed = match behind {
            Some((last, behind)) if behind >= MediaDuration::ZERO && behind <= MAX_BUMP => {
                self.bumped += 1;
                last.plus(TICK)
            }
            _ => {
                self.flush_bumped(out);
                dts
            }
        };
        self.last_dts = Some(placed);
        placed
    }

    /// Counts a unit that does not go out.
    pub(super) fn drop_unit(&mut self, reason: &'static str, out: &mut VecDeque<Demuxed>) {
        if self.reason != reason {
            self.flush_dropped(out);
        }
        self.reason = reason;
        self.dropped += 1;
    }

    /// Reports a tag that cannot be read; those that follow it are counted.
    pub(super) fn unreadable(&mut self, error: ParseError, out: &mut VecDeque<Demuxed>) {
        if self.is_unreadable {
            self.drop_unit("tags that cannot be read", out);
            return;
        }
        self.is_unreadable = true;
        self.flush(out);
        out.push_back(Demuxed::Fault(Fault::Unreadable(error)));
    }

    /// Reports what was counted.
    pub(super) fn flush(&mut self, out: &mut VecDeque<Demuxed>) {
        self.flush_dropped(out);
        self.flush_bumped(out);
    }

    fn flush_dropped(&mut self, out: &mut VecDeque<Demuxed>) {
        let count = std::mem::take(&mut self.dropped);
        if count > 0 {
            out.push_back(Demuxed::Fault(Fault::Dropped { count, reason: self.reason }));
        }
    }

    fn flush_bumped(&mut self, out: &mut VecDeque<Demuxed>) {
        let count = std::mem::take(&mut self.bumped);
        if count > 0 {
            out.push_back(Demuxed::Fault(Fault::Bumped { count }));
        }
    }
}

const TICK: MediaDuration = MediaDuration::from_millis(1);
const MAX_BUMP: MediaDuration = MediaDuration::from_millis(10);
const MAX_UNKNOWN_REPORTS: u8 = 4;
