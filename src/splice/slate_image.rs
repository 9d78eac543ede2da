//! A slate of the operator's own: a JPEG image, checked and decoded before a channel has it (A15.7; FAULTS section 3).

use std::fmt;

use bytes::Bytes;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use crate::{
    codec::jpeg::{FrameHeader, JpegColour},
    error::ParseErrorKind,
    media::{Colour, Frame, FramePool},
    splice::slate,
    time::MediaTime,
};

/// A still picture that a channel can show in place of its contribution; cheap to clone.
///
/// It is stretched to the display, whatever its shape (A14.5).
#[derive(Clone)]
pub struct SlateImage(Frame);

/// Why an image is no slate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlateError {
    /// A15.7.
    #[error("the image has {bytes} bytes; at most {max} are allowed", max = SlateImage::MAX_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is something else, or cut short before its size is told.
    #[error("the image is no JPEG that can be read: {0}")]
    NotJpeg(ParseErrorKind),
    /// A15.7; it says 0 where a side is not told at all.
    #[error("the image is {width}x{height}; 1x1 to {}x{} are allowed", SlateImage::MAX_SIZE.0, SlateImage::MAX_SIZE.1)]
    TooBig {
        /// Samples per line.
        width: u16,
        /// Lines.
        height: u16,
    },
    /// A JPEG image of a kind that browsers do not show alike, or not at all.
    #[error("the image is {what}; baseline or progressive, 8 bit, in grey or YCbCr, is what is taken")]
    Unsupported {
        /// What it is.
        what: &'static str,
    },
    /// Its header is good and its data are not: it is cut short, most often.
    #[error("the image is broken or cut short: {0}")]
    Broken(String),
}

impl SlateImage {
    /// The largest file: 3 MB, counted in 1024s as the tools did that made them (A15.7).
    pub const MAX_BYTES: usize = 3 << 20;
    /// The largest picture, in samples.
    pub const MAX_SIZE: (u16, u16) = (1920, 1080);
    /// Scans of a progressive image: encoders make ten or so, and each is worked through the whole picture.
    const MAX_SCANS: usize = 32;

    /// Checks an image and decodes it: baseline or progressive, in grey or YCbCr with any subsampling. Takes some tens of
    /// milliseconds and 32 MiB at most, and keeps none of `jpeg`. What its header rules out costs nothing.
    ///
    /// # Errors
    /// [`SlateError`]: the first rule that it breaks.
    pub fn from_jpeg(jpeg: &Bytes) -> Result<Self, SlateError> {
        if jpeg.len() > Self::MAX_BYTES {
            return Err(SlateError::TooLarge { bytes: jpeg.len() });
        }
        let header = FrameHeader::parse(jpeg).map_err(SlateError::NotJpeg)?;
        check(&header)?;
        if !FrameHeader::has_end(jpeg) {
            return Err(SlateError::Broken("it has no end".into()));
        }
        let is_grey = header.colour == JpegColour::Grey;
        let colours = if is_grey { ColorSpace::Luma } else { ColorSpace::YCbCr };
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_use_unsafe(false)
            .set_max_width(Self::MAX_SIZE.0.into())
            .set_max_height(Self::MAX_SIZE.1.into())
            .jpeg_set_max_scans(Self::MAX_SCANS)
            .jpeg_set_out_colorspace(colours);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&jpeg[..]), options);
        let samples = decoder.decode().map_err(|error| SlateError::Broken(error.to_string()))?;
        let size = (usize::from(header.width), usize::from(header.height));
        // What the decoder took for the frame header is what was checked.
        let per_pixel = if is_grey { 1 } else { 3 };
        if decoder.dimensions() != Some(size) || samples.len() != size.0 * size.1 * per_pixel {
            return Err(SlateError::Broken("two frame headers".into()));
        }
        Ok(Self(frame(&samples, size, per_pixel)))
    }

    /// A picture that was drawn elsewhere; in the ladder's colour, BT.709 in limited range, where it does not say another.
    #[must_use]
    pub fn from_frame(mut frame: Frame) -> Self {
        if frame.colour == Colour::UNKNOWN {
            frame.colour = Colour::BT709;
        }
        Self(frame)
    }

    /// The library's own slate of `width` by `height` pixels (A15.5).
    #[must_use]
    pub fn built_in(width: usize, height: usize) -> Self {
        Self::from_frame(slate::built_in(width, height))
    }

    /// Nothing but black.
    #[must_use]
    pub fn black() -> Self {
        let fill = |y: &mut [u8], u: &mut [u8], v: &mut [u8]| {
            y.fill(16);
            u.fill(128);
            v.fill(128);
        };
        Self::from_frame(Frame::build(&FramePool::new(), (16, 16), MediaTime::ZERO, fill))
    }

    /// The picture.
    #[must_use]
    pub const fn frame(&self) -> &Frame {
        &self.0
    }
}

/// The very same image.
impl PartialEq for SlateImage {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same_picture(&other.0)
    }
}

impl Eq for SlateImage {}

impl fmt::Debug for SlateImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlateImage({}x{})", self.0.width, self.0.height)
    }
}

impl SlateError {
    /// A code that stays the same from release to release.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "SLATE_TOO_LARGE",
            Self::NotJpeg(_) => "SLATE_NOT_JPEG",
            Self::TooBig { .. } => "SLATE_TOO_BIG",
            Self::Unsupported { .. } => "SLATE_UNSUPPORTED",
            Self::Broken(_) => "SLATE_BROKEN",
        }
    }
}

fn check(header: &FrameHeader) -> Result<(), SlateError> {
    let FrameHeader { width, height, precision, process, colour } = *header;
    let (max_width, max_height) = SlateImage::MAX_SIZE;
    if !(1..=max_width).contains(&width) || !(1..=max_height).contains(&height) {
        return Err(SlateError::TooBig { width, height });
    }
    let what = match (process, precision, colour) {
        (3.., ..) => "lossless, hierarchical or coded arithmetically",
        (_, 8, JpegColour::Grey | JpegColour::YCbCr) => return Ok(()),
        (_, 8, JpegColour::Rgb) => "in RGB",
        (_, 8, JpegColour::Cmyk) => "in CMYK",
        (_, 8, JpegColour::Other(_)) => "in colours of no known kind",
        _ => "not of 8 bit",
    };
    Err(SlateError::Unsupported { what })
}

/// 4:2:0 of the decoder's samples, which are one or three for each pixel; odd sides get their last samples twice.
fn frame(samples: &[u8], (width, height): (usize, usize), per_pixel: usize) -> Frame {
    let (even_width, even_height) = (width.next_multiple_of(2), height.next_multiple_of(2));
    let at = |x: usize, y: usize, component: usize| {
        samples[(y.min(height - 1) * width + x.min(width - 1)) * per_pixel + component]
    };
    let chroma = |plane: &mut [u8], component: usize| {
        if component >= per_pixel {
            return plane.fill(128);
        }
        for (y, row) in plane.chunks_exact_mut(even_width / 2).enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| at(2 * x + dx, 2 * y + dy, component));
                let sum: u32 = four.into_iter().map(u32::from).sum();
                *sample = ((sum + 2) / 4) as u8;
            }
        }
    };
    let mut frame = Frame::build(&FramePool::new(), (even_width, even_height), MediaTime::ZERO, |luma, u, v| {
        for (y, row) in luma.chunks_exact_mut(even_width).enumerate() {
            row.iter_mut().enumerate().for_each(|(x, sample)| *sample = at(x, y, 0));
        }
        chroma(u, 1);
        chroma(v, 2);
    });
    frame.colour = Colour { is_full_range: true, ..Colour::BT601_625 };
    frame
}

#[cfg(test)]
mod tests;
