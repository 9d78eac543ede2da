//! Slate images (FAULTS section 3, slate images; section 4, image; section 5, image bombs).

use std::{fs, path::Path};

use bytes::Bytes;
use headend::splice::SlateImage;

use crate::{BOMB, below};

const PLAIN: &[u8] = include_bytes!("../fixtures/slate_444.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../fixtures/slate_420_progressive.jpg");
const CMYK: &[u8] = include_bytes!("../fixtures/slate_cmyk.jpg");

/// What a refusal may take: it is told from the header, and nothing is made of the image.
const NOTHING: i64 = 4096;
/// What an image of the largest size may take while it is decoded.
const IMAGE: i64 = 32 << 20;

#[track_caller]
fn slate(name: &str, ceiling: i64, jpeg: impl Into<Bytes>) -> Result<(), &'static str> {
    let jpeg = jpeg.into();
    below(name, ceiling, || SlateImage::from_jpeg(&jpeg).map(drop).map_err(|error| error.code()))
}

/// The same image with another size in its frame header.
fn sized(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    let frame = jpeg.windows(2).position(|pair| matches!(pair, [0xFF, 0xC0 | 0xC2])).unwrap();
    let mut jpeg = jpeg.to_vec();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[height.to_be_bytes(), width.to_be_bytes()].concat());
    jpeg
}

#[test]
fn images() {
    for jpeg in [PLAIN, PROGRESSIVE] {
        assert_eq!(slate("65 500 x 65 500", NOTHING, sized(jpeg, 65_500, 65_500)), Err("SLATE_TOO_BIG"));
        assert_eq!(slate("1 920 x 1 081", NOTHING, sized(jpeg, 1920, 1081)), Err("SLATE_TOO_BIG"));
        assert_eq!(slate("no lines", NOTHING, sized(jpeg, 1920, 0)), Err("SLATE_TOO_BIG"));
        assert_eq!(slate("cut in the middle", BOMB, jpeg[..jpeg.len() / 2].to_vec()), Err("SLATE_BROKEN"));
        // Whatever comes of an image whose data do not fill the size that it claims.
        let _ = slate("1 920 x 1 080 of nothing", IMAGE, sized(jpeg, 1920, 1080));
    }
    assert_eq!(slate("CMYK", NOTHING, CMYK), Err("SLATE_UNSUPPORTED"));
    let long = [&PLAIN[..2], &[0xFF, 0xFE, 0xFF, 0xFF], &vec![0; 4 << 20][..]].concat();
    assert_eq!(slate("4 MiB of a comment", NOTHING, long), Err("SLATE_TOO_LARGE"));
    let segments = [&PLAIN[..2], &[0xFF, 0xE1, 0, 2].repeat(700_000)[..]].concat();
    assert_eq!(slate("700 000 segments", NOTHING, segments), Err("SLATE_NOT_JPEG"));
}

#[test]
fn images_of_other_kinds_are_told_from_their_first_bytes() {
    assert_eq!(slate("GIF", NOTHING, &b"GIF89a\xFF\xFF\xFF\xFF"[..]), Err("SLATE_NOT_JPEG"));
    let bomb = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media/malformed/bombs/slate_png_60000x60000.png");
    match fs::read(&bomb) {
        Ok(png) => assert_eq!(slate("PNG of 60 000 x 60 000", NOTHING, png), Err("SLATE_NOT_JPEG")),
        Err(_) => println!("skipped: {} is not here", bomb.display()),
    }
}
