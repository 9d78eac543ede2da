//! The lane that decodes the contribution's pictures.

use std::sync::Arc;

use crate::{
    error::Fault,
    ladder::{Codecs, VideoDecoder},
    media::{AccessUnit, Frame, TrackFormat},
};

/// The decoder of the contribution on air, if there is one.
pub(crate) struct DecodeLane {
    codecs: Arc<dyn Codecs>,
    decoder: Option<Box<dyn VideoDecoder>>,
}

/// One step for the decoder.
pub(crate) enum DecodeOp {
    /// The track's set-up appeared or changed: what is held comes out, then a new decoder takes over.
    Open(TrackFormat),
    /// The next access unit.
    Unit(AccessUnit),
    /// The contribution ended: what is held comes out.
    Flush,
}

pub(crate) struct DecodeJob {
    pub(crate) lane: DecodeLane,
    pub(crate) ops: Vec<DecodeOp>,
}

pub(crate) struct DecodeDone {
    pub(crate) lane: DecodeLane,
    pub(crate) decoded: Vec<Decoded>,
    /// Access units that went in.
    pub(crate) units: u64,
}

/// What a decoder gave, in presentation order.
pub(crate) enum Decoded {
    Frame(Frame),
    /// Nothing earlier will come any more.
    Flushed,
    /// No decoder takes the track that was opened.
    Refused(Fault),
    Fault(Fault),
}

impl DecodeLane {
    pub(crate) fn new(codecs: Arc<dyn Codecs>) -> Self {
        Self { codecs, decoder: None }
    }

    fn flush(&mut self, decoded: &mut Vec<Decoded>) {
        let mut frames = Vec::new();
        let result = self.decoder.as_mut().map_or(Ok(()), |decoder| decoder.flush(&mut frames));
        decoded.extend(frames.into_iter().map(Decoded::Frame));
        decoded.extend(result.err().map(Decoded::Fault));
    }
}

impl DecodeJob {
    pub(crate) fn run(self) -> DecodeDone {
        let Self { mut lane, ops } = self;
        let mut decoded = Vec::with_capacity(ops.len() + 2);
        let mut frames = Vec::new();
        let mut units = 0;
        for op in ops {
            match op {
                DecodeOp::Open(format) => {
                    lane.flush(&mut decoded);
                    match lane.codecs.video_decoder(&format) {
                        Ok(decoder) => lane.decoder = Some(decoder),
                        Err(fault) => {
                            lane.decoder = None;
                            decoded.push(Decoded::Refused(fault));
                        }
                    }
                }
                DecodeOp::Unit(unit) => {
                    units += 1;
                    let result = lane.decoder.as_mut().map_or(Ok(()), |decoder| decoder.decode(&unit, &mut frames));
                    decoded.extend(frames.drain(..).map(Decoded::Frame));
                    decoded.extend(result.err().map(Decoded::Fault));
                }
                DecodeOp::Flush => {
                    lane.flush(&mut decoded);
                    decoded.push(Decoded::Flushed);
                }
            }
        }
        DecodeDone { lane, decoded, units }
    }
}
