//! A transport stream for a channel that stores what comes untouched: with lengths for start codes.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use headend::{
    codec::h264::{NAL_AUD, NAL_PPS, NAL_SPS, nal_type, nal_units},
    error::ParseError,
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    media::{NalFraming, Track, TrackFormat, TrackId},
    time::{MediaDuration, Now},
};

/// The demultiplexer, and what it found of pictures.
pub struct Untouched {
    demuxer: TsDemuxer,
    pictures: Option<TrackId>,
    /// From picture to picture.
    frame: MediaDuration,
}

impl Untouched {
    pub fn new(frame: MediaDuration) -> Self {
        Self { demuxer: TsDemuxer::new(TsConfig::default()), pictures: None, frame }
    }

    fn track(&mut self, mut track: Track) -> Track {
        if let TrackFormat::H264(_, config) = &mut track.format {
            config.framing = NalFraming::Length(4);
            self.pictures = Some(track.id);
        }
        track
    }
}

impl Demuxer for Untouched {
    fn push(&mut self, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        self.demuxer.push(bytes, now)
    }

    fn pull(&mut self) -> Option<Demuxed> {
        Some(match self.demuxer.pull()? {
            Demuxed::Track(track) => Demuxed::Track(self.track(track)),
            Demuxed::Unit(mut unit) if Some(unit.track) == self.pictures => {
                unit.data = with_lengths(&unit.data);
                unit.duration = self.frame;
                Demuxed::Unit(unit)
            }
            other => other,
        })
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.demuxer.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Now) {
        self.demuxer.handle_timeout(now);
    }

    fn finish(&mut self) {
        self.demuxer.finish();
    }
}

/// An access unit without delimiters and parameter sets.
fn with_lengths(unit: &Bytes) -> Bytes {
    let mut out = BytesMut::new();
    let is_set = |nal: &Bytes| matches!(nal_type(nal), NAL_AUD | NAL_SPS | NAL_PPS);
    for nal in nal_units(unit, NalFraming::AnnexB).filter(|nal| !is_set(nal)) {
        out.put_u32(nal.len() as u32);
        out.put_slice(&nal);
    }
    out.freeze()
}
