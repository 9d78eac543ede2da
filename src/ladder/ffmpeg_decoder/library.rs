//! libavcodec behind calls that cannot be misused.
//!
//! The crate `ffmpeg-next` makes, opens and frees its objects; what it does not offer are a few fields of the context and
//! planes without a panic, hence the raw accesses here. The borrow of a [`Picture`] keeps the library from being called
//! while its memory is read.
#![allow(unsafe_code, reason = "libavcodec is a C library")]

use std::slice;

use ffmpeg_next::{
    Error, Packet,
    codec::{Context, Id, decoder, threading},
    decoder::Opened,
    ffi::{AV_NOPTS_VALUE, AVFrame, AVPixelFormat, FF_COMPLIANCE_NORMAL, FF_COMPLIANCE_STRICT},
    frame::Video,
};

use super::super::to_420::Rows;
use crate::{
    error::Fault,
    media::{Chroma, Colour, Scan},
};

/// What is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coded {
    H264,
    Mpeg2,
}

/// A decoder, open, and the picture that it gave last.
pub(super) struct Library {
    decoder: Opened,
    frame: Video,
}

/// A decoded picture in the library's memory.
pub(super) struct Picture<'a> {
    pub(super) tag: u64,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bits: u32,
    pub(super) chroma: Chroma,
    pub(super) samples: Samples<'a>,
    pub(super) scan: Scan,
    /// Where the stream says it.
    pub(super) sample_aspect: Option<(u32, u32)>,
    /// Code points; 2 where the stream does not say. The range stands beside it.
    pub(super) colour: Colour,
    /// Where the stream says it.
    pub(super) is_full_range: Option<bool>,
}

/// Three planes of 8 bits, or of more in 16.
pub(super) enum Samples<'a> {
    Bytes([Rows<'a, u8>; 3]),
    Words([Rows<'a, u16>; 3]),
}

impl Coded {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::Mpeg2 => "MPEG-2 video",
        }
    }

    const fn id(self) -> Id {
        match self {
            Self::H264 => Id::H264,
            Self::Mpeg2 => Id::MPEG2VIDEO,
        }
    }
}

impl Library {
    /// Opens a decoder; with `holds_most`, one that holds back as many pictures as the stream's level allows.
    pub(super) fn open(coded: Coded, holds_most: bool, ceiling: u64) -> Result<Self, Fault> {
        let absent = || Fault::Codec { what: format!("the installed libavcodec has no {} decoder", coded.name()) };
        let codec = decoder::find(coded.id()).ok_or_else(absent)?;
        let mut context = Context::new_with_codec(codec);
        // Hostile bytes must not write to the host's terminal. The library knows only one level, that of the process.
        ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Quiet);
        // One thread: what comes out must not depend on how threads ran, and lanes run beside each other already.
        context.set_threading(threading::Config::count(1));
        // SAFETY: the context was just allocated and is ours alone; these are plain numbers that a caller may set before
        // it is opened.
        unsafe {
            let Some(raw) = context.as_mut_ptr().as_mut() else { return Err(absent()) };
            // Lines are aligned before they are counted.
            raw.max_pixels = i64::try_from(ceiling.saturating_add(ALIGNMENT)).unwrap_or(i64::MAX);
            raw.strict_std_compliance = if holds_most { FF_COMPLIANCE_STRICT } else { FF_COMPLIANCE_NORMAL };
        }
        let decoder = context.decoder().open_as(codec).map_err(|_| absent())?;
        Ok(Self { decoder, frame: Video::empty() })
    }

    /// Holds back as many pictures as the stream's level allows from now on.
    pub(super) fn hold_most(&mut self) {
        // SAFETY: the context is ours alone and not in use; the library reads this number anew with every picture.
        if let Some(raw) = unsafe { self.decoder.as_mut_ptr().as_mut() } {
            raw.strict_std_compliance = FF_COMPLIANCE_STRICT;
        }
    }

    /// Feeds one access unit; what it finished is there for [`receive`](Self::receive).
    pub(super) fn send(&mut self, data: &[u8], tag: u64) -> Result<(), String> {
        if data.is_empty() {
            return Err("an access unit without a NAL unit".into());
        }
        let mut packet = Packet::copy(data);
        packet.set_pts(i64::try_from(tag).ok());
        self.decoder.send_packet(&packet).map_err(|error| error.to_string())
    }

    /// No more comes: what is held back is there for [`receive`](Self::receive).
    pub(super) fn drain(&mut self) {
        let _ = self.decoder.send_eof();
    }

    /// The next finished picture; `None` when there is none for now.
    pub(super) fn receive(&mut self) -> Result<Option<Picture<'_>>, String> {
        match self.decoder.receive_frame(&mut self.frame) {
            Ok(()) => self.picture().map(Some),
            Err(Error::Eof | Error::Other { errno: ffmpeg_next::error::EAGAIN }) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn picture(&self) -> Result<Picture<'_>, String> {
        // SAFETY: the frame was filled by the decoder and lives as long as the borrow of it.
        let Some(raw) = (unsafe { self.frame.as_ptr().as_ref() }) else { return Err("no picture".into()) };
        let Some((_, chroma, bits, is_full)) = FORMATS.iter().copied().find(|known| known.0 as i32 == raw.format)
        else {
            return Err(format!("pixel format {:?} is not supported", self.frame.format()));
        };
        let (Ok(width), Ok(height), Ok(tag)) =
            (usize::try_from(raw.width), usize::try_from(raw.height), u64::try_from(raw.pts))
        else {
            return Err(if raw.pts == AV_NOPTS_VALUE { "a picture of no access unit" } else { "no picture" }.into());
        };
        let half = (width.div_ceil(2), if chroma == Chroma::Yuv420 { height.div_ceil(2) } else { height });
        let sizes = [(width, height), half, half];
        let samples =
            if bits == 8 { planes(raw, sizes).map(Samples::Bytes) } else { planes(raw, sizes).map(Samples::Words) };
        let scan = match (self.frame.is_interlaced(), self.frame.is_top_first()) {
            (false, _) => Scan::Progressive,
            (true, true) => Scan::TopFirst,
            (true, false) => Scan::BottomFirst,
        };
        let aspect = raw.sample_aspect_ratio;
        let code = |code: u32| u8::try_from(code).unwrap_or(2);
        Ok(Picture {
            tag,
            width,
            height,
            bits,
            chroma,
            samples: samples.ok_or("a picture without planes")?,
            scan,
            sample_aspect: match (u32::try_from(aspect.num), u32::try_from(aspect.den)) {
                (Ok(across @ 1..), Ok(down @ 1..)) => Some((across, down)),
                _ => None,
            },
            colour: Colour {
                primaries: code(raw.color_primaries as u32),
                transfer: code(raw.color_trc as u32),
                matrix: code(raw.colorspace as u32),
                is_full_range: false,
            },
            is_full_range: match raw.color_range as u32 {
                2 => Some(true),
                1 => Some(false),
                _ => is_full.then_some(true),
            },
        })
    }
}

/// Views of the planes of `frame`, whose sizes in samples of `T` are `sizes`; a monochrome one has luma alone.
fn planes<T: Copy>(frame: &AVFrame, sizes: [(usize, usize); 3]) -> Option<[Rows<'_, T>; 3]> {
    let mut all = [Rows { data: &[], stride: 0 }; 3];
    for ((rows, (data, bytes)), (width, height)) in
        all.iter_mut().zip(frame.data.into_iter().zip(frame.linesize)).zip(sizes)
    {
        if data.is_null() {
            continue;
        }
        let stride = usize::try_from(bytes).ok()? / size_of::<T>();
        if stride < width || height == 0 || !data.cast::<T>().is_aligned() {
            return None;
        }
        let len = stride.checked_mul(height - 1)?.checked_add(width)?;
        // SAFETY: the library says that `height` rows of `width` samples lie there, `linesize` bytes apart, in memory that
        // the frame holds a reference to and nobody writes.
        *rows = Rows { data: unsafe { slice::from_raw_parts(data.cast_const().cast::<T>(), len) }, stride };
    }
    all.first().is_some_and(|luma| !luma.data.is_empty()).then_some(all)
}

/// Formats that are taken: chroma, bits, and whether the format itself means full range.
#[cfg(target_endian = "little")]
const FORMATS: [(AVPixelFormat, Chroma, u32, bool); 10] = {
    use AVPixelFormat::*;
    [
        (AV_PIX_FMT_YUV420P, Chroma::Yuv420, 8, false),
        (AV_PIX_FMT_YUVJ420P, Chroma::Yuv420, 8, true),
        (AV_PIX_FMT_YUV422P, Chroma::Yuv422, 8, false),
        (AV_PIX_FMT_YUVJ422P, Chroma::Yuv422, 8, true),
        (AV_PIX_FMT_YUV420P9LE, Chroma::Yuv420, 9, false),
        (AV_PIX_FMT_YUV422P9LE, Chroma::Yuv422, 9, false),
        (AV_PIX_FMT_YUV420P10LE, Chroma::Yuv420, 10, false),
        (AV_PIX_FMT_YUV422P10LE, Chroma::Yuv422, 10, false),
        (AV_PIX_FMT_GRAY8, Chroma::Monochrome, 8, false),
        (AV_PIX_FMT_GRAY10LE, Chroma::Monochrome, 10, false),
    ]
};
#[cfg(target_endian = "big")]
const FORMATS: [(AVPixelFormat, Chroma, u32, bool); 4] = {
    use AVPixelFormat::*;
    [
        (AV_PIX_FMT_YUV420P, Chroma::Yuv420, 8, false),
        (AV_PIX_FMT_YUV422P, Chroma::Yuv422, 8, false),
        (AV_PIX_FMT_YUV420P10BE, Chroma::Yuv420, 10, false),
        (AV_PIX_FMT_YUV422P10BE, Chroma::Yuv422, 10, false),
    ]
};
/// A line is rounded up to 64 samples: this many more in the highest picture.
const ALIGNMENT: u64 = 64 * 2304;
