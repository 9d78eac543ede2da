//! When a splice_info_section is to be acted on (ANSI/SCTE 35 2023 clauses 9.6.1, 9.7.3, 9.7.4 and 9.8.1).
//!
//! Only the fields on the way to that time are read, of `splice_insert` and `time_signal`; what the section asks for is for
//! whoever acts on it. Old encoders send 0xFFF as `splice_command_length` and some a wrong one: it holds, or the loop of
//! descriptors behind the command does. To take another command's time,
//! add it to [`splice_time`].

/// When a splice is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpliceTime {
    /// At the nearest opportunity.
    AtOnce,
    /// At this time of the program: 33 bits of 90 kHz, adjusted.
    At(u64),
}

/// The time of a section, whose checksum is right; `None` where its command has none, cancels another, is encrypted or does
/// not fit what is around it.
///
/// Where the components of a program splice apart, it is that of the first.
pub(crate) fn splice_time(section: &[u8]) -> Option<SpliceTime> {
    let (head, body) = section.split_last_chunk::<CHECKSUM>()?.0.split_first_chunk::<HEADER>()?;
    let [_, _, _, version, flags, a3, a2, a1, a0, _, _, l1, l0, kind] = *head;
    let is_encrypted = flags & 0x80 != 0;
    if version != 0 || is_encrypted {
        return None;
    }
    let (time, rest) = match kind {
        TIME_SIGNAL => time(body)?,
        SPLICE_INSERT => insert(body)?,
        _ => return None,
    };
    let stated = usize::from(u16::from_be_bytes([l1 & 0x0F, l0]));
    let has_stated_length = body.len().checked_sub(rest.len()) == Some(stated);
    let (loop_length, descriptors) = rest.split_first_chunk::<2>()?;
    if !has_stated_length && usize::from(u16::from_be_bytes(*loop_length)) != descriptors.len() {
        return None;
    }
    let adjustment = ticks(flags, [a3, a2, a1, a0]);
    Some(match time {
        SpliceTime::AtOnce => SpliceTime::AtOnce,
        // Clause 9.6.1: a carry out of 33 bits is ignored.
        SpliceTime::At(time) => SpliceTime::At(time.wrapping_add(adjustment) & MASK),
    })
}

/// `splice_event_id` 32 · `cancel` 1 · 7 · `out` 1 · `program_splice` 1 · `duration` 1 · `immediate` 1 · 4 · times · 32
fn insert(command: &[u8]) -> Option<(SpliceTime, &[u8])> {
    let [_, _, _, _, cancel, flags, rest @ ..] = command else { return None };
    if cancel & 0x80 != 0 {
        return None;
    }
    let (is_program, has_duration, is_immediate) = (flags & 0x40 != 0, flags & 0x20 != 0, flags & 0x10 != 0);
    let when = |bytes| if is_immediate { Some((SpliceTime::AtOnce, bytes)) } else { time(bytes) };
    let (at, rest) = if is_program {
        when(rest)?
    } else {
        let (count, mut rest) = rest.split_first()?;
        let mut first = None;
        for _ in 0..*count {
            let (_component, after) = rest.split_first()?;
            let (at, after) = when(after)?;
            rest = after;
            first = first.or(Some(at));
        }
        (first?, rest)
    };
    // break_duration, unique_program_id, avail_num, avails_expected.
    let rest = if has_duration { rest.get(5..)? } else { rest };
    Some((at, rest.get(4..)?))
}

/// `time_specified` 1 · 6 · `pts_time` 33, or `time_specified` 1 · 7
fn time(bytes: &[u8]) -> Option<(SpliceTime, &[u8])> {
    let (flags, rest) = bytes.split_first()?;
    if flags & 0x80 == 0 {
        return Some((SpliceTime::AtOnce, rest));
    }
    let (low, rest) = rest.split_first_chunk()?;
    Some((SpliceTime::At(ticks(*flags, *low)), rest))
}

fn ticks(high: u8, low: [u8; 4]) -> u64 {
    u64::from(high & 1) << 32 | u64::from(u32::from_be_bytes(low))
}

const MASK: u64 = (1 << 33) - 1;
/// Up to `splice_command_type`.
const HEADER: usize = 14;
const CHECKSUM: usize = 4;
const SPLICE_INSERT: u8 = 0x05;
const TIME_SIGNAL: u8 = 0x06;

#[cfg(test)]
mod tests {
    use super::*;

    /// A section with this adjustment and command, no descriptors and any checksum.
    fn section(adjustment: u64, kind: u8, command: &[u8]) -> Vec<u8> {
        let [_, _, _, high, low @ ..] = adjustment.to_be_bytes();
        let head = [0xFC, 0x30, 0, 0, high, low[0], low[1], low[2], low[3], 0, 0xFF, 0xFF, 0xFF, kind];
        [&head[..], command, &[0, 0], &[0x55; CHECKSUM]].concat()
    }

    #[test]
    fn a_time_signal_is_adjusted_in_33_bits_row_5() {
        let signal = [0xFF, 0xFF, 0xFF, 0xFF, 0xFB];
        let at = |adjustment| splice_time(&section(adjustment, 6, &signal));
        assert_eq!(at(0), Some(SpliceTime::At((1 << 33) - 5)));
        assert_eq!(at(15), Some(SpliceTime::At(10)));
        assert_eq!(at((1 << 33) - 1), Some(SpliceTime::At((1 << 33) - 6)));
        assert_eq!(splice_time(&section(7, 6, &[0x7F])), Some(SpliceTime::AtOnce));
    }

    #[test]
    fn an_insert_for_a_program_for_components_at_once_and_cancelled() {
        let insert = |flags: &[u8], rest: &[u8]| {
            splice_time(&section(1, 5, &[&[0, 0, 0, 9], flags, rest, &[0, 1, 0, 0]].concat()))
        };
        let time = [0xFE, 0, 0, 0, 9];
        assert_eq!(insert(&[0x7F, 0xCF], &time), Some(SpliceTime::At(10)));
        assert_eq!(insert(&[0x7F, 0xEF], &[&time[..], &[0xFE, 0, 0, 0, 99]].concat()), Some(SpliceTime::At(10)));
        assert_eq!(insert(&[0x7F, 0xDF], &[]), Some(SpliceTime::AtOnce));
        assert_eq!(insert(&[0x7F, 0x8F], &[&[2, 7][..], &time, &[8, 0x7F]].concat()), Some(SpliceTime::At(10)));
        assert_eq!(insert(&[0x7F, 0x8F], &[0]), None);
        // More components than there are, and no duration though one is announced.
        assert_eq!(insert(&[0x7F, 0x8F], &[&[9, 7][..], &time].concat()), None);
        assert_eq!(insert(&[0x7F, 0xEF], &time), None);
        assert_eq!(insert(&[0xFF], &[]), None);
    }

    #[test]
    fn encrypted_foreign_and_short_ones_have_no_time() {
        let signal = section(0, 6, &[0xFE, 0, 0, 0, 9]);
        let changed = |at: usize, value: u8| {
            let mut section = signal.clone();
            section[at] = value;
            splice_time(&section)
        };
        assert!(changed(4, 0).is_some());
        assert_eq!((changed(3, 1), changed(4, 0x80), changed(13, 0), changed(13, 0xFF)), (None, None, None, None));
        for len in 0..23 {
            assert_eq!(splice_time(&signal[..len]), None, "{len}");
        }
    }
}
