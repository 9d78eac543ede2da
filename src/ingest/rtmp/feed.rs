//! Audio and video messages to tracks and access units.
//!
//! ```text
//! no configuration ──sequence header──► announced ──IDR──► started ──new sequence parameter set──► announced
//! ```
//!
//! Video units are dropped, and counted, until they are announced and an IDR has come. Parameter sets in band are taken
//! like those of a sequence header.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{
    lane::Lane,
    parameter_sets::{self, Change},
};
use crate::{
    codec::{
        asc::AudioSpecificConfig,
        avcc,
        h264::{NAL_IDR, NAL_PARTITION_A, NAL_PPS, NAL_SLICE, NAL_SPS, nal_ranges, nal_type, video_track},
    },
    error::{ParseError, ParseErrorKind},
    ingest::{Demuxed, Unwrap},
    media::{AacConfig, AccessUnit, H264Config, NalFraming, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Timescale},
    wire::{
        flv::{self, AudioTag, VideoTag},
        rtmp::Message,
    },
};

/// One publication's tracks.
#[derive(Debug)]
pub(super) struct Feed {
    clock: Unwrap,
    video: Video,
    audio: Audio,
}

#[derive(Debug)]
struct Video {
    lane: Lane,
    config: Option<H264Config>,
    is_announced: bool,
    is_started: bool,
}

#[derive(Debug)]
struct Audio {
    lane: Lane,
    asc: Bytes,
    /// How long an access unit lasts, once the configuration is known.
    frame: Option<MediaDuration>,
}

/// What the NAL units of an access unit are.
#[derive(Debug, Default)]
struct Look {
    first_slice: Option<u8>,
    has_parameter_sets: bool,
    /// Bytes up to the end of the last whole NAL unit.
    end: usize,
}

impl Feed {
    /// A feed on `clock`, which goes on when a session publishes again.
    pub(super) fn new(clock: Unwrap) -> Self {
        Self {
            clock,
            video: Video { lane: Lane::new(VIDEO), config: None, is_announced: false, is_started: false },
            audio: Audio { lane: Lane::new(AUDIO), asc: Bytes::new(), frame: None },
        }
    }

    pub(super) fn clock(&self) -> &Unwrap {
        &self.clock
    }

    /// Takes a message of type 9. One without a body says nothing.
    pub(super) fn video(&mut self, message: &Message, out: &mut VecDeque<Demuxed>) {
        if message.payload.is_empty() {
            return;
        }
        match flv::video(&message.payload) {
            Ok(VideoTag::AvcConfig(record)) => self.video.configure(&record, out),
            Ok(VideoTag::AvcUnit { composition_ms, data }) => {
                let dts = self.clock.advance_to(message.timestamp.into());
                let pts = dts.plus(MediaDuration::from_millis(composition_ms.into()));
                self.video.unit(data, pts, dts, out);
            }
            Ok(VideoTag::Aside) => {}
            Ok(VideoTag::Other(codec)) => self.video.lane.announce_unknown(codec, out),
            Err(error) => self.video.lane.unreadable(error, out),
        }
    }

    /// Takes a message of type 8. One without a body says nothing.
    pub(super) fn audio(&mut self, message: &Message, out: &mut VecDeque<Demuxed>) {
        if message.payload.is_empty() {
            return;
        }
        match flv::audio(&message.payload) {
            Ok(AudioTag::AacConfig(asc)) => self.audio.configure(asc, out),
            Ok(AudioTag::AacUnit(data)) => {
                let dts = self.clock.advance_to(message.timestamp.into());
                self.audio.unit(data, dts, out);
            }
            Ok(AudioTag::Aside) => {}
            Ok(AudioTag::Other(codec)) => self.audio.lane.announce_unknown(codec, out),
            Err(error) => self.audio.lane.unreadable(error, out),
        }
    }

    /// Reports what was counted: nothing more comes.
    pub(super) fn end(&mut self, out: &mut VecDeque<Demuxed>) {
        self.video.lane.flush(out);
        self.audio.lane.flush(out);
    }
}

impl Video {
    fn configure(&mut self, record: &Bytes, out: &mut VecDeque<Demuxed>) {
        // The record stays for long; its message need not.
        match avcc::parse(&Bytes::copy_from_slice(record)) {
            Ok(config) if self.config.as_ref() == Some(&config) => {}
            Ok(config) => {
                self.config = Some(config);
                self.announce(Change::Sequence, out);
            }
            Err(error) => self.lane.unreadable(error, out),
        }
    }

    fn announce(&mut self, change: Change, out: &mut VecDeque<Demuxed>) {
        let Some(config) = &self.config else { return };
        // Without a sequence parameter set, one in band must come first.
        let Some(sps) = config.sps.first() else {
            (self.is_announced, self.is_started) = (false, false);
            return;
        };
        match video_track(sps) {
            Ok(track) => {
                let format = TrackFormat::H264(track, config.clone());
                self.lane.announce(format, out);
                self.is_announced = true;
                self.is_started &= change != Change::Sequence;
            }
            Err(error) => {
                (self.is_announced, self.is_started) = (false, false);
                self.lane.unreadable(error, out);
            }
        }
    }

    fn unit(&mut self, mut data: Bytes, pts: MediaTime, dts: MediaTime, out: &mut VecDeque<Demuxed>) {
        let Some(config) = &mut self.config else {
            return self.lane.drop_unit("before the decoder configuration", out);
        };
        let look = look(&data, config.framing);
        if look.has_parameter_sets {
            let sets = nal_ranges(&data, config.framing).filter_map(|nal| data.get(nal));
            let change = sets.map(|nal| parameter_sets::take(config, nal)).max().unwrap_or(Change::Nothing);
            if change != Change::Nothing {
                self.announce(change, out);
            }
        }
        let Some(slice) = look.first_slice else {
            // Parameter sets or messages on their own are no picture.
            if look.end == 0 {
                let kind = ParseErrorKind::Truncated { what: "NAL unit" };
                self.lane.unreadable(ParseError::new(kind, "h264", None, 0), out);
            }
            return;
        };
        if !self.is_announced {
            return self.lane.drop_unit("before a sequence parameter set", out);
        }
        let is_idr = slice == NAL_IDR;
        if !self.is_started && !is_idr {
            return self.lane.drop_unit("before an IDR", out);
        }
        self.is_started = true;
        // Zeros at the end are padding of some encoders; anything else is the rest of a NAL unit that was cut.
        let is_damaged = data.get(look.end..).unwrap_or_default().iter().any(|byte| *byte != 0);
        data.truncate(look.end);
        let dts = self.lane.place(dts, out);
        let duration = MediaDuration::ZERO;
        let unit = AccessUnit { track: VIDEO, pts, dts, duration, is_random_access: is_idr, is_damaged, data };
        out.push_back(Demuxed::Unit(unit));
    }
}

impl Audio {
    fn configure(&mut self, asc: Bytes, out: &mut VecDeque<Demuxed>) {
        if self.frame.is_some() && self.asc == asc {
            return;
        }
        match AudioSpecificConfig::parse(&asc) {
            Ok(config) => {
                let rate = Timescale::new(config.sample_rate).unwrap_or(Timescale::MILLIS);
                self.frame = Some(MediaDuration::from_ticks(config.frame_samples.into(), rate));
                self.asc = Bytes::copy_from_slice(&asc);
                let format = TrackFormat::Aac(config.track(), AacConfig { asc: self.asc.clone() });
                self.lane.announce(format, out);
            }
            Err(error) => {
                self.frame = None;
                self.lane.unreadable(error, out);
            }
        }
    }

    fn unit(&mut self, data: Bytes, dts: MediaTime, out: &mut VecDeque<Demuxed>) {
        let Some(duration) = self.frame else {
            return self.lane.drop_unit("before the decoder configuration", out);
        };
        if data.is_empty() {
            return self.lane.drop_unit("empty", out);
        }
        let dts = self.lane.place(dts, out);
        let unit =
            AccessUnit { track: AUDIO, pts: dts, dts, duration, is_random_access: true, is_damaged: false, data };
        out.push_back(Demuxed::Unit(unit));
    }
}

fn look(data: &[u8], framing: NalFraming) -> Look {
    let mut look = Look::default();
    for range in nal_ranges(data, framing) {
        look.end = range.end;
        match data.get(range).map_or(0, nal_type) {
            // All slices of a picture are IDR slices or none is (ISO/IEC 14496-10 clause 7.4.1.2.4).
            kind @ (NAL_SLICE | NAL_PARTITION_A | NAL_IDR) => look.first_slice = look.first_slice.or(Some(kind)),
            NAL_SPS | NAL_PPS => look.has_parameter_sets = true,
            _ => {}
        }
    }
    look
}

const VIDEO: TrackId = TrackId(0);
const AUDIO: TrackId = TrackId(1);
