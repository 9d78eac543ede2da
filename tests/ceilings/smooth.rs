//! Smooth Streaming POSTs (FAULTS section 3, fMP4 / Smooth and XML; section 4, fragment and XML).

use bytes::Bytes;
use headend::ingest::smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams};

use crate::{
    BOMB, below, feed, now,
    rig::{
        smooth_feed::SmoothFeed,
        smooth_post::{boxed, fragment, manifest, timed},
    },
};

/// What a POST of `bytes` comes to, low in memory; header boxes go before where `is_open`.
#[track_caller]
fn bomb(name: &str, ceiling: i64, is_open: bool, bytes: Vec<u8>) -> Result<Vec<&'static str>, &'static str> {
    let header = if is_open { SmoothFeed::new(0).header() } else { Vec::new() };
    let bytes = Bytes::from([header, bytes].concat());
    let mut session = SmoothDemuxer::new(SmoothConfig::default(), SmoothStreams::new(), now());
    below(name, ceiling, || feed(&mut session, &bytes, 4096))
}

#[test]
fn posts() {
    let trun = |count: u32| boxed(b"trun", &[&[0; 4], &count.to_be_bytes()]);
    let traf = |boxes: &[&[u8]]| boxed(b"traf", &[&boxed(b"tfhd", &[&[0, 0, 0, 0, 0, 0, 0, 1]]), &boxes.concat()]);
    let mdat = boxed(b"mdat", &[b"x"]);
    let limit = Ok(vec!["LIMIT_EXCEEDED"]);
    let moof = |boxes: &[u8]| [boxed(b"moof", &[boxes]), mdat.clone()].concat();
    assert_eq!(bomb("trun of 2^32-1", BOMB, true, moof(&traf(&[&trun(u32::MAX)]))), limit);
    assert_eq!(bomb("64 runs of 19 200", BOMB, true, moof(&traf(&[&trun(19_200).repeat(64)]))), limit);
    assert_eq!(bomb("10 000 traf", BOMB, true, moof(&traf(&[]).repeat(10_000))), limit);
    // As many samples of no bytes as may be, a hundred times over: they are made as they are pulled.
    let empty: Vec<u8> = (0..100i64)
        .flat_map(|n| {
            let tfdt = boxed(b"tfdt", &[&[1, 0, 0, 0], &(n * 20_000_000).to_be_bytes()]);
            // 72 bytes of `moof` and 8 of the header of `mdat`.
            let trun = boxed(b"trun", &[&[0, 0, 0, 1], &19_200u32.to_be_bytes(), &80u32.to_be_bytes()]);
            moof(&traf(&[&tfdt, &trun]))
        })
        .collect();
    assert_eq!(bomb("1 920 000 samples of nothing", 2 * BOMB, true, empty), Ok(vec!["INGEST_DROPPED"; 100]));
    let announced = [timed(1, b"", &[])[..68].to_vec(), vec![1, 0xFF, 0xFF, 0xFF], b"mdat".to_vec()].concat();
    let _ = bomb("32 MiB announced and not sent", BOMB, true, announced);
    assert_eq!(bomb("a moof of 64 MiB announced", BOMB, true, b"\x04\0\0\0moof".to_vec()), limit);
    assert_eq!(bomb("box of 2^64-1", BOMB, true, b"\0\0\0\x01moof\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF".to_vec()), limit);
    assert_eq!(
        bomb("faults by the thousand", BOMB, true, boxed(b"moof", &[]).repeat(20_000)).map(|found| found.len()),
        Ok(19_999)
    );
    let nested = (0..2000).fold(Vec::new(), |inner, _| boxed(b"moov", &[&inner]));
    assert_eq!(bomb("2 000 levels", BOMB, false, nested), Err("LIMIT_EXCEEDED"));
    assert_eq!(
        bomb("1 000 tracks", BOMB, false, boxed(b"moov", &[&boxed(b"trak", &[]).repeat(1000)])),
        Err("PARSE_TRUNCATED")
    );
}

#[test]
fn live_manifests() {
    let xml = |name: &str, ceiling: i64, text: &str| bomb(name, ceiling, false, manifest(text.as_bytes()));
    let laughs = "<!DOCTYPE s [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]><s>&b;</s>";
    assert_eq!(xml("billion laughs", BOMB, laughs), Err("PARSE_UNSUPPORTED"));
    assert_eq!(xml("100 000 levels", BOMB, &"<a>".repeat(100_000)), Err("LIMIT_EXCEEDED"));
    let attributes: String = (0..20_000).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(xml("20 000 attributes", BOMB, &format!("<s{attributes}/>")), Err("LIMIT_EXCEEDED"));
    assert_eq!(xml("10 000 tracks", BOMB, &"<video/>".repeat(10_000)), Err("LIMIT_EXCEEDED"));
    // The whole of it is held while it is read, and no more than that.
    let long = format!("<s>{}</s>", " ".repeat(4_000_000));
    assert_eq!(xml("4 MB of nothing", 9 * BOMB, &long), Ok(vec![]));
    assert_eq!(xml("5 MB of nothing", BOMB, &" ".repeat(5_000_000)), Err("LIMIT_EXCEEDED"));
}

#[test]
fn what_waits_for_a_missing_fragment_is_bounded() {
    let picture = [&[0, 0x10, 0, 0, 0x65][..], &vec![1; (1 << 20) - 1]].concat();
    let at = |n: i64| fragment(1, n * 20_000_000, &[(20_000_000, 0, &picture[..])], None);
    let holes: Vec<u8> = [at(0), at(2), at(4), at(6), at(8), at(10), at(12), at(14), at(16)].concat();
    let found = bomb("fragments over holes", 14 * BOMB, true, holes).unwrap();
    assert_eq!(found, ["MPE_INGEST_DISCONTINUITY"; 4]);
}
