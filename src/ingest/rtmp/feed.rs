//! Audio and video messages to tracks and access units: each track of a publication has its own lane.
//!
//! Track 0 of each kind is there from the start; others (Enhanced RTMP v2) come with their first packet, up to
//! [`MAX_TRACKS`] of each kind. A track's id is twice its trackId, and one more for sound, so that it never changes.

use std::collections::VecDeque;

use super::{
    audio::Audio,
    rates::{Kind, Rates},
    video::Video,
};
use crate::{
    error::{Fault, LimitError, ParseError},
    ingest::{Demuxed, Unwrap},
    time::{MediaDuration, MediaTime},
    wire::{
        flv::{self, MAX_TRACKS, Packet, PacketKind},
        rtmp::Message,
    },
};

/// One publication's tracks.
#[derive(Debug)]
pub(super) struct Feed {
    clock: Unwrap,
    rates: Rates,
    video: Vec<Video>,
    audio: Vec<Audio>,
    /// Packets of tracks over the ceiling.
    over: u64,
    is_over_told: bool,
}

impl Feed {
    /// A feed on `clock`, which goes on when a session publishes again.
    pub(super) fn new(clock: Unwrap, rates: Rates) -> Self {
        let (video, audio) = (vec![Video::new(0)], vec![Audio::new(0)]);
        Self { clock, rates, video, audio, over: 0, is_over_told: false }
    }

    pub(super) const fn clock(&self) -> &Unwrap {
        &self.clock
    }

    /// The bitrates that the publisher states now; what its URL or it itself said before holds where `rates` say nothing.
    /// Tracks without an access unit yet are announced anew with them.
    pub(super) fn set_rates(&mut self, rates: Rates, out: &mut VecDeque<Demuxed>) {
        self.rates = rates.or(&self.rates);
        self.video.iter_mut().for_each(|video| video.lane.rename(&self.rates, out));
        self.audio.iter_mut().for_each(|audio| audio.lane.rename(&self.rates, out));
    }

    /// Takes a message of type 9. One without a body says nothing.
    pub(super) fn video(&mut self, message: &Message, out: &mut VecDeque<Demuxed>) {
        if message.payload.is_empty() {
            return;
        }
        for packet in flv::video(&message.payload) {
            match packet {
                Ok(packet) => {
                    let dts = self.time(message.timestamp, &packet);
                    match lane(&mut self.video, packet.track, |video| video.lane.index(), Video::new) {
                        Some(video) => video.take(packet, dts, &self.rates, out),
                        None => self.over_ceiling(Kind::Video, out),
                    }
                }
                Err(error) => self.video.iter_mut().take(1).for_each(|video| video.lane.unreadable(error.clone(), out)),
            }
        }
    }

    /// Takes a message of type 8. One without a body says nothing.
    pub(super) fn audio(&mut self, message: &Message, out: &mut VecDeque<Demuxed>) {
        if message.payload.is_empty() {
            return;
        }
        for packet in flv::audio(&message.payload) {
            match packet {
                Ok(packet) => {
                    let dts = self.time(message.timestamp, &packet);
                    match lane(&mut self.audio, packet.track, |audio| audio.lane.index(), Audio::new) {
                        Some(audio) => audio.take(packet, dts, &self.rates, out),
                        None => self.over_ceiling(Kind::Audio, out),
                    }
                }
                Err(error) => self.audio.iter_mut().take(1).for_each(|audio| audio.lane.unreadable(error.clone(), out)),
            }
        }
    }

    /// The time of a data message.
    pub(super) fn time_of_data(&self, timestamp: u32) -> MediaTime {
        self.clock.place(timestamp.into())
    }

    /// Where a time stands that a data message of time `at` states in seconds, on the clock of the time stamps: the nearest one,
    /// as those wrap and it may not.
    pub(super) fn place(&self, stated: MediaTime, at: MediaTime) -> MediaTime {
        let wrap = self.clock.wrap().flicks().max(1);
        let ahead = stated.since(at).flicks().rem_euclid(wrap);
        at.plus(MediaDuration::from_flicks(if ahead < wrap / 2 { ahead } else { ahead.saturating_sub(wrap) }))
    }

    /// Reports what was counted: nothing more comes.
    pub(super) fn end(&mut self, out: &mut VecDeque<Demuxed>) {
        self.video.iter_mut().for_each(|video| video.lane.flush(out));
        self.audio.iter_mut().for_each(|audio| audio.lane.flush(out));
        let count = std::mem::take(&mut self.over);
        if count > 0 {
            out.push_back(Demuxed::Fault(Fault::Dropped { count, reason: "of tracks over the ceiling" }));
        }
    }

    /// The time of a packet. Only that of an access unit moves the clock: set-up records often come with time stamp 0.
    fn time(&mut self, timestamp: u32, packet: &Packet) -> MediaTime {
        if packet.kind == PacketKind::Config {
            return self.clock.place(timestamp.into());
        }
        // A nanosecond is 0.7056 flicks.
        let nanos = (i64::from(packet.nanos) * 7056 + 5000) / 10_000;
        self.clock.advance_to(timestamp.into()).plus(MediaDuration::from_flicks(nanos))
    }

    fn over_ceiling(&mut self, kind: Kind, out: &mut VecDeque<Demuxed>) {
        self.over += 1;
        if !std::mem::replace(&mut self.is_over_told, true) {
            let what = if kind == Kind::Video { "RTMP video tracks" } else { "RTMP audio tracks" };
            let limit = LimitError { what, ceiling: MAX_TRACKS as u64, asked: MAX_TRACKS as u64 + 1 };
            let error = ParseError::new(limit.into(), "flv", None, 0);
            out.push_back(Demuxed::Fault(Fault::Unreadable(error)));
        }
    }
}

/// The lane of a trackId, made where it is new; `None` where there are too many.
fn lane<T>(lanes: &mut Vec<T>, track: u8, index: impl Fn(&T) -> u8, make: impl Fn(u8) -> T) -> Option<&mut T> {
    let at = lanes.iter().position(|lane| index(lane) == track).unwrap_or(lanes.len());
    if at == lanes.len() && at < MAX_TRACKS {
        lanes.push(make(track));
    }
    lanes.get_mut(at)
}
