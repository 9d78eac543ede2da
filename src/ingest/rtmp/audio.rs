//! One audio track of a publication.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{
    lane::Lane,
    rates::{Kind, Rates},
};
use crate::{
    codec::asc::AudioSpecificConfig,
    ingest::Demuxed,
    media::{AacConfig, AccessUnit, TrackFormat},
    time::{MediaDuration, MediaTime, Timescale},
    wire::flv::{Codec, Packet, PacketKind},
};

/// An audio track's state.
#[derive(Debug)]
pub(super) struct Audio {
    pub(super) lane: Lane,
    asc: Bytes,
    /// How long an access unit lasts, once the configuration is known.
    frame: Option<MediaDuration>,
}

impl Audio {
    pub(super) const fn new(track: u8) -> Self {
        Self { lane: Lane::new(Kind::Audio, track), asc: Bytes::new(), frame: None }
    }

    /// Takes what a tag has for this track; `dts` is the tag's time.
    pub(super) fn take(&mut self, packet: Packet, dts: MediaTime, rates: &Rates, out: &mut VecDeque<Demuxed>) {
        match (packet.codec, packet.kind) {
            (Codec::Other(codec), _) => {
                self.frame = None;
                self.lane.announce_unknown(codec, rates, out);
            }
            (_, PacketKind::Config) => self.configure(&packet.data, rates, out),
            (_, PacketKind::Unit { .. }) => self.unit(packet.data, dts, out),
        }
    }

    fn configure(&mut self, asc: &Bytes, rates: &Rates, out: &mut VecDeque<Demuxed>) {
        if self.frame.is_some() && self.asc == asc {
            return;
        }
        match AudioSpecificConfig::parse(asc) {
            Ok(config) => {
                let rate = Timescale::new(config.sample_rate).unwrap_or(Timescale::MILLIS);
                self.frame = Some(MediaDuration::from_ticks(config.frame_samples.into(), rate));
                self.asc = Bytes::copy_from_slice(asc);
                let format = TrackFormat::Aac(config.track(), AacConfig { asc: self.asc.clone() });
                self.lane.announce(format, rates, out);
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
        let (track, is_random_access, is_damaged) = (self.lane.id(), true, false);
        out.push_back(Demuxed::Unit(AccessUnit { track, pts: dts, dts, duration, is_random_access, is_damaged, data }));
    }
}
