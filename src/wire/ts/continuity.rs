//! The continuity counter of one PID (ISO/IEC 13818-1 clause 2.4.3.3).

use super::{PACKET_LEN, Packet};

/// Follows one PID's counter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Continuity {
    last: Option<u8>,
    content: Content,
    is_forgiving: bool,
    is_doubtful: bool,
}

/// What a repeated packet repeats: all of it but the program clock reference.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    bytes: [u8; PACKET_LEN],
    adaptation: usize,
    payload: usize,
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
        let content = Content::of(packet);
        let may_repeat = !self.is_doubtful && !self.is_forgiving;
        let arrival = match self.last {
            None => Arrival::Next,
            Some(last) => match packet.counter.wrapping_sub(last).wrapping_sub(1) & 0x0F {
                // A multiple of 16 may be missing, or 15 more.
                0 if self.is_doubtful => Arrival::Jump,
                0 => Arrival::Next,
                15 if may_repeat && content == self.content => Arrival::Duplicate,
                _ if self.is_forgiving || packet.is_discontinuity() => Arrival::Jump,
                // The same counter with other content is a loss of 15, or of 15 + 16 n.
                lost => Arrival::Lost(lost),
            },
        };
        self.last = Some(packet.counter);
        self.content = content;
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

impl Content {
    fn of(packet: &Packet<'_>) -> Self {
        let payload = packet.payload.unwrap_or(&[]);
        let mut content = Self { adaptation: packet.adaptation.len(), payload: payload.len(), ..Self::default() };
        if let Some((head, rest)) = content.bytes.split_at_mut_checked(content.adaptation) {
            head.copy_from_slice(packet.adaptation);
            if let (true, Some(pcr)) = (packet.pcr().is_some(), head.get_mut(1..7)) {
                pcr.fill(0);
            }
            if let Some(to) = rest.get_mut(..content.payload) {
                to.copy_from_slice(payload);
            }
        }
        content
    }
}

impl Default for Content {
    fn default() -> Self {
        Self { bytes: [0; PACKET_LEN], adaptation: 0, payload: 0 }
    }
}

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

    #[test]
    fn row_23_a_marked_packet_may_be_repeated_too_row_11() {
        let mut pid = Continuity::default();
        let [a, b] = [[1; 184], [2; 184]];
        assert_eq!(pid.check(&packet(14, &a)), Arrival::Next);
        let marked = Packet { adaptation: &[0x80], ..packet(3, &b) };
        assert_eq!(pid.check(&marked), Arrival::Jump);
        assert_eq!(pid.check(&marked), Arrival::Duplicate);
        // The clock may differ, and nothing else.
        let clock = |last: u8, stuffing: u8| [0x10, 1, 2, 3, 4, 5, last, stuffing];
        let (first, second, third) = (clock(6, 0xFF), clock(7, 0xFF), clock(6, 0));
        let with = |adaptation| Packet { adaptation, ..packet(4, &b[..176]) };
        assert_eq!(
            [with(&first), with(&second), with(&third)].map(|it| pid.check(&it)),
            [Arrival::Next, Arrival::Duplicate, Arrival::Lost(15)]
        );
        assert_eq!(pid.check(&marked), Arrival::Jump);
        // The same again without the mark is another one.
        assert_eq!(pid.check(&packet(3, &b)), Arrival::Lost(15));
        assert_eq!(pid.check(&marked), Arrival::Jump);
    }

    #[test]
    fn row_20_a_counter_that_may_have_gone_round_is_no_guide() {
        let mut pid = Continuity::default();
        let [a, b] = [[1; 184], [2; 184]];
        assert_eq!(pid.check(&packet(3, &a)), Arrival::Next);
        pid.doubt();
        assert_eq!(pid.check(&packet(4, &b)), Arrival::Jump);
        assert_eq!(pid.check(&packet(5, &b)), Arrival::Next);
        pid.doubt();
        assert_eq!(pid.check(&packet(5, &b)), Arrival::Lost(15));
        pid.doubt();
        assert_eq!(pid.check(&packet(9, &b)), Arrival::Lost(3));
    }
}
