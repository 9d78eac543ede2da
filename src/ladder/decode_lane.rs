//! The lane that decodes the contribution's pictures, makes them progressive and takes thumbnails of them.

use std::sync::Arc;

use crate::{
    error::Fault,
    ladder::{Codecs, Deinterlacer, Thumbnail, Thumbnailer, Thumbnails, VideoDecoder},
    media::{AccessUnit, Colour, Frame, TrackFormat},
};

/// The decoder of the contribution on air, if there is one.
pub(crate) struct DecodeLane {
    codecs: Arc<dyn Codecs>,
    decoder: Option<Box<dyn VideoDecoder>>,
    deinterlacer: Box<Deinterlacer>,
    /// What the track says of its colour, for decoders that say nothing.
    colour: Colour,
    thumbnailer: Option<Box<Thumbnailer>>,
    /// What the decoder gave and the deinterlacer gives: empty between two steps.
    frames: Vec<Frame>,
    progressive: Vec<Frame>,
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
    /// Always progressive.
    Frame(Frame),
    /// Of the picture after it.
    Thumbnail(Thumbnail),
    /// Nothing earlier will come any more.
    Flushed,
    /// No decoder takes the track that was opened.
    Refused(Fault),
    Fault(Fault),
}

impl DecodeLane {
    pub(crate) fn new(codecs: Arc<dyn Codecs>, thumbnails: Option<Thumbnails>) -> Self {
        let (decoder, deinterlacer, colour) = (None, Box::new(Deinterlacer::new()), Colour::UNKNOWN);
        let thumbnailer = thumbnails.map(Thumbnailer::new).map(Box::new);
        Self { codecs, decoder, deinterlacer, colour, thumbnailer, frames: Vec::new(), progressive: Vec::new() }
    }

    fn open(&mut self, format: &TrackFormat, decoded: &mut Vec<Decoded>) {
        self.flush(decoded);
        self.thumbnailer.iter_mut().for_each(|thumbnailer| thumbnailer.restart());
        self.colour = format.video().map_or(Colour::UNKNOWN, |video| video.colour);
        match self.codecs.video_decoder(format) {
            Ok(decoder) => self.decoder = Some(decoder),
            Err(fault) => {
                self.decoder = None;
                decoded.push(Decoded::Refused(fault));
            }
        }
    }

    fn decode(&mut self, unit: &AccessUnit, decoded: &mut Vec<Decoded>) {
        let frames = &mut self.frames;
        let result = self.decoder.as_mut().map_or(Ok(()), |decoder| decoder.decode(unit, frames));
        self.hand_on(decoded);
        decoded.extend(result.err().map(Decoded::Fault));
    }

    fn flush(&mut self, decoded: &mut Vec<Decoded>) {
        let frames = &mut self.frames;
        let result = self.decoder.as_mut().map_or(Ok(()), |decoder| decoder.flush(frames));
        self.hand_on(decoded);
        self.deinterlacer.flush(&mut self.progressive);
        self.give_out(decoded);
        decoded.extend(result.err().map(Decoded::Fault));
    }

    /// Takes what the decoder gave through the deinterlacer.
    fn hand_on(&mut self, decoded: &mut Vec<Decoded>) {
        for mut frame in self.frames.drain(..) {
            if frame.colour == Colour::UNKNOWN {
                frame.colour = self.colour;
            }
            self.deinterlacer.push(frame, &mut self.progressive);
        }
        self.give_out(decoded);
    }

    /// Gives out what the deinterlacer gave, and a thumbnail where one is due.
    fn give_out(&mut self, decoded: &mut Vec<Decoded>) {
        for frame in self.progressive.drain(..) {
            let thumbnail = self.thumbnailer.as_mut().and_then(|thumbnailer| thumbnailer.see(&frame));
            decoded.extend(thumbnail.map(|made| made.map_or_else(Decoded::Fault, Decoded::Thumbnail)));
            decoded.push(Decoded::Frame(frame));
        }
    }
}

impl DecodeJob {
    pub(crate) fn run(self) -> DecodeDone {
        let Self { mut lane, ops } = self;
        let mut decoded = Vec::with_capacity(ops.len() + 2);
        let mut units = 0;
        for op in ops {
            match op {
                DecodeOp::Open(format) => lane.open(&format, &mut decoded),
                DecodeOp::Unit(unit) => {
                    units += 1;
                    lane.decode(&unit, &mut decoded);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ladder::{AudioDecoder, AudioEncoder, AudioEncoderConfig, VideoEncoder, VideoEncoderConfig},
        media::{FramePool, Scan, TrackId, VideoTrack},
        time::{MediaDuration, MediaTime},
    };

    /// Gives a picture for each unit; those of odd times are interlaced.
    struct Half;

    impl VideoDecoder for Half {
        fn decode(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) -> Result<(), Fault> {
            let mut frame = Frame::build(&FramePool::new(), (16, 16), unit.pts, |y, u, v| {
                [y, u, v].into_iter().for_each(|plane| plane.fill(100));
            });
            frame.scan = if unit.pts.flicks() % 2 == 0 { Scan::Progressive } else { Scan::TopFirst };
            out.push(frame);
            Ok(())
        }

        fn flush(&mut self, _: &mut Vec<Frame>) -> Result<(), Fault> {
            Ok(())
        }
    }

    impl Codecs for Half {
        fn video_decoder(&self, _: &TrackFormat) -> Result<Box<dyn VideoDecoder>, Fault> {
            Ok(Box::new(Self))
        }

        fn h264_encoder(&self, _: &VideoEncoderConfig) -> Result<Box<dyn VideoEncoder>, Fault> {
            Err(Fault::SourceChanged)
        }

        fn audio_decoder(&self, _: &TrackFormat) -> Result<Box<dyn AudioDecoder>, Fault> {
            Err(Fault::SourceChanged)
        }

        fn aac_encoder(&self, _: &AudioEncoderConfig) -> Result<Box<dyn AudioEncoder>, Fault> {
            Err(Fault::SourceChanged)
        }
    }

    fn unit(n: i64) -> DecodeOp {
        let (pts, track, data) = (MediaTime::from_flicks(n), TrackId(0), bytes::Bytes::new());
        let (duration, is_random_access, is_damaged) = (MediaDuration::ZERO, true, false);
        DecodeOp::Unit(AccessUnit { track, pts, dts: pts, duration, is_random_access, is_damaged, data })
    }

    /// Times of the pictures that come out; -1 for the end of a flush.
    fn run(lane: DecodeLane, ops: Vec<DecodeOp>) -> (DecodeLane, Vec<i64>) {
        let done = DecodeJob { lane, ops }.run();
        let times = done.decoded.iter().filter_map(|decoded| match decoded {
            Decoded::Frame(frame) => {
                assert_eq!((frame.scan, frame.colour), (Scan::Progressive, Colour::BT601_625));
                Some(frame.pts.flicks())
            }
            Decoded::Flushed => Some(-1),
            Decoded::Thumbnail(_) | Decoded::Refused(_) | Decoded::Fault(_) => None,
        });
        let times = times.collect();
        (done.lane, times)
    }

    #[test]
    fn pictures_come_out_progressive_in_order_and_none_is_left_behind() {
        let format = || TrackFormat::Mpeg2(VideoTrack { colour: Colour::BT601_625, ..VideoTrack::new(16, 16) });
        let lane = DecodeLane::new(Arc::new(Half), None);
        let (lane, times) = run(lane, vec![DecodeOp::Open(format()), unit(1), unit(3), unit(4), unit(5)]);
        assert_eq!(times, [1, 3, 4]);
        let (lane, times) = run(lane, vec![DecodeOp::Open(format()), unit(7), DecodeOp::Flush, unit(8), unit(9)]);
        assert_eq!(times, [5, 7, -1, 8]);
        let (_, times) = run(lane, vec![DecodeOp::Flush]);
        assert_eq!(times, [9, -1]);
    }
}
