//! Fragments as an export reads them (FAULTS section 3, fMP4).

use std::io::Cursor;

use bytes::Bytes;
use headend::{
    archive::{Body, ExportError, Exporter, TrackSpec},
    error::ParseErrorKind,
    media::{AacConfig, AudioTrack, Language, TrackFormat, TrackId},
};

use crate::{BOMB, below};

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32 + 8).to_be_bytes(), &kind[..], payload].concat()
}

/// A fragment with this run in it, and 16 bytes of media.
fn fragment(flags: u32, count: u32, entries: &[u8]) -> Vec<u8> {
    let trun = boxed(b"trun", &[&flags.to_be_bytes()[..], &count.to_be_bytes(), entries].concat());
    let tfhd = boxed(b"tfhd", &[0, 2, 0, 0, 0, 0, 0, 1]);
    let traf = boxed(b"traf", &[tfhd, boxed(b"tfdt", &[0; 8]), trun].concat());
    [boxed(b"moof", &[boxed(b"mfhd", &[0; 8]), traf].concat()), boxed(b"mdat", &[0; 16])].concat()
}

/// What reading `bytes` comes to, low in memory.
#[track_caller]
fn bomb(name: &str, bytes: Vec<u8>) -> Result<(), ParseErrorKind> {
    read(name, BOMB, bytes)
}

#[track_caller]
fn read(name: &str, ceiling: i64, bytes: Vec<u8>) -> Result<(), ParseErrorKind> {
    let track = AudioTrack { sample_rate: 48_000, channels: 2 };
    let format = TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) });
    let spec = TrackSpec::audio(TrackId(0), "audio", 64_000, format, Language::UND);
    let mut export = Exporter::new(Cursor::new(Vec::new()), &[&spec]).unwrap();
    let fragment = Body::from(Bytes::from(bytes));
    match below(name, ceiling, || export.push(0, &fragment)) {
        Ok(()) => Ok(()),
        Err(ExportError::Fragment(error)) => Err(error.kind),
        Err(other) => panic!("{name}: {other}"),
    }
}

#[test]
fn runs() {
    let over = |result| assert!(matches!(result, Err(ParseErrorKind::Limit(_))), "{result:?}");
    over(bomb("trun of 2^32-1 without fields", fragment(0, u32::MAX, &[])));
    over(bomb("trun of 2^28+1 with one entry", fragment(0x201, 0x1000_0001, &[0; 8])));
    // As many as may be, from no bytes at all. They go into the index of the file, which is no ceiling's business.
    assert_eq!(read("trun of 19 200 without fields", 2 * BOMB, fragment(0, 19_200, &[])), Ok(()));
    over(bomb("trun of 19 201 without fields", fragment(0, 19_201, &[])));
    assert!(bomb("trun of 19 200 that holds one", fragment(0x200, 19_200, &[0; 4])).is_err());
    assert!(bomb("a size of 2^32-1", fragment(0x200, 1, &[0xFF; 4])).is_err());
    assert!(bomb("sizes over the sum", fragment(0x200, 4, &[0x7F; 16])).is_err());
    assert!(bomb("data_offset outside", fragment(1, 1, &0x7FFF_FFFFu32.to_be_bytes())).is_err());
    assert!(bomb("data_offset before", fragment(1, 1, &0x8000_0000u32.to_be_bytes())).is_err());
    let large = fragment(0x100, 19_200, &[0; 19_200 * 4]);
    assert_eq!(read("19 200 samples with a duration each", 2 * BOMB, large), Ok(()));
}

#[test]
fn boxes() {
    for (name, head) in [
        ("size 0", &b"\0\0\0\0moof"[..]),
        ("size 1 and no more", b"\0\0\0\x01moof"),
        ("size 7", b"\0\0\0\x07moof"),
        ("size 2^32-1", b"\xFF\xFF\xFF\xFFmoof"),
        ("size 2^64-1", b"\0\0\0\x01moof\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
        ("size 15 in eight bytes", b"\0\0\0\x01moof\0\0\0\0\0\0\0\x0F"),
        ("three bytes", b"\0\0\0"),
        ("nothing", b""),
    ] {
        assert!(bomb(name, head.to_vec()).is_err(), "{name}");
    }
    let nested = (0..2000).fold(Vec::new(), |inner, _| boxed(b"moov", &inner));
    assert!(matches!(bomb("2 000 levels", nested), Err(ParseErrorKind::Limit(_))));
    let many = boxed(b"moof", &boxed(b"free", &[]).repeat(100_000));
    assert!(bomb("100 000 boxes in a moof", many).is_err());
    let wide = boxed(b"moof", &boxed(b"free", &vec![0; 2 << 20]));
    assert!(matches!(bomb("a moof of 2 MiB", wide), Err(ParseErrorKind::Limit(_))));
    assert!(bomb("moof without mdat", boxed(b"moof", &boxed(b"mfhd", &[0; 8]))).is_err());
    let runs = boxed(b"trun", &[0, 0, 0, 0, 0, 0, 75, 0]).repeat(64);
    let traf = boxed(b"traf", &[boxed(b"tfhd", &[0, 2, 0, 0, 0, 0, 0, 1]), runs].concat());
    let runs = [boxed(b"moof", &traf), boxed(b"mdat", &[])].concat();
    assert!(matches!(bomb("64 runs of 19 200", runs), Err(ParseErrorKind::Limit(_))));
}
