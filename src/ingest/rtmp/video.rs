//! One video track of a publication.
//!
//! ```text
//! no configuration ──sequence start──► announced ──IDR──► started ──new sequence parameter set, new record──► announced
//! ```
//!
//! Pictures are dropped, and counted, until they are announced and one has come that a decoder can start with. H.264
//! parameter sets in band are taken like those of a sequence start; HEVC and AV1 are passed on as they are.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{
    lane::Lane,
    parameter_sets::{self, Change},
    rates::{Kind, Rates},
    view::View,
};
use crate::{
    codec::{
        av1, avcc,
        h264::{nal_ranges, video_track},
        hevc,
    },
    error::ParseError,
    ingest::Demuxed,
    media::{AccessUnit, Av1Config, H264Config, HevcConfig, NalFraming, TrackFormat},
    time::{MediaDuration, MediaTime},
    wire::flv::{Codec, Packet, PacketKind},
};

/// A video track's state.
#[derive(Debug)]
pub(super) struct Video {
    pub(super) lane: Lane,
    set_up: SetUp,
    /// The last record that was taken. Parameter sets in band may have changed the set-up since.
    record: Bytes,
    is_announced: bool,
    is_started: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum SetUp {
    None,
    H264(H264Config),
    Hevc { record: Bytes, framing: NalFraming },
    Av1 { record: Bytes },
}

impl Video {
    pub(super) const fn new(track: u8) -> Self {
        let lane = Lane::new(Kind::Video, track);
        Self { lane, set_up: SetUp::None, record: Bytes::new(), is_announced: false, is_started: false }
    }

    /// Takes what a tag has for this track; `dts` is the tag's time.
    pub(super) fn take(&mut self, packet: Packet, dts: MediaTime, rates: &Rates, out: &mut VecDeque<Demuxed>) {
        let composition_ms = match (packet.codec, packet.kind) {
            (Codec::Other(codec), _) => {
                (self.set_up, self.is_announced, self.is_started) = (SetUp::None, false, false);
                return self.lane.announce_unknown(codec, rates, out);
            }
            (codec, PacketKind::Config) => {
                if let Err(error) = self.configure(codec, &packet.data, rates, out) {
                    self.lane.unreadable(error, out);
                }
                return;
            }
            (_, PacketKind::Unit { composition_ms }) => composition_ms,
        };
        if !self.fits(packet.codec) {
            return self.lane.drop_unit("before the decoder configuration", out);
        }
        let view = match &self.set_up {
            SetUp::H264(config) => View::of_h264(&packet.data, config.framing),
            SetUp::Hevc { framing, .. } => View::of_hevc(&packet.data, *framing),
            _ => View::of_av1(&packet),
        };
        if view.has_parameter_sets {
            self.take_parameter_sets(&packet.data, rates, out);
        }
        let pts = dts.plus(MediaDuration::from_millis(composition_ms.into()));
        self.unit(view, packet.data, (pts, dts), out);
    }

    fn fits(&self, codec: Codec) -> bool {
        matches!(
            (&self.set_up, codec),
            (SetUp::H264(_), Codec::H264) | (SetUp::Hevc { .. }, Codec::Hevc) | (SetUp::Av1 { .. }, Codec::Av1)
        )
    }

    fn configure(
        &mut self,
        codec: Codec,
        record: &[u8],
        rates: &Rates,
        out: &mut VecDeque<Demuxed>,
    ) -> Result<(), ParseError> {
        // Many encoders repeat it, and say nothing new by that.
        if self.fits(codec) && record == self.record {
            return Ok(());
        }
        // The record stays for long; its message need not.
        let record = Bytes::copy_from_slice(record);
        let taken = record.clone();
        let (set_up, format) = match codec {
            Codec::Hevc => {
                let parsed = hevc::parse_record(&record)?;
                let track = hevc::video_track(&parsed.sps)?;
                let set_up = SetUp::Hevc { record: record.clone(), framing: parsed.framing };
                (set_up, Some(TrackFormat::Hevc(track, HevcConfig { hvcc: record })))
            }
            Codec::Av1 => {
                let track = av1::video_track(av1::sequence_header(&record)?)?;
                (SetUp::Av1 { record: record.clone() }, Some(TrackFormat::Av1(track, Av1Config { av1c: record })))
            }
            _ => (SetUp::H264(avcc::parse(&record)?), None),
        };
        self.record = taken;
        if set_up == self.set_up {
            return Ok(());
        }
        self.set_up = set_up;
        match format {
            Some(format) => {
                self.lane.announce(format, rates, out);
                (self.is_announced, self.is_started) = (true, false);
            }
            None => self.announce_h264(Change::Sequence, rates, out),
        }
        Ok(())
    }

    fn announce_h264(&mut self, change: Change, rates: &Rates, out: &mut VecDeque<Demuxed>) {
        let SetUp::H264(config) = &self.set_up else { return };
        // Without a sequence parameter set, one in band must come first.
        let Some(sps) = config.sps.first() else {
            (self.is_announced, self.is_started) = (false, false);
            return;
        };
        match video_track(sps) {
            Ok(track) => {
                let format = TrackFormat::H264(track, config.clone());
                self.lane.announce(format, rates, out);
                self.is_announced = true;
                self.is_started &= change != Change::Sequence;
            }
            Err(error) => {
                (self.is_announced, self.is_started) = (false, false);
                self.lane.unreadable(error, out);
            }
        }
    }

    fn take_parameter_sets(&mut self, data: &[u8], rates: &Rates, out: &mut VecDeque<Demuxed>) {
        let SetUp::H264(config) = &mut self.set_up else { return };
        let sets = nal_ranges(data, config.framing).filter_map(|nal| data.get(nal));
        let change = sets.map(|nal| parameter_sets::take(config, nal)).max().unwrap_or(Change::Nothing);
        if change != Change::Nothing {
            self.announce_h264(change, rates, out);
        }
    }

    fn unit(&mut self, view: View, mut data: Bytes, (pts, dts): (MediaTime, MediaTime), out: &mut VecDeque<Demuxed>) {
        let is_random_access = match view.picture {
            Ok(Some(is_random_access)) => is_random_access,
            // Parameter sets or messages on their own are no picture.
            Ok(None) => return,
            Err(kind) => return self.lane.unreadable(ParseError::new(kind, "flv", None, 0), out),
        };
        if !self.is_announced {
            return self.lane.drop_unit("before a sequence parameter set", out);
        }
        if !self.is_started && !is_random_access {
            return self.lane.drop_unit("before an IDR", out);
        }
        self.is_started = true;
        data.truncate(view.end);
        let data = data.split_off(view.start.min(data.len()));
        let dts = self.lane.place(dts, out);
        let (track, duration, is_damaged) = (self.lane.id(), MediaDuration::ZERO, view.is_damaged);
        out.push_back(Demuxed::Unit(AccessUnit { track, pts, dts, duration, is_random_access, is_damaged, data }));
    }
}
