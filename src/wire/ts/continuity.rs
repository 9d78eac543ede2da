//! The continuity counter of one PID (ISO/IEC 13818-1 clause 2.4.3.3).

use super::Packet;

/// Follows one PID's counter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Continuity {
    last: Option<u8>,
    tail: [u8; TAIL],
    is_forgiving: bool,
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
    /// The counter jumped where the source said or showed that it would; nothing is known to be lost.
    Jump,
}

impl Continuity {
    /// Looks at the next packet of this PID.
    pub(crate) fn check(&mut self, packet: &Packet<'_>) -> Arrival {
        let Some(payload) = packet.payload else {
            // Without payload the counter stands still; some encoders let it run, so it is not looked at.
            return Arrival::Next;
        };
        let tail = payload.last_chunk::<TAIL>().copied().unwrap_or_default();
        let arrival = match self.last {
            None => Arrival::Next,
            Some(last) => match packet.counter.wrapping_sub(last).wrapping_sub(1) & 0x0F {
                0 => Arrival::Next,
                _ if self.is_forgiving || packet.is_discontinuity() => Arrival::Jump,
                // The same counter with other content is a loss of 15, or of 15 + 16 n.
                15 if tail == self.tail => Arrival::Duplicate,
                lost => Arrival::Lost(lost),
            },
        };
        self.last = Some(packet.counter);
        self.tail = tail;
        self.is_forgiving = false;
        arrival
    }

    /// The source changed: the next jump is no loss.
    pub(crate) const fn forgive(&mut self) {
        self.is_forgiving = true;
    }
}

/// Enough of a payload's end to tell a repeated packet from another with the same counter.
const TAIL: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(counter: u8, payload: &[u8]) -> Packet<'_> {
        Packet { is_start: false, is_scrambled: false, counter, adaptation: &[], payload: Some(payload) }
    }

    #[test]
    fn next_lost_and_repeated_rows_23_and_28() {
        let mut pid = Continuity::default();
        let [a, b] = [[1; 184], [2; 184]];
        assert_eq!(pid.check(&packet(14, &a)), Arrival::Next);
        assert_eq!(pid.check(&packet(15, &a)), Arrival::Next);
        assert_eq!(pid.check(&packet(15, &a)), Arrival::Duplicate);
        assert_eq!(pid.check(&packet(0, &b)), Arrival::Next);
        assert_eq!(pid.check(&packet(0, &a)), Arrival::Lost(15));
        assert_eq!(pid.check(&packet(3, &a)), Arrival::Lost(2));
        assert_eq!(pid.check(&Packet { payload: None, ..packet(9, &a) }), Arrival::Next);
        assert_eq!(pid.check(&Packet { adaptation: &[0x80], ..packet(9, &a) }), Arrival::Jump);
        pid.forgive();
        assert_eq!(pid.check(&packet(1, &a)), Arrival::Jump);
        assert_eq!(pid.check(&packet(3, &a)), Arrival::Lost(1));
    }
}
