use proptest::prelude::*;

use super::*;
use crate::wire::ts::{Arrival, Continuity, Packet, PesReader};

const PID: u16 = 0x100;

fn start(pts: u64) -> PesStart {
    PesStart { pts, dts: pts, pcr: None, is_random_access: false, is_last: false }
}

/// What a PES packet says, and its bytes.
type Read = (Option<u64>, Option<u64>, Vec<u8>);

/// Reads every PES packet back, and checks counters from one piece to the next.
fn read(pieces: &[&[u8]]) -> Vec<Read> {
    let (mut continuity, mut reader, mut found) = (Continuity::default(), PesReader::new(), Vec::<Read>::new());
    for bytes in pieces.iter().flat_map(|piece| piece.as_chunks::<PACKET_LEN>().0) {
        let packet = Packet::parse(bytes).unwrap();
        assert_eq!((bytes[0], Packet::pid(bytes)), (0x47, PID));
        assert_eq!(continuity.check(&packet), Arrival::Next);
        let Some(payload) = packet.payload else { continue };
        assert!(!payload.is_empty());
        let step = reader.push(payload, packet.is_start).unwrap();
        if let Some(header) = step.header {
            found.push((header.pts, header.dts, Vec::new()));
        }
        if let Some((.., data)) = found.last_mut() {
            data.extend_from_slice(step.data);
        }
    }
    found
}

#[test]
fn stamps_around_the_wrap_and_a_clock_with_them() {
    let mut muxer = Muxer::default();
    let mut lane = MuxLane::new(PID, 0xE0);
    let unit = PesStart { pcr: Some(MASK - 4499), is_random_access: true, ..start(3600) };
    muxer.pes(&mut lane, &PesStart { dts: MASK, ..unit }, &[b"one", b"", b"two"]);
    muxer.clock(&lane, 4500);
    muxer.pes(&mut lane, &start(MASK + 1 + 7200), &[&[7; 400]]);
    let bytes = muxer.into_bytes();
    let found = read(&[&bytes]);
    assert_eq!(found[0], (Some(3600), Some(MASK), b"onetwo".to_vec()));
    assert_eq!(found[1], (Some(7200), Some(7200), vec![7; 400]));
    let packets: Vec<_> = bytes.as_chunks::<PACKET_LEN>().0.iter().map(|b| Packet::parse(b).unwrap()).collect();
    assert_eq!((packets[0].pcr(), packets[0].adaptation[0] & 0x40), (Some((MASK - 4499) * 300), 0x40));
    assert_eq!((packets[1].pcr(), packets[1].payload, packets[1].counter), (Some(4500 * 300), None, 0));
    assert_eq!((packets[2].counter, packets[2].pcr(), packets[2].is_start), (1, None, true));
}

#[test]
fn a_length_is_stated_where_it_fits() {
    let stated = |len: usize| {
        let mut muxer = Muxer::default();
        muxer.pes(&mut MuxLane::new(PID, 0xE0), &start(0), &[&vec![1; len]]);
        let first = *muxer.into_bytes().first_chunk::<PACKET_LEN>().unwrap();
        let payload = Packet::parse(&first).unwrap().payload.unwrap();
        u16::from_be_bytes([payload[4], payload[5]])
    };
    assert_eq!([stated(1), stated(65_527), stated(65_528)], [9, 65_535, 0]);
}

proptest! {
    /// Whatever the sizes: bytes and times come back, and the counters of two pieces, made one without the other, follow.
    #[test]
    fn pieces_follow_each_other_without_a_step(
        sizes in prop::collection::vec((2usize..2000, any::<bool>(), any::<bool>(), any::<bool>()), 1..12),
        base in 0u64..1 << 34,
    ) {
        let piece = || {
            let (mut muxer, mut lane) = (Muxer::default(), MuxLane::new(PID, 0xE0));
            for (n, (size, has_pcr, is_random_access, has_dts)) in sizes.iter().enumerate() {
                let pts = base + 3000 * n as u64;
                let dts = if *has_dts { pts.wrapping_sub(1500) & MASK } else { pts };
                let pcr = has_pcr.then_some(pts);
                let unit = PesStart { pts, dts, pcr, is_random_access: *is_random_access, is_last: n + 1 == sizes.len() };
                let data = vec![n as u8; *size];
                let (left, right) = data.split_at(size / 3);
                muxer.pes(&mut lane, &unit, &[left, right]);
            }
            prop_assert_eq!(lane.packets % COUNTERS, 0);
            Ok(muxer.into_bytes())
        };
        let (one, two) = (piece()?, piece()?);
        prop_assert_eq!(one.len() % PACKET_LEN, 0);
        let found = read(&[&one, &two]);
        prop_assert_eq!(found.len(), 2 * sizes.len());
        for (n, (pts, dts, data)) in found.iter().enumerate() {
            let at = n % sizes.len();
            let wanted = base + 3000 * at as u64;
            prop_assert_eq!(*pts, Some(wanted & MASK));
            let wanted = if sizes[at].3 { wanted.wrapping_sub(1500) } else { wanted };
            prop_assert_eq!(*dts, Some(wanted & MASK));
            prop_assert_eq!(data, &vec![at as u8; sizes[at].0]);
        }
    }
}
