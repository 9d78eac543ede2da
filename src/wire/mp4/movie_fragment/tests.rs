use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::*;
use crate::wire::mp4::{BoxSplitter, Movie, Piece};

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32 + 8).to_be_bytes(), &kind[..], payload].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn parse(trafs: &[Vec<u8>]) -> Result<MovieFragment, ParseError> {
    let payload = [boxed(b"mfhd", &words(&[0, 9])), trafs.concat()].concat();
    let defaults = |track| SampleDefaults { duration: track, size: 4, flags: 0x0001_0000 };
    MovieFragment::parse(&payload, MoofPlace { offset: 1000, header: 8 }, defaults)
}

fn traf(boxes: &[Vec<u8>]) -> Vec<u8> {
    boxed(b"traf", &boxes.concat())
}

#[test]
fn several_tracks_and_runs_follow_each_other() {
    let tfrf = b"\xd4\x80\x7e\xf2\xca\x39\x46\x95\x8e\x54\x26\xcb\x9e\x46\xa7\x9f\
        \x01\0\0\0\x01\0\x01\x05\xc6\x49\xc2\xea\0\0\0\0\0\0\x05\x46\0";
    let tfxd = [&TFXD[..], &words(&[0x0100_0000, 0, 70, 0, 30])].concat();
    let fragment = parse(&[
        traf(&[
            boxed(b"tfhd", &words(&[0, 3])),
            boxed(b"uuid", &tfxd),
            boxed(b"uuid", tfrf),
            // First sample's flags, sizes and signed offsets.
            boxed(b"trun", &words(&[0xA05, 2, 500, 0, 10, 5, 20, (-5i32).cast_unsigned()])),
            boxed(b"trun", &words(&[0, 1])),
        ]),
        traf(&[boxed(b"tfhd", &words(&[0x18, 5, 77, 6])), boxed(b"trun", &words(&[0, 2]))]),
        traf(&[boxed(b"tfhd", &words(&[0x02_0000, 6])), boxed(b"trun", &words(&[1, 1, 508]))]),
        traf(&[
            boxed(b"tfhd", &words(&[1, 7, 0, 1900])),
            boxed(b"tfdt", &words(&[0, 8])),
            boxed(b"trun", &words(&[0, 1])),
        ]),
    ])
    .unwrap();
    assert_eq!(fragment.sequence, 9);
    let times: Vec<_> =
        fragment.tracks.iter().map(|t| (t.track, t.time.map(|time| time.time), t.decode_time)).collect();
    assert_eq!(times, [(3, Some(70), None), (5, None, None), (6, None, None), (7, None, Some(8))]);
    let samples: Vec<_> = fragment
        .tracks
        .iter()
        .flat_map(|t| &t.samples)
        .map(|s| (s.start, s.size, s.duration, s.composition_offset, s.is_sync))
        .collect();
    let expected = [
        (500, 10, 3, 5, true),
        (510, 20, 3, -5, false),
        (530, 4, 3, 0, false),
        (534, 6, 77, 0, false),
        (540, 6, 77, 0, false),
        (508, 4, 6, 0, false),
        (900, 4, 7, 0, false),
    ];
    assert_eq!(samples, expected);
}

/// FAULTS section 3, fMP4 / Smooth, and section 4, fragment.
#[test]
fn counts_meet_their_ceilings_before_any_memory_is_taken() {
    let tfhd = || boxed(b"tfhd", &words(&[0, 1]));
    let code = |trafs: &[Vec<u8>]| parse(trafs).unwrap_err().code();
    assert_eq!(code(&[traf(&[tfhd(), boxed(b"trun", &words(&[0, u32::MAX]))])]), "LIMIT_EXCEEDED");
    assert_eq!(code(&[traf(&[tfhd(), boxed(b"trun", &words(&[0x200, 19_200, 1]))])]), "PARSE_TRUNCATED");
    let half = || traf(&[tfhd(), boxed(b"trun", &words(&[0, 9_601]))]);
    assert_eq!(code(&[half(), half()]), "LIMIT_EXCEEDED");
    assert_eq!(code(&vec![traf(&[tfhd()]); 65]), "LIMIT_EXCEEDED");
    assert_eq!(code(&[traf(&[boxed(b"trun", &words(&[0, 1]))])]), "PARSE_TRUNCATED");
    assert_eq!(code(&[traf(&[])]), "PARSE_TRUNCATED");
    let nested = (0..40).fold(Vec::new(), |inner, _| boxed(b"traf", &inner));
    assert_eq!(code(&[nested]), "LIMIT_EXCEEDED");
}

fn media(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/media");
    if !root.is_dir() {
        println!("skipped: {} is absent", root.display());
        return None;
    }
    Some(root.join(path))
}

/// Every `moof` of a file, with what its `moov` says of samples.
fn fragments(path: &Path) -> Vec<MovieFragment> {
    let mut input = Bytes::from(std::fs::read(path).unwrap());
    let (mut splitter, mut movie, mut found) = (BoxSplitter::default(), Movie { tracks: vec![] }, vec![]);
    let ceiling = |kind: [u8; 4]| matches!(&kind, b"moov" | b"moof").then_some(1 << 20);
    while let Some(piece) = splitter.read(&mut input, ceiling).unwrap() {
        let Piece::Kept(kept) = piece else { panic!("{piece:?}") };
        if &kept.kind == b"moov" {
            movie = Movie::parse(&kept.payload.to_bytes(), kept.offset).unwrap();
            continue;
        }
        let of =
            |id| movie.tracks.iter().find(|track| track.id == id).map_or(SampleDefaults::default(), |t| t.defaults);
        let place = MoofPlace { offset: kept.offset, header: kept.header };
        found.push(MovieFragment::parse(&kept.payload.to_bytes(), place, of).unwrap());
    }
    found
}

/// Sequence number, samples, their durations in all, and the times that each fragment states.
type Answer = (u32, usize, u64, Option<i64>, Option<u64>);

fn answers(path: &str) -> Option<Vec<Answer>> {
    let of = |fragment: MovieFragment| {
        let [track] = &fragment.tracks[..] else { panic!("{fragment:?}") };
        let span = track.samples.iter().map(|sample| u64::from(sample.duration)).sum();
        (fragment.sequence, track.samples.len(), span, track.time.map(|time| time.time), track.decode_time)
    };
    Some(fragments(&media(path)?).into_iter().map(of).collect())
}

#[test]
fn fragments_of_smooth_files_say_what_the_catalogue_says() {
    let expected: [(&str, &[Answer]); 6] = [
        ("smooth/azure-small.ismv", &[(1, 43, 20_429_600, None, None)]),
        ("smooth/rx-300000-Fragments_video-0.mp4", &[(1, 50, 20_000_000, None, None)]),
        ("smooth/rx-300000-Fragments_video-740000000.mp4", &[(38, 25, 10_000_000, None, None)]),
        ("smooth/rx-750000-Fragments_video-0.mp4", &[(1, 50, 20_000_000, None, None)]),
        ("smooth/rx-Fragments_audio_und-20053333.mp4", &[(2, 94, 20_053_333, None, None)]),
        ("smooth/dashjs-mss_moof.mp4", &[(61_802_347, 50, 20_000_000, Some(1_236_046_960_307_666), None)]),
    ];
    for (path, expected) in expected {
        let Some(found) = answers(path) else { return };
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn segments_of_cmaf_ingest_follow_each_other_without_a_gap() {
    for (folder, ext, span) in [("audio-nor-128Kbps", "cmfa", 184_320), ("video-500Kbps", "cmfv", 192_000)] {
        let mut next = None;
        for n in 0..6 {
            let Some(found) = answers(&format!("cmaf/livesim2-zero/{folder}/{n}.{ext}")) else { return };
            let [(sequence, samples, duration, None, Some(time))] = found[..] else { panic!("{found:?}") };
            assert_eq!(sequence, 8090 + n, "{folder} {n}");
            assert_eq!(
                (samples as u64, duration),
                (if ext == "cmfa" { span / 1024 } else { 96 }, span),
                "{folder} {n}"
            );
            assert!(next.is_none_or(|next| next == time), "{folder} {n}: {time}");
            next = Some(time + duration);
        }
    }
}
