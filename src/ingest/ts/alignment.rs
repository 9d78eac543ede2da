//! Whether PES packets end where access units end (ISO/IEC 13818-1 clause 2.4.3.7 leaves it open).
//!
//! Multiplexers that put one access unit into each PES packet must split one that is longer than 16 bits can say, and some
//! split at less. So the end of a packet is believed only where several in a row began with an access unit, and where one at
//! least as long was followed by an access unit: the first piece of a split one is longer than all that were seen whole. Once
//! a packet begins inside an access unit, no end is believed any more.

/// What is known of the PES packets of one stream.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    /// So many in a row began with an access unit.
    in_a_row: u8,
    is_refuted: bool,
    /// The longest one that was followed by the beginning of an access unit.
    longest: usize,
    /// The length of the one before, where all of it came.
    last: Option<usize>,
}

impl Alignment {
    /// A PES packet begins, with an access unit or inside of one.
    pub(super) fn begin(&mut self, is_aligned: bool) {
        let last = self.last.take();
        if is_aligned {
            self.in_a_row = self.in_a_row.saturating_add(1);
            self.longest = self.longest.max(last.unwrap_or(0));
        } else {
            (self.in_a_row, self.is_refuted) = (0, true);
        }
    }

    /// A PES packet of so many bytes is whole; whether an access unit ends with it.
    pub(super) fn end(&mut self, len: usize) -> bool {
        self.last = Some(len);
        self.is_end()
    }

    /// Whether the PES packet before is whole and an access unit ends with it.
    pub(super) fn is_end(&self) -> bool {
        let is_usual = self.last.is_some_and(|len| len <= self.longest);
        is_usual && self.in_a_row >= ENOUGH && !self.is_refuted
    }

    /// What follows is not what followed the PES packet before.
    pub(super) const fn gap(&mut self) {
        self.last = None;
    }
}

/// So many aligned PES packets make us trust that the next ones are aligned.
const ENOUGH: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_believed_by_what_followed_those_before() {
        let mut alignment = Alignment::default();
        for n in 0..8 {
            alignment.begin(true);
            assert_eq!(alignment.end(100), n == 7);
        }
        // Longer than any: it may be a piece.
        alignment.begin(true);
        assert!(!alignment.end(101));
        alignment.begin(true);
        assert!(alignment.end(101));
        // What follows a gap proves nothing of what was before it.
        alignment.begin(true);
        assert!(!alignment.end(200));
        alignment.gap();
        alignment.begin(true);
        assert!(!alignment.end(200) && alignment.end(101));
        alignment.begin(false);
        (0..9).for_each(|_| alignment.begin(true));
        assert!(!alignment.end(10));
    }
}
