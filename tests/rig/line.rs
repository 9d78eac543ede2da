//! The line between an encoder and the channel: packets into datagrams, plain or over RTP, and what happens to them there.

use std::time::Duration;

use bytes::Bytes;

use super::script::Sent;

/// Where an RTP sender counts from.
#[derive(Clone, Copy, Debug)]
pub struct RtpSender {
    pub sequence: u16,
    pub time: u32,
    pub ssrc: u32,
}

impl Default for RtpSender {
    fn default() -> Self {
        Self { sequence: 1000, time: 5_000_000, ssrc: 7 }
    }
}

/// Packets of one instant, seven to a datagram at most.
pub fn datagrams(packets: &[Sent]) -> Vec<Sent> {
    let mut found: Vec<Sent> = Vec::new();
    for group in packets.chunk_by(|a, b| a.at == b.at) {
        for seven in group.chunks(7) {
            let bytes = seven.iter().flat_map(|packet| packet.bytes.iter().copied()).collect();
            let units = seven.iter().flat_map(|packet| packet.units.iter().copied()).collect();
            found.push(Sent { at: seven[0].at, bytes, units });
        }
    }
    found
}

/// The same over RTP (RFC 2250 section 2); `sender` goes on counting.
pub fn over_rtp(packets: &[Sent], sender: &mut RtpSender) -> Vec<Sent> {
    let mut sent = datagrams(packets);
    for piece in &mut sent {
        let ticks = (piece.at.as_nanos() * 9 / 100_000) as u32;
        let mut bytes = vec![0x80, 33];
        bytes.extend(sender.sequence.to_be_bytes());
        bytes.extend(sender.time.wrapping_add(ticks).to_be_bytes());
        bytes.extend(sender.ssrc.to_be_bytes());
        bytes.extend(&piece.bytes);
        piece.bytes = bytes.into();
        sender.sequence = sender.sequence.wrapping_add(1);
    }
    sent
}

/// Takes out what `is_lost` says; the second list is what was lost.
pub fn lose(sent: &[Sent], mut is_lost: impl FnMut(usize, &Sent) -> bool) -> (Vec<Sent>, Vec<Sent>) {
    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    for (index, piece) in sent.iter().enumerate() {
        if is_lost(index, piece) { lost.push(piece.clone()) } else { kept.push(piece.clone()) }
    }
    (kept, lost)
}

/// Moves everything by `by`.
pub fn later(mut sent: Vec<Sent>, by: Duration) -> Vec<Sent> {
    sent.iter_mut().for_each(|piece| piece.at += by);
    sent
}

/// One stream of bytes, cut anew: `cut` says how long the next piece is. A piece comes when its last byte was sent.
pub fn recut(sent: &[Sent], mut cut: impl FnMut() -> usize) -> Vec<Sent> {
    let ends: Vec<(usize, Duration)> = sent
        .iter()
        .scan(0, |end, piece| {
            *end += piece.bytes.len();
            Some((*end, piece.at))
        })
        .collect();
    let all: Bytes = sent.iter().flat_map(|piece| piece.bytes.iter().copied()).collect();
    let (mut from, mut found, mut next) = (0, Vec::new(), 0);
    while from < all.len() {
        let to = (from + cut().max(1)).min(all.len());
        while ends[next].0 < to {
            next += 1;
        }
        found.push(Sent { at: ends[next].1, bytes: all.slice(from..to), units: vec![] });
        from = to;
    }
    found
}
