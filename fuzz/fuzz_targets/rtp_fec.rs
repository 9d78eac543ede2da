//! A feed of RTP datagrams with losses, and FEC packets, whole or broken, in any order: no panic, nothing over its ceiling, no
//! datagram out that was not sent, and none lost that came.
//!
//! Input: pairs of bytes. The first says what to do, the second with how much.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use headend::{
    error::Fault,
    ingest::{Demuxed, Demuxer, Leg, RtpConfig, RtpReceiver},
    time::{Now, Utc},
};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/rig/fec.rs"]
mod fec;

fuzz_target!(|data: &[u8]| {
    let (mut receiver, mut at) = (RtpReceiver::new(RtpConfig::default()), Duration::ZERO);
    // What the sender has sent, newest last; what came in, and what was said to be lost or repaired.
    let (mut sent, mut came, mut told): (Vec<Vec<u8>>, u64, u64) = (Vec::new(), 0, 0);
    let mut is_broken = false;
    for step in data.chunks_exact(2) {
        let (what, how) = (step[0], step[1]);
        let now = Now::new(at, Utc::UNIX_EPOCH);
        receiver.handle_timeout(now);
        assert!(receiver.poll_timeout().is_none_or(|deadline| deadline > at));
        let mut push =
            |bytes: Vec<u8>, leg| receiver.push_on(leg, Bytes::from(bytes), now).expect("no datagram closes a session");
        let leg = if how & 1 == 0 { Leg::First } else { Leg::Second };
        match what % 8 {
            // The next datagrams, sent and received or lost.
            kind @ 0..=2 => {
                for _ in 0..=how % 32 {
                    let datagram = datagram(sent.len());
                    // The first always comes, so that the feed has a beginning.
                    if kind < 2 || sent.is_empty() {
                        push(datagram.clone(), leg);
                        came += 1;
                    }
                    sent.push(datagram);
                }
            }
            // An old one again.
            3 => {
                if let Some(old) = sent.len().checked_sub(1 + usize::from(how)) {
                    push(sent[old].clone(), leg);
                    came += 1;
                }
            }
            // A row or column over the newest, whole or with one byte changed.
            kind @ 4..=6 => {
                let (offset, count) = if kind == 4 {
                    (1, 1 + usize::from(how % 20))
                } else {
                    (1 + usize::from(how >> 4), 1 + usize::from(how & 15))
                };
                let first = sent.len().checked_sub(offset * (count - 1) + 1 + usize::from(what >> 3));
                let Some(first) = first else { continue };
                let members: Vec<&[u8]> = (0..count).map(|n| sent[first + n * offset].as_slice()).collect();
                let mut packet = fec::packet(0, kind == 4, offset as u8, &members);
                if kind == 6 {
                    let at = usize::from(how) % packet.len();
                    packet[at] ^= what | 1;
                    is_broken = true;
                }
                push(packet, leg);
            }
            _ => at += Duration::from_millis(how.into()),
        }
        while let Some(item) = receiver.pull() {
            told += count(&item);
        }
    }
    receiver.finish();
    while let Some(item) = receiver.pull() {
        told += count(&item);
    }
    let reception = receiver.reception().expect("RTP counts");
    assert!(is_broken || told <= sent.len() as u64, "more lost and repaired than was sent");
    assert!(reception.fec.repaired + reception.fec.lost <= told);
    assert!(is_broken || reception.legs.iter().map(|leg| leg.received + leg.repeated).sum::<u64>() == came);
});

/// A datagram whose bytes tell its number, of one or two transport packets, one in five with padding.
fn datagram(n: usize) -> Vec<u8> {
    let [s1, s0] = (n as u16).wrapping_add(65_400).to_be_bytes();
    let is_padded = n % 5 == 0;
    let mut bytes = vec![if is_padded { 0xA0 } else { 0x80 }, 33, s1, s0];
    bytes.extend((n as u32 * 900).to_be_bytes());
    bytes.extend([0, 0, 0, 7]);
    for packet in 0..1 + n % 2 {
        bytes.extend([0x47, 0x1F, n as u8, 0x10]);
        bytes.resize(bytes.len() + 184, (n * 7 + packet) as u8);
    }
    bytes.extend(if is_padded { &[0, 0, 0, 4][..] } else { &[] });
    bytes
}

/// Datagrams that were said to be lost or repaired.
fn count(item: &Demuxed) -> u64 {
    match item {
        Demuxed::Fault(Fault::Loss { lost, stream: None }) => *lost,
        Demuxed::Fault(Fault::Repaired { repaired }) => *repaired,
        _ => 0,
    }
}
