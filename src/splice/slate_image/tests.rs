use super::*;

const PLAIN: &[u8] = include_bytes!("../../../tests/fixtures/slate_420.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("../../../tests/fixtures/slate_420_progressive.jpg");
const HALF: &[u8] = include_bytes!("../../../tests/fixtures/slate_422.jpg");
const FULL: &[u8] = include_bytes!("../../../tests/fixtures/slate_444.jpg");
const GREY: &[u8] = include_bytes!("../../../tests/fixtures/slate_grey.jpg");
const CMYK: &[u8] = include_bytes!("../../../tests/fixtures/slate_cmyk.jpg");

fn read(jpeg: &[u8]) -> Result<SlateImage, SlateError> {
    SlateImage::from_jpeg(&Bytes::copy_from_slice(jpeg))
}

/// Y, U and V in the middle of each quarter, row by row.
fn quarters(slate: &SlateImage) -> [[u8; 3]; 4] {
    let frame = slate.frame();
    [(12, 8), (36, 8), (12, 24), (36, 24)].map(|(x, y)| {
        let half = y / 2 * (frame.width / 2) + x / 2;
        [frame.y().data[y * frame.width + x], frame.u().data[half], frame.v().data[half]]
    })
}

#[test]
fn every_kind_of_image_that_is_taken_shows_its_colours_a15_7() {
    // Red, green, blue and white by T.871: BT.601 in full range.
    let expected = [[76, 85, 255], [150, 44, 21], [29, 255, 107], [255, 128, 128]];
    for (name, jpeg) in [("4:2:0", PLAIN), ("progressive", PROGRESSIVE), ("4:2:2", HALF), ("4:4:4", FULL)] {
        let slate = read(jpeg).unwrap();
        let frame = slate.frame();
        assert_eq!((frame.width, frame.height), (48, 32), "{name}: odd sides are rounded up");
        assert_eq!((frame.colour.matrix, frame.colour.is_full_range), (5, true));
        let shown = quarters(&slate);
        let off = shown.as_flattened().iter().zip(expected.as_flattened()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(3), "{name}: {shown:?}");
    }
    let grey = quarters(&read(GREY).unwrap());
    assert!(grey.iter().zip([127u8, 63, 0, 190]).all(|(shown, luma)| shown[0].abs_diff(luma) <= 3), "{grey:?}");
    assert!(grey.iter().all(|shown| shown[1..] == [128, 128]));
}

#[test]
fn the_last_line_and_column_of_an_odd_image_stand_twice() {
    let frame = read(FULL).unwrap().frame().clone();
    let luma = frame.y().data;
    assert!(luma.chunks_exact(48).all(|row| row[46] == row[47]));
    assert_eq!(luma[30 * 48..31 * 48], luma[31 * 48..]);
}

#[test]
fn what_is_no_slate_says_why_section_3() {
    assert_eq!(read(CMYK), Err(SlateError::Unsupported { what: "in CMYK" }));
    assert!(matches!(read(b"\x89PNG\r\n\x1a\n"), Err(SlateError::NotJpeg(ParseErrorKind::Missing { what: "SOI" }))));
    assert!(matches!(read(b""), Err(SlateError::NotJpeg(_))));
    let large = Bytes::from(vec![0; SlateImage::MAX_BYTES + 1]);
    assert_eq!(SlateImage::from_jpeg(&large), Err(SlateError::TooLarge { bytes: (3 << 20) + 1 }));
    // The frame header says what it says of another file: 12 bit, arithmetic coding, sizes.
    let frame = PLAIN.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let change = |at: usize, bytes: &[u8]| {
        let mut image = PLAIN.to_vec();
        image[frame + at..frame + at + bytes.len()].copy_from_slice(bytes);
        read(&image)
    };
    assert_eq!(change(4, &[12]), Err(SlateError::Unsupported { what: "not of 8 bit" }));
    let arithmetic = SlateError::Unsupported { what: "lossless, hierarchical or coded arithmetically" };
    assert_eq!(change(1, &[0xC9]), Err(arithmetic));
    for (height, width) in [(1081u16, 1920u16), (1080, 1921), (65_500, 65_500), (0, 100), (100, 0)] {
        let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
        assert_eq!(change(5, &size), Err(SlateError::TooBig { width, height }));
    }
}

#[test]
fn an_image_that_is_cut_anywhere_is_refused() {
    for jpeg in [PLAIN, PROGRESSIVE, HALF, FULL, GREY] {
        for end in 0..jpeg.len() {
            let cut = read(&jpeg[..end]);
            assert!(
                matches!(cut, Err(SlateError::NotJpeg(_) | SlateError::Broken(_))),
                "{end} of {}: {cut:?}",
                jpeg.len()
            );
        }
    }
}

#[test]
fn images_are_equal_to_themselves_and_codes_are_of_a_kind() {
    let slate = read(PLAIN).unwrap();
    assert_eq!(slate, slate.clone());
    assert_ne!(slate, read(PLAIN).unwrap());
    assert_eq!(SlateImage::black().frame().colour, Colour::BT709);
    assert_eq!(read(CMYK).unwrap_err().code(), "SLATE_UNSUPPORTED");
}
