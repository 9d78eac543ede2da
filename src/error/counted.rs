//! Counts as people say them: `1 packet`, `2 packets`.

use std::fmt;

/// So many of what this names in the singular.
pub(super) struct Counted(pub(super) u64, pub(super) &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, what) = self;
        write!(f, "{count} {what}{}", if *count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use crate::error::{Fault, FragmentDrop};

    #[test]
    fn one_is_told_as_one_and_more_as_more() {
        let reason = FragmentDrop::OverlapTimestamp;
        let texts = |n: u64| {
            [
                Fault::Loss { lost: n, stream: None },
                Fault::Late { late: n },
                Fault::Repaired { repaired: n },
                Fault::Resync { skipped: n },
                Fault::Ignored { what: "scrambled", count: n },
                Fault::Dropped { count: n, reason: "before the first IDR" },
                Fault::FragmentsDropped { count: n, stream: 1, reason },
                Fault::UnitsDropped { count: n, stream: 1, reason },
                Fault::FragmentGap { missing: n, stream: 1, millis: 2000 },
                Fault::Bumped { count: n },
                Fault::CaptionsDropped { count: n, reason: "parity" },
            ]
            .map(|fault| fault.to_string())
        };
        let one = [
            "1 packet lost",
            "1 packet came too late",
            "1 lost packet repaired",
            "1 byte skipped to find sync",
            "1 packet ignored: scrambled",
            "1 access unit dropped: before the first IDR",
            "1 fragment of track 1 dropped: overlapping time stamp",
            "1 access unit of track 1 dropped: overlapping time stamp",
            "1 fragment of track 1 missing, 2000 ms",
            "1 decode time moved on by a tick",
            "1 byte pair of captions left out: parity",
        ];
        assert_eq!(texts(1), one);
        assert_eq!(texts(0)[5], "0 access units dropped: before the first IDR");
        let nouns = ["packet", "byte pair", "byte", "access unit", "fragment", "decode time"];
        let many = |text: &str| {
            let many = text.replacen('1', "2", 1);
            let noun = nouns.iter().find(|noun| text.contains(**noun)).unwrap();
            many.replacen(noun, &format!("{noun}s"), 1)
        };
        assert_eq!(texts(2), one.map(many));
    }
}
