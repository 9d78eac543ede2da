//! Any bytes as a slate: an image or a typed error, never a panic, never more memory than an image of the largest size takes.
#![no_main]

use bytes::Bytes;
use headend::splice::SlateImage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let image = Bytes::copy_from_slice(data);
    if let Ok(slate) = SlateImage::from_jpeg(&image) {
        let frame = slate.frame();
        assert!((2..=1920).contains(&frame.width) && (2..=1080).contains(&frame.height));
        assert_eq!(frame.y().data.len(), frame.width * frame.height);
    }
});
