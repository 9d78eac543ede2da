//! Finds packets in bytes that are cut anywhere (ISO/IEC 13818-1 clause 2.4.3.2 and Annex G.1).
//!
//! Packets of 188 bytes, of 192 (a time code of four bytes before each, BDAV) and of 204 (sixteen bytes of Reed-Solomon
//! code after each, EN 300 429) are told apart by themselves. Sync is taken where three packets in a row begin with the sync
//! byte, and given up at the first that does not; every decision looks at the same bytes however they were cut.

use super::PACKET_LEN;

/// Turns bytes into packets.
#[derive(Clone, Debug)]
pub(crate) struct Framer {
    state: State,
    /// Bytes from one packet's sync byte to the next one's.
    spacing: usize,
    held: [u8; HELD],
    start: usize,
    end: usize,
    skipped: u64,
    position: u64,
    has_locked: bool,
}

/// What the framer found.
#[derive(Debug)]
pub(crate) enum Framed<'a> {
    /// A whole packet that begins with the sync byte.
    Packet(&'a [u8; PACKET_LEN]),
    /// Sync was found after this many bytes that were passed over. The packet before may be broken, too.
    Resync(u64),
}

#[derive(Clone, Copy, Debug)]
enum State {
    Searching,
    /// So many bytes lie before the next sync byte.
    Locked(usize),
}

/// How a step of the search ended.
enum Search {
    Again,
    Starved,
    Done(u64),
}

impl Framer {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Searching,
            spacing: PACKET_LEN,
            held: [0; HELD],
            start: 0,
            end: 0,
            skipped: 0,
            position: 0,
            has_locked: false,
        }
    }

    /// The next packet of what is held followed by `input[*at..]`; `None` once that is used up. With `is_last`, no more
    /// bytes will come, and sync is taken with fewer than three packets.
    pub(crate) fn next<'a>(&'a mut self, input: &'a [u8], at: &mut usize, is_last: bool) -> Option<Framed<'a>> {
        loop {
            match self.state {
                State::Searching => match self.search(input, at, is_last) {
                    Search::Again => {}
                    Search::Starved => return None,
                    Search::Done(skipped) => return Some(Framed::Resync(skipped)),
                },
                State::Locked(0) if self.start == self.end => {
                    let rest = input.get(*at..)?;
                    if rest.first()? != &SYNC {
                        self.lose();
                        continue;
                    }
                    let Some(packet) = rest.first_chunk::<PACKET_LEN>() else {
                        self.top_up(PACKET_LEN, input, at);
                        return None;
                    };
                    *at = at.saturating_add(PACKET_LEN);
                    self.passed();
                    return Some(Framed::Packet(packet));
                }
                State::Locked(0) => {
                    self.top_up(PACKET_LEN, input, at);
                    if self.held().first() != Some(&SYNC) {
                        self.lose();
                        continue;
                    }
                    self.held().first_chunk::<PACKET_LEN>()?;
                    let from = self.start;
                    self.start = from.saturating_add(PACKET_LEN);
                    self.passed();
                    return self.held.get(from..)?.first_chunk().map(Framed::Packet);
                }
                State::Locked(gap) => {
                    let held = gap.min(self.held().len());
                    self.start = self.start.saturating_add(held);
                    let left = input.len().saturating_sub(*at).min(gap.saturating_sub(held));
                    *at = at.saturating_add(left);
                    let passed = held.saturating_add(left);
                    self.position = self.position.saturating_add(passed as u64);
                    self.state = State::Locked(gap.saturating_sub(passed));
                    if passed < gap {
                        return None;
                    }
                }
            }
        }
    }

    /// Bytes from the start of the stream to the end of the packet given out last.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// Whether the bytes held are less than a packet that began well.
    pub(crate) fn holds_half(&self) -> bool {
        matches!(self.state, State::Locked(0)) && !self.held().is_empty()
    }

    /// Moves on to the next place where sync may be.
    fn search(&mut self, input: &[u8], at: &mut usize, is_last: bool) -> Search {
        self.top_up(LOOK_AHEAD, input, at);
        let junk = memchr::memchr(SYNC, self.held()).unwrap_or(self.held().len());
        if junk > 0 {
            self.skip(junk);
            return Search::Again;
        }
        if self.held().len() < if is_last { PACKET_LEN } else { LOOK_AHEAD } {
            return match (is_last, self.held().is_empty()) {
                (false, _) => Search::Starved,
                (true, false) => {
                    self.skip(1);
                    Search::Again
                }
                (true, true) => self.done().map_or(Search::Starved, Search::Done),
            };
        }
        let order = [self.spacing, PACKET_LEN, 192, 204];
        let Some(spacing) = order.into_iter().find(|spacing| self.is_in_step(*spacing, is_last)) else {
            self.skip(1);
            return Search::Again;
        };
        // A stream of 192-byte packets begins with a time code, which is no junk.
        if !self.has_locked && spacing == 192 && self.skipped <= 4 {
            self.skipped = 0;
        }
        (self.spacing, self.state, self.has_locked) = (spacing, State::Locked(0), true);
        self.done().map_or(Search::Again, Search::Done)
    }

    /// What was skipped since sync was lost, where it was anything.
    fn done(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.skipped)).filter(|skipped| *skipped > 0)
    }

    fn is_in_step(&self, spacing: usize, is_last: bool) -> bool {
        [spacing, spacing.saturating_mul(2)]
            .into_iter()
            .all(|ahead| self.held().get(ahead).map_or(is_last, |byte| *byte == SYNC))
    }

    fn held(&self) -> &[u8] {
        self.held.get(self.start..self.end).unwrap_or(&[])
    }

    /// Takes bytes from the input until `wanted` are held or there are no more.
    fn top_up(&mut self, wanted: usize, input: &[u8], at: &mut usize) {
        let missing = wanted.saturating_sub(self.held().len());
        let from = input.get(*at..).unwrap_or(&[]);
        let taken = from.get(..missing.min(from.len())).unwrap_or(&[]);
        if self.end.saturating_add(taken.len()) > HELD {
            self.held.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end.saturating_sub(self.start));
        }
        let end = self.end.saturating_add(taken.len());
        if let Some(room) = self.held.get_mut(self.end..end) {
            room.copy_from_slice(taken);
            self.end = end;
            *at = at.saturating_add(taken.len());
        }
    }

    const fn passed(&mut self) {
        self.position = self.position.saturating_add(PACKET_LEN as u64);
        self.state = State::Locked(self.spacing.saturating_sub(PACKET_LEN));
    }

    fn skip(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        self.skipped = self.skipped.saturating_add(count as u64);
        self.position = self.position.saturating_add(count as u64);
    }

    const fn lose(&mut self) {
        self.state = State::Searching;
    }
}

const SYNC: u8 = 0x47;
/// Three sync bytes at the widest spacing.
const LOOK_AHEAD: usize = 2 * 204 + 1;
/// Twice the look-ahead, so that the held bytes are seldom moved.
const HELD: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` packets, each with its number in the fourth byte, and bytes that are never 0x47 otherwise.
    fn stream(count: u8, before: usize, after: usize) -> Vec<u8> {
        let one = |n: u8| {
            let mut bytes = vec![0xAA; before];
            bytes.extend([0x47, 0x1F, 0xFF, n]);
            bytes.resize(before + PACKET_LEN + after, 0x55);
            bytes
        };
        (0..count).flat_map(one).collect()
    }

    fn run(bytes: &[u8], cut: usize) -> (Vec<u8>, Vec<u64>) {
        let (mut framer, mut packets, mut resyncs) = (Framer::new(), Vec::new(), Vec::new());
        let mut feed = |input: &[u8], is_last| {
            let mut at = 0;
            while let Some(found) = framer.next(input, &mut at, is_last) {
                match found {
                    Framed::Packet(packet) => packets.push(packet[3]),
                    Framed::Resync(skipped) => resyncs.push(skipped),
                }
            }
            assert_eq!(at, input.len());
        };
        bytes.chunks(cut).for_each(|piece| feed(piece, false));
        feed(&[], true);
        (packets, resyncs)
    }

    #[test]
    fn packets_of_188_192_and_204_bytes_in_any_cut() {
        for (before, after) in [(0, 0), (4, 0), (0, 16)] {
            let bytes = stream(20, before, after);
            for cut in [1, 7, 100, 188, 1316, 5000] {
                assert_eq!(run(&bytes, cut), ((0..20).collect(), vec![]), "{before} {after} {cut}");
            }
        }
    }

    #[test]
    fn junk_of_1_to_187_bytes_costs_no_packet_after_it_row_27() {
        for (before, after) in [(0, 0), (4, 0), (0, 16)] {
            let clean = stream(20, before, after);
            let spacing = before + PACKET_LEN + after;
            for junk in 1..PACKET_LEN {
                let mut bytes = clean.clone();
                bytes.splice(5 * spacing..5 * spacing, std::iter::repeat_n(0x11, junk));
                let whole = run(&bytes, 1316);
                assert_eq!(whole.0, (0..20).collect::<Vec<_>>(), "{junk}");
                // What the time code hides is not counted twice.
                assert_eq!(whole.1.len(), 1, "{junk}");
                assert!(whole.1[0].abs_diff(junk as u64) <= 16);
                assert_eq!(run(&bytes, 13), whole);
            }
        }
    }

    #[test]
    fn junk_inside_a_packet_costs_that_one_and_the_next_at_most() {
        let mut bytes = stream(20, 0, 0);
        bytes.splice(5 * 188 + 50..5 * 188 + 50, std::iter::repeat_n(0x11, 100));
        let (packets, resyncs) = run(&bytes, 188);
        assert_eq!(packets, (0..20).collect::<Vec<_>>());
        assert_eq!(resyncs, [100]);
    }

    #[test]
    fn one_broken_sync_byte_costs_one_packet() {
        let mut bytes = stream(20, 0, 0);
        bytes[6 * 188] = 0x46;
        let (packets, resyncs) = run(&bytes, 1316);
        assert_eq!(packets.len(), 19);
        assert_eq!(resyncs, [188]);
    }

    #[test]
    fn short_streams_and_streams_without_sync() {
        assert_eq!(run(&stream(1, 0, 0), 10).0, [0]);
        assert_eq!(run(&stream(2, 0, 16), 10).0, [0, 1]);
        assert_eq!(run(&[0x47; 100], 10), (vec![], vec![100]));
        assert_eq!(run(&[0x11; 1000], 10), (vec![], vec![1000]));
    }
}
