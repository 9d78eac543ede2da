//! The continuity counter of one PID (ISO/IEC 13818-1 clause 2.4.3.3).

use super::{PACKET_LEN, Packet};

/// Follows one PID's counter.
#[derive(Clone, Debug)]
pub(crate) struct Continuity {
    last: Option<u8>,
    /// The packet before, whole: it is compared where the counter stands still, so copying it is all that others cost.
    before: [u8; PACKET_LEN],
    is_forgiving: bool,
    is_doubtful: bool,
}

/// How a packet follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is the next one.
    Next,
    /// It repeats the one before it and carries nothing new.
    Duplicate,
    /// So many are missing before it, modulo 16: never 0.
    Lost(u8),
    /// The counter jumped where the source said or showed that it would, or is no guide: nothing is known to be lost here.
    Jump,
}

impl Continuity {
    /// Looks at the next packet of this PID.
    pub(crate) fn check(&mut self, packet: &Packet<'_>) -> Arrival {
        if packet.payload.is_none() {
            // Without payload the counter stands still; some encoders let it run, so it is not looked at.
            return Arrival::Next;
        }
        let may_repeat = !self.is_doubtful && !self.is_forgiving;
        let arrival = match self.last {
            None => Arrival::Next,
            Some(last) => match packet.counter.wrapping_sub(last).wrapping_sub(1) & 0x0F {
                // A multiple of 16 may be missing, or 15 more.
                0 if self.is_doubtful => Arrival::Jump,
                0 => Arrival::Next,
                15 if may_repeat && packet.repeats(&self.before) => Arrival::Duplicate,
                _ if self.is_forgiving || packet.is_discontinuity() => Arrival::Jump,
                // The same counter with other content is a loss of 15, or of 15 + 16 n.
                lost => Arrival::Lost(lost),
            },
        };
        self.last = Some(packet.counter);
        self.before = *packet.bytes;
        (self.is_forgiving, self.is_doubtful) = (false, false);
        arrival
    }

    /// So much was lost, on whatever PIDs, that the counter may have gone round.
    pub(crate) const fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// The source changed: the next jump is no loss.
    pub(crate) const fn forgive(&mut self) {
        self.is_forgiving = true;
    }
}

impl Default for Continuity {
    fn default() -> Self {
        Self { last: None, before: [0; PACKET_LEN], is_forgiving: false, is_doubtful: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet with this counter, adaptation field and payload, which is all that is left of 184 bytes.
    fn bytes(counter: u8, adaptation: &[u8], payload: u8) -> [u8; PACKET_LEN] {
        let mut bytes = [payload; PACKET_LEN];
        bytes[..4].copy_from_slice(&[0x47, 0x01, 0x00, 0x10 | counter]);
        if !adaptation.is_empty() {
            bytes[3] |= 0x20;
            bytes[4] = adaptation.len() as u8;
            bytes[5..5 + adaptation.len()].copy_from_slice(adaptation);
        }
        bytes
    }

    fn check(pid: &mut Continuity, bytes: [u8; PACKET_LEN]) -> Arrival {
        pid.check(&Packet::parse(&bytes).unwrap())
    }

    const MARK: &[u8] = &[0x80];

    #[test]
    fn next_lost_and_repeated_rows_23_and_28() {
        let mut pid = Continuity::default();
        assert_eq!(check(&mut pid, bytes(14, &[], 1)), Arrival::Next);
        assert_eq!(check(&mut pid, bytes(15, &[], 1)), Arrival::Next);
        assert_eq!(check(&mut pid, bytes(15, &[], 1)), Arrival::Duplicate);
        assert_eq!(check(&mut pid, bytes(0, &[], 2)), Arrival::Next);
        assert_eq!(check(&mut pid, bytes(0, &[], 1)), Arrival::Lost(15));
        assert_eq!(check(&mut pid, bytes(3, &[], 1)), Arrival::Lost(2));
        let mut without_payload = bytes(9, &[0; 183], 1);
        without_payload[3] &= !0x10;
        assert_eq!(check(&mut pid, without_payload), Arrival::Next);
        assert_eq!(check(&mut pid, bytes(9, MARK, 1)), Arrival::Jump);
        pid.forgive();
        assert_eq!(check(&mut pid, bytes(1, &[], 1)), Arrival::Jump);
        assert_eq!(check(&mut pid, bytes(3, &[], 1)), Arrival::Lost(1));
    }

    #[test]
    fn row_23_a_marked_packet_may_be_repeated_too_row_11() {
        let mut pid = Continuity::default();
        assert_eq!(check(&mut pid, bytes(14, &[], 1)), Arrival::Next);
        assert_eq!(check(&mut pid, bytes(3, MARK, 2)), Arrival::Jump);
        assert_eq!(check(&mut pid, bytes(3, MARK, 2)), Arrival::Duplicate);
        // The clock may differ, and nothing else.
        let clock = |last: u8, stuffing: u8| bytes(4, &[0x10, 1, 2, 3, 4, 5, last, stuffing], 2);
        assert_eq!(
            [clock(6, 0xFF), clock(7, 0xFF), clock(6, 0)].map(|it| check(&mut pid, it)),
            [Arrival::Next, Arrival::Duplicate, Arrival::Lost(15)]
        );
        // One clock less, and the same bytes after where it was.
        assert_eq!(check(&mut pid, bytes(4, &[0, 1, 2, 3, 4, 5, 6, 0], 2)), Arrival::Lost(15));
        assert_eq!(check(&mut pid, bytes(3, MARK, 2)), Arrival::Jump);
        // The same again without the mark is another one.
        assert_eq!(check(&mut pid, bytes(3, &[], 2)), Arrival::Lost(15));
        assert_eq!(check(&mut pid, bytes(3, MARK, 2)), Arrival::Jump);
    }

    #[test]
    fn row_20_a_counter_that_may_have_gone_round_is_no_guide() {
        let mut pid = Continuity::default();
        assert_eq!(check(&mut pid, bytes(3, &[], 1)), Arrival::Next);
        pid.doubt();
        assert_eq!(check(&mut pid, bytes(4, &[], 2)), Arrival::Jump);
        assert_eq!(check(&mut pid, bytes(5, &[], 2)), Arrival::Next);
        pid.doubt();
        assert_eq!(check(&mut pid, bytes(5, &[], 2)), Arrival::Lost(15));
        pid.doubt();
        assert_eq!(check(&mut pid, bytes(9, &[], 2)), Arrival::Lost(3));
    }
}
