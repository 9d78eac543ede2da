//! JPEG by the `image` crate: baseline, no chroma subsampling, JFIF (ISO/IEC 10918-1 and 10918-5). Integers only, so the same
//! picture gives the same bytes everywhere.

use bytes::Bytes;
use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

use crate::error::Fault;

/// A file of `rgb`, three bytes for each pixel row by row, at a quality of 1 to 100.
///
/// # Errors
/// [`Fault::Codec`] where the sides are none that JPEG has or the bytes are not theirs.
pub(super) fn encode(rgb: &[u8], (width, height): (usize, usize), quality: u8) -> Result<Bytes, Fault> {
    let fault = |why: String| Fault::Codec { what: format!("a thumbnail of {width}x{height}: {why}") };
    // The encoder would panic.
    if width.checked_mul(height).and_then(|pixels| pixels.checked_mul(3)) != Some(rgb.len()) {
        return Err(fault(format!("{} bytes are not its", rgb.len())));
    }
    let side = |side: usize| u32::try_from(side).map_err(|_| fault("a side is too long".into()));
    // About what a picture takes at the usual quality.
    let mut file = Vec::with_capacity(rgb.len() / 8 + 1024);
    let mut encoder = JpegEncoder::new_with_quality(&mut file, quality);
    let done = encoder.encode(rgb, side(width)?, side(height)?, ExtendedColorType::Rgb8);
    done.map_err(|error| fault(error.to_string()))?;
    file.shrink_to_fit();
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_are_none_are_refused_and_nothing_panics() {
        for (bytes, size) in [(0, (0, 0)), (11, (2, 2)), (3 * 70_000, (70_000, 1)), (12, (usize::MAX, 2))] {
            assert!(matches!(encode(&vec![0; bytes], size, 75), Err(Fault::Codec { .. })), "{size:?}");
        }
        assert!(encode(&[0; 12], (2, 2), 75).is_ok_and(|file| file.starts_with(&[0xFF, 0xD8])));
    }
}
