//! Any bytes as pictures with captions: no panic, bounded, what is put into a picture is read back, and the rest of it stays as
//! it was. Then any byte pairs through a caption track: whatever they say, the ledger accounts for every one, and what goes out
//! is whole.
#![no_main]

use bytes::Bytes;
use headend::{
    codec::captions::{CcFrame, CcKind, CcPair, CcReader, insert_av1, insert_h264},
    media::{FrameRate, NalFraming},
    splice::{CaptionDrop, CaptionTrack, OnAir, Picture, Slot},
    time::MediaTime,
};
use libfuzzer_sys::fuzz_target;

const FRAMINGS: [NalFraming; 4] =
    [NalFraming::AnnexB, NalFraming::Length(1), NalFraming::Length(2), NalFraming::Length(4)];

fuzz_target!(|data: &[u8]| {
    let mut reader = CcReader::default();
    for framing in FRAMINGS {
        reader.read_h264(data, framing);
        assert!(reader.pairs().len() <= CcReader::MAX_PAIRS && reader.broken() <= reader.messages());
    }
    reader.read_mpeg2(data);
    assert!(reader.pairs().len() <= CcReader::MAX_PAIRS);
    let frames = frames(data);
    for frame in &frames {
        round_trip(data, frame, &mut reader);
    }
    travel(data, &frames);
});

/// `cc_data()` of up to 31 constructs of four bytes each.
fn frames(data: &[u8]) -> Vec<(Vec<CcPair>, Bytes)> {
    let kind = |byte: u8| match byte & 3 {
        0 => CcKind::Field1,
        1 => CcKind::Field2,
        2 => CcKind::PacketData,
        _ => CcKind::PacketStart,
    };
    let all = data.chunks(4 * CcFrame::MAX_COUNT).take(64).map(|piece| {
        let pairs = piece.chunks_exact(4).map(|four| CcPair { kind: kind(four[0]), bytes: [four[1], four[2]] });
        let pairs: Vec<CcPair> = pairs.collect();
        let mut frame = CcFrame::new();
        assert!(pairs.iter().all(|pair| frame.push(*pair)));
        (pairs, frame.to_t35())
    });
    all.collect()
}

fn round_trip(data: &[u8], (pairs, payload): &(Vec<CcPair>, Bytes), reader: &mut CcReader) {
    for framing in [NalFraming::AnnexB, NalFraming::Length(4)] {
        reader.read_h264(&insert_h264(&[], framing, payload), framing);
        assert_eq!((reader.pairs(), reader.broken()), (&pairs[..], 0));
        let with = insert_h264(data, framing, payload);
        assert!(is_inserted(data, &with));
    }
    assert!(is_inserted(data, &insert_av1(data, payload)));
}

/// Whether `whole` is `part` with something put in at one place.
fn is_inserted(part: &[u8], whole: &[u8]) -> bool {
    let head = part.iter().zip(whole).take_while(|(a, b)| a == b).count();
    let tail = part.iter().rev().zip(whole.iter().rev()).take_while(|(a, b)| a == b).count();
    whole.len() > part.len() && head + tail >= part.len()
}

fn travel(data: &[u8], frames: &[(Vec<CcPair>, Bytes)]) {
    let rates = [(30, 1), (30_000, 1001), (25, 1), (24_000, 1001), (60, 1), (50, 1), (1, 1)];
    let (num, den) = rates[usize::from(data.first().copied().unwrap_or(0)) % rates.len()];
    let rate = FrameRate::new(num, den).unwrap();
    let frame = rate.frame_duration().flicks();
    let (mut track, mut reader) = (CaptionTrack::new(), CcReader::default());
    let mut out = CcReader::default();
    for (n, op) in data.iter().enumerate().take(512) {
        let now = MediaTime::from_flicks(n as i64 * frame);
        let Some((_, payload)) = frames.get(n % frames.len().max(1)) else { return };
        reader.read_h264(&insert_h264(&[], NalFraming::Length(4), payload), NalFraming::Length(4));
        let source = MediaTime::from_flicks((n as i64 + i64::from(op >> 5)) * frame);
        match op & 7 {
            0 => track.cut(CaptionDrop::OffAir),
            1 => track.jump(source),
            2 => track.refuse(&reader, CaptionDrop::BeforeIdr),
            _ => track.push(source, &reader),
        }
        track.place(|at| (op & 8 == 0).then_some(at));
        let on_air = if op & 0x10 == 0 { OnAir::Live } else { OnAir::Slate };
        let (picture, source) = (Picture::Live(now), Some(now));
        let slot = Slot { pts: now, picture, on_air, loss: None, is_lost: false, source, starts_segment: false };
        if let Some(payload) = track.frame(&slot, rate) {
            out.read_h264(&insert_h264(&[], NalFraming::Length(4), &payload), NalFraming::Length(4));
            assert_eq!((out.messages(), out.broken()), (1, 0));
        }
        assert!(track.ledger().is_balanced(), "{:?}", track.ledger());
        assert!(track.ledger().held < 8192);
    }
}
