//! Thumbnails: small JPEG pictures of the contribution as it reaches the channel (A11.3), out of the decode lane.
//!
//! They are taken by source time and not by the host's clock, so the same feed gives the same thumbnails, whatever is on air
//! and however fast its pictures are decoded.

use std::fmt;

use bytes::Bytes;

use super::{jpeg_encoder, resize::Resizer, to_rgb::ToRgb};
use crate::{
    error::Fault,
    media::{Colour, Frame},
    time::{MediaDuration, MediaTime},
};

/// How thumbnails are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thumbnails {
    /// Source time from one to the next; 1 s to 1 h, default 5 s: soon enough to see that a feed arrives, and next to nothing
    /// beside the ladder.
    pub interval: MediaDuration,
    /// Width in pixels, 64 to 1280, default 320. A feed that is displayed narrower keeps its width; the height follows its
    /// display aspect ratio. One that is upright is made narrower, so that it is no more than twice as high as this.
    pub width: u32,
    /// Quality of the JPEG, 1 to 100, default 75.
    pub quality: u8,
}

/// A picture of the contribution.
#[derive(Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Source time of the picture.
    pub at: MediaTime,
    /// In pixels, which are square.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// A whole file: baseline JPEG, JFIF.
    pub jpeg: Bytes,
}

/// Takes thumbnails of the pictures that come by.
pub(crate) struct Thumbnailer {
    config: Thumbnails,
    /// Source time from which on the next one is taken; `None` is at once.
    due: Option<MediaTime>,
    plan: Option<Plan>,
}

/// What pictures of one kind are scaled with.
struct Plan {
    source: Source,
    size: (usize, usize),
    luma: Resizer,
    chroma: Resizer,
    to_rgb: ToRgb,
    /// Y, U and V in the thumbnail's size, and what comes of them.
    planes: [Vec<u8>; 3],
    rgb: Vec<u8>,
}

/// What a plan depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Source {
    size: (usize, usize),
    aspect: (u32, u32),
    colour: Colour,
}

impl Default for Thumbnails {
    fn default() -> Self {
        Self { interval: MediaDuration::from_secs(5), width: 320, quality: 75 }
    }
}

impl Thumbnailer {
    pub(crate) const fn new(config: Thumbnails) -> Self {
        Self { config, due: None, plan: None }
    }

    /// Another track follows: its first picture is taken.
    pub(crate) fn restart(&mut self) {
        self.due = None;
    }

    /// Looks at the next picture, in presentation order; its thumbnail, where one is due.
    pub(crate) fn see(&mut self, frame: &Frame) -> Option<Result<Thumbnail, Fault>> {
        if !self.is_due(frame.pts) {
            return None;
        }
        let source = Source {
            size: (frame.width, frame.height),
            aspect: frame.sample_aspect,
            colour: frame.colour.or_usual_for(u32::try_from(frame.height).unwrap_or(u32::MAX)),
        };
        let plan = self.plan.take().filter(|plan| plan.source == source);
        let plan = self.plan.insert(plan.unwrap_or_else(|| Plan::new(source, self.config.width)));
        Some(plan.make(frame, self.config.quality))
    }

    /// The interval is counted from the first picture on. Where time stamps jump back it is counted anew from there, so that
    /// a feed whose stamps go to and fro has no thumbnail of every picture.
    fn is_due(&mut self, at: MediaTime) -> bool {
        let interval = self.config.interval;
        let Some(due) = self.due else {
            self.due = Some(at.plus(interval));
            return true;
        };
        let late = at.since(due);
        let is_due = late >= MediaDuration::ZERO;
        if is_due && late < interval {
            self.due = Some(due.plus(interval));
        } else if is_due || late.plus(interval) < MediaDuration::ZERO {
            self.due = Some(at.plus(interval));
        }
        is_due
    }
}

impl Plan {
    fn new(source: Source, width: u32) -> Self {
        let size = size_of(source.size, source.aspect, width as usize);
        let half = (source.size.0 / 2, source.size.1 / 2);
        Self {
            source,
            size,
            luma: Resizer::new(source.size, size),
            // Straight to the full size: a thumbnail has chroma for every pixel.
            chroma: Resizer::new(half, size),
            to_rgb: ToRgb::new(source.colour),
            planes: std::array::from_fn(|_| vec![0; size.0 * size.1]),
            rgb: vec![0; size.0 * size.1 * 3],
        }
    }

    fn make(&mut self, frame: &Frame, quality: u8) -> Result<Thumbnail, Fault> {
        let [y, u, v] = &mut self.planes;
        self.luma.resize(frame.y().data, y);
        self.chroma.resize(frame.u().data, u);
        self.chroma.resize(frame.v().data, v);
        self.to_rgb.convert([y, u, v], &mut self.rgb);
        let (width, height) = self.size;
        let jpeg = jpeg_encoder::encode(&self.rgb, (width, height), quality)?;
        Ok(Thumbnail { at: frame.pts, width: width as u32, height: height as u32, jpeg })
    }
}

/// The size of a thumbnail at most `width` wide and twice as high, in square pixels, of a picture of `size` samples that are
/// `aspect` wide to high. No side is longer than it is displayed, and none is nought.
fn size_of(size: (usize, usize), (across, down): (u32, u32), width: usize) -> (usize, usize) {
    let (across, down) = if across == 0 || down == 0 { (1, 1) } else { (u128::from(across), u128::from(down)) };
    // The displayed size, both sides times `down`.
    let (wide, high) = ((size.0 as u128 * across).max(1), (size.1 as u128 * down).max(1));
    let (most, highest) = ((width as u128).min(wide / down).max(1), 2 * width as u128);
    let round = |num: u128, den: u128| ((2 * num + den) / (2 * den)).max(1);
    let (width, height) = match round(most * high, wide) {
        height if height <= highest => (most, height),
        _ => (round(highest * wide, high).min(most), highest),
    };
    (width as usize, height as usize)
}

/// Not the picture's bytes.
impl fmt::Debug for Thumbnail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, width, height, jpeg } = self;
        write!(f, "Thumbnail({width}x{height} at {at:?}, {} bytes)", jpeg.len())
    }
}

#[cfg(test)]
mod tests;
