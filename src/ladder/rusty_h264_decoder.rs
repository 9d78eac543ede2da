//! H.264 decode by rusty_h264 (feature `rusty-h264`): memory-safe but for its SIMD kernels.
//!
//! Rec. ITU-T H.264, 8-bit 4:2:0 progressive; what else there is, `h264_input` refuses. It is not the default, as it
//! panics on some broken streams where arithmetic is checked for overflow; but it is exact on every capture, also on streams
//! with several references and weighted prediction where OpenH264 is not. It gives a picture with the access unit that has it, in decode order; `presentation_order` holds
//! it until its turn. Nothing is concealed: a picture whose reference was lost is an error, or shows the loss, until the
//! next IDR picture.
//!
//! It looks once at three environment variables of its makers (`RS_H264_FRAME_THREADS`, `RS_H264_EDC_MT`, `RFF_HPEL_PAD`),
//! none of which changes a sample; unless they are set it has no thread and no output of its own.

use rusty_h264_decoder::{DecodeError, Decoder};

use super::{
    VideoDecoder,
    h264_input::H264Input,
    presentation_order::PresentationOrder,
    to_420::{Rows, Source},
};
use crate::{
    error::Fault,
    media::{AccessUnit, Chroma, Frame, FramePool, H264Config},
};

/// A decoder of one H.264 track.
pub(super) struct RustyH264Decoder {
    decoder: Decoder,
    input: H264Input,
    order: PresentationOrder,
    pool: FramePool,
}

impl RustyH264Decoder {
    /// A decoder for a track set up as `config` says, for pictures of up to `ceiling` luma samples.
    pub(super) fn new(config: &H264Config, ceiling: u64) -> Result<Self, Fault> {
        let (input, decoder) = (H264Input::new(config, ceiling)?, Decoder::new());
        Ok(Self { decoder, input, order: PresentationOrder::new(), pool: FramePool::new() })
    }

    fn hold(&mut self, (width, height): (usize, usize), yuv: [&[u8]; 3], unit: &AccessUnit) -> Result<(), Fault> {
        if width == 0 || height == 0 || width as u64 * height as u64 > self.input.ceiling {
            return Err(Fault::Codec { what: format!("H.264 picture of {width}x{height}") });
        }
        let (chroma, is_interlaced, half) = (Chroma::Yuv420, false, width.div_ceil(2));
        let ([y, u, v], rows) = (yuv, |data, stride| Rows { data, stride });
        let planes = [rows(y, width), rows(u, half), rows(v, half)];
        let source = Source { width, height, bits: 8, chroma, is_interlaced, planes };
        let mut frame = Frame::build(&self.pool, (width, height), unit.pts, |y, u, v| source.write(y, u, v));
        (frame.sample_aspect, frame.colour) = (self.input.sample_aspect, self.input.colour);
        self.order.insert(frame);
        Ok(())
    }
}

impl VideoDecoder for RustyH264Decoder {
    fn decode(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) -> Result<(), Fault> {
        self.input.frame_up(unit)?;
        let result = match self.decoder.decode(self.input.annex_b()) {
            Ok(None) => Ok(()),
            Ok(Some(picture)) => self.hold((picture.width, picture.height), [&picture.y, &picture.u, &picture.v], unit),
            Err(error) => {
                if !matches!(
                    error,
                    DecodeError::Truncated | DecodeError::MissingParameterSet | DecodeError::Unsupported(_)
                ) {
                    // It lost its way, not the stream.
                    self.decoder = Decoder::new();
                    self.input.renew();
                }
                Err(Fault::Codec { what: format!("H.264 decoder: {error}") })
            }
        };
        self.order.release(unit, out);
        result
    }

    fn flush(&mut self, out: &mut Vec<Frame>) -> Result<(), Fault> {
        self.order.release_all(out);
        self.decoder = Decoder::new();
        self.input.renew();
        Ok(())
    }
}
