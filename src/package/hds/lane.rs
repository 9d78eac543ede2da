//! One stored fragment as FLV tags: what is written before its first access unit, and each access unit with its time.
//!
//! A stored fragment's decode times begin at its first presentation time, and composition offsets may be negative. In FLV they
//! may not, for the players that there are, so decode times are moved back as far as pictures may be reordered.

use std::slice;

use bytes::Bytes;

use super::clock::{millis_of_ticks, wrapped};
use crate::{
    error::{ParseError, ParseErrorKind},
    media::{Body, TrackFormat, TrackSpec},
    package::stored,
    time::{MediaDuration, Timescale},
    wire::{
        flv::{PacketKind, TagKind, TagStart, TagWriter, aac_head, avc_head, mp3_head},
        mp4::{Fragment, ReadSample, avcc},
    },
};

/// Whether fragments can hold this track.
#[must_use]
pub fn carries(track: &TrackSpec) -> bool {
    Coding::of(track).is_some()
}

/// How a track is coded in tags.
#[derive(Debug)]
enum Coding {
    /// AVCDecoderConfigurationRecord.
    Avc(Bytes),
    /// AudioSpecificConfig.
    Aac(Bytes),
    /// The first byte of each body.
    Mp3([u8; 1]),
}

/// A stored fragment that is read.
#[derive(Debug)]
pub(super) struct Stored {
    coding: Coding,
    fragment: Fragment,
    scale: Timescale,
    /// How far decode times are moved back.
    delay: MediaDuration,
}

/// Its access units, one after the other.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    stored: &'a Stored,
    samples: slice::Iter<'a, ReadSample>,
    /// Decode time of the next sample, in ticks as it is stored.
    ticks: u64,
    next: Option<Unit<'a>>,
}

/// An access unit with its times in milliseconds that do not go round.
#[derive(Clone, Copy, Debug)]
struct Unit<'a> {
    dts: u64,
    pts: u64,
    sample: &'a ReadSample,
}

impl Coding {
    fn of(track: &TrackSpec) -> Option<Self> {
        match &track.format {
            TrackFormat::H264(_, config) => avcc(config).map(Self::Avc),
            TrackFormat::Aac(_, config) => (!config.asc.is_empty()).then(|| Self::Aac(config.asc.clone())),
            TrackFormat::Mpa(audio, config) if config.layer == 3 => {
                mp3_head(audio.sample_rate, audio.channels).map(Self::Mp3)
            }
            _ => None,
        }
    }

    const fn kind(&self) -> TagKind {
        match self {
            Self::Avc(_) => TagKind::Video,
            Self::Aac(_) | Self::Mp3(_) => TagKind::Audio,
        }
    }
}

impl Stored {
    /// Reads a fragment of a track.
    pub(super) fn read(track: &TrackSpec, body: &Body) -> Result<Self, ParseError> {
        let unsupported = ParseErrorKind::Unsupported { what: "codec in HDS", value: 0 };
        let coding = Coding::of(track).ok_or_else(|| ParseError::new(unsupported, "f4f", Some(track.id.0), 0))?;
        let delay = match &track.format {
            TrackFormat::H264(_, config) => stored::reorder_delay(track, config),
            _ => MediaDuration::ZERO,
        };
        Ok(Self { coding, fragment: stored::read(body)?, scale: track.timescale, delay })
    }

    pub(super) fn samples(&self) -> usize {
        self.fragment.samples.len()
    }

    pub(super) fn lane(&self) -> Lane<'_> {
        let samples = self.fragment.samples.iter();
        let mut lane = Lane { stored: self, samples, ticks: self.fragment.decode_time, next: None };
        lane.advance();
        lane
    }
}

impl Lane<'_> {
    /// When the next access unit is decoded.
    pub(super) fn time(&self) -> Option<u64> {
        self.next.map(|unit| unit.dts)
    }

    /// Writes what a decoder needs before the first access unit.
    pub(super) fn write_config(&self, time: u64, out: &mut TagWriter) -> Result<(), ParseError> {
        match &self.stored.coding {
            Coding::Avc(record) => out.tag(self.start(time), &avc_head(true, PacketKind::Config), record),
            Coding::Aac(config) => out.tag(self.start(time), &aac_head(PacketKind::Config), config),
            Coding::Mp3(_) => Ok(()),
        }
    }

    /// Writes the next access unit.
    pub(super) fn write_next(&mut self, out: &mut TagWriter) -> Result<(), ParseError> {
        let Some(unit) = self.next else { return Ok(()) };
        let (start, data) = (self.start(unit.dts), &unit.sample.data);
        let composition = i128::from(unit.pts).saturating_sub(unit.dts.into());
        let kind = PacketKind::Unit { composition_ms: i32::try_from(composition).unwrap_or(i32::MAX) };
        match &self.stored.coding {
            Coding::Avc(_) => out.tag(start, &avc_head(unit.sample.is_sync, kind), data)?,
            Coding::Aac(_) => out.tag(start, &aac_head(kind), data)?,
            Coding::Mp3(head) => out.tag(start, head, data)?,
        }
        self.advance();
        Ok(())
    }

    const fn start(&self, time: u64) -> TagStart {
        TagStart { kind: self.stored.coding.kind(), time: wrapped(time) }
    }

    /// Steps to the next sample that is not empty.
    fn advance(&mut self) {
        let (scale, before) = (self.stored.scale, self.next.map_or(0, |unit| unit.dts));
        let delay = u64::try_from(self.stored.delay.ticks(Timescale::MILLIS)).unwrap_or(0);
        self.next = None;
        for sample in self.samples.by_ref() {
            let here = self.ticks;
            self.ticks = here.saturating_add(sample.duration.into());
            if sample.data.is_empty() {
                continue;
            }
            let pts = millis_of_ticks(here.saturating_add_signed(sample.composition_offset), scale);
            // What comes later than its parameter sets promise is decoded when it is shown; but tags never go back.
            let dts = millis_of_ticks(here, scale).saturating_sub(delay).min(pts).max(before);
            self.next = Some(Unit { dts, pts, sample });
            return;
        }
    }
}
