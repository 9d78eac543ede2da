//! The bootstrap of HDS: `abst` with one segment run table, `asrt`, and one fragment run table, `afrt` (Adobe, "Video File
//! Format Specification" version 10.1, "Bootstrap Info box" and the two after it).
//!
//! ```text
//! abst: version, flags, times, empty names │ asrt: segment 1 has so many fragments │ afrt: timescale, count │ runs …
//! ```
//! Whoever keeps the runs has them as bytes: [`BootstrapInfo::head`] writes what stands before them. There is one segment, since
//! nothing is asked for by segment. Servers, qualities, DRM and metadata are left empty: the manifest says all that.

use bytes::Bytes;

use super::BoxWriter;

/// What a bootstrap says besides its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BootstrapInfo {
    /// `BootstrapinfoVersion`: goes up where it changes.
    pub(crate) version: u32,
    /// More fragments will come.
    pub(crate) is_live: bool,
    /// Ticks per second of every time.
    pub(crate) timescale: u32,
    /// `CurrentMediaTime`: where the last fragment ends. Players count the fragments of the last run by it.
    pub(crate) media_time: u64,
    /// Fragments of the segment, counted from the first of the table.
    pub(crate) fragments: u32,
}

/// An entry of a fragment run table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FragmentRun {
    /// The number of its first fragment; of a discontinuity, the number that was expected.
    pub(crate) first: u32,
    /// When that starts, in ticks.
    pub(crate) time: u64,
    pub(crate) kind: RunKind,
}

/// What an entry means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunKind {
    /// Fragments up to the next entry, each this long, in ticks; not zero.
    Equal(u32),
    /// None.
    Break(Discontinuity),
}

/// What does not go on from one run to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Discontinuity {
    /// End of presentation.
    End = 0,
    /// The numbers of fragments.
    Numbers = 1,
    /// Their times.
    Times = 2,
    /// Both.
    Both = 3,
}

impl BootstrapInfo {
    /// Everything before the runs, of which there are so many, in so many bytes.
    pub(crate) fn head(&self, runs: u32, bytes: usize) -> Bytes {
        let mut w = BoxWriter::with_capacity(160);
        let mut afrt = 0;
        w.full(b"abst", 0, 0, |w| {
            w.u32(self.version);
            // Named access (profile 0), whole tables (no update).
            w.u8(if self.is_live { 0x20 } else { 0 });
            w.u32(self.timescale);
            w.u64(self.media_time);
            w.u64(0); // SmpteTimeCodeOffset
            // Movie identifier, servers, qualities, DRM, metadata: none.
            w.raw(&[0; 5]);
            w.u8(1);
            w.full(b"asrt", 0, 0, |w| {
                w.u8(0);
                [1, 1, self.fragments].into_iter().for_each(|word| w.u32(word));
            });
            w.u8(1);
            afrt = w.position();
            w.full(b"afrt", 0, 0, |w| {
                w.u32(self.timescale);
                w.u8(0);
                w.u32(runs);
            });
        });
        let size = |from: usize| u32::try_from(w.position().saturating_sub(from).saturating_add(bytes));
        let (whole, table) = (size(0).unwrap_or(u32::MAX), size(afrt).unwrap_or(u32::MAX));
        w.patch_u32(0, whole);
        w.patch_u32(afrt, table);
        w.into_bytes()
    }
}

impl FragmentRun {
    /// Adds the entry to `out`: 16 bytes, or 17.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.first.to_be_bytes());
        out.extend(self.time.to_be_bytes());
        match self.kind {
            RunKind::Equal(duration) => out.extend(duration.to_be_bytes()),
            RunKind::Break(discontinuity) => out.extend([0, 0, 0, 0, discontinuity as u8]),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{
        super::reader::{BoxRef, Boxes, take_u32},
        *,
    };

    fn u64_at(bytes: &[u8], at: usize) -> u64 {
        u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
    }

    fn u32_at(bytes: &[u8], at: usize) -> u32 {
        take_u32(&bytes[at..]).unwrap().0
    }

    /// The only box in `bytes`.
    fn only<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> BoxRef<'a> {
        let mut boxes = Boxes::new(bytes, 0);
        let found = boxes.next().unwrap().unwrap();
        assert!(boxes.next().is_none());
        assert_eq!((&found.kind, &found.payload[..4]), (kind, &[0; 4][..]));
        found
    }

    /// Reads a bootstrap of the shape that is written here.
    pub(crate) fn parse(bytes: &[u8]) -> (BootstrapInfo, Vec<FragmentRun>) {
        let abst = only(bytes, b"abst").payload;
        assert_eq!((abst[29..34].to_vec(), abst[34]), (vec![0; 5], 1));
        let asrt_end = 35 + u32_at(abst, 35) as usize;
        let asrt = only(&abst[35..asrt_end], b"asrt").payload;
        assert_eq!((asrt[4], u32_at(asrt, 5), u32_at(asrt, 9), asrt.len()), (0, 1, 1, 17));
        assert_eq!(abst[asrt_end], 1);
        let afrt = only(&abst[asrt_end + 1..], b"afrt").payload;
        let info = BootstrapInfo {
            version: u32_at(abst, 4),
            is_live: abst[8] == 0x20,
            timescale: u32_at(abst, 9),
            media_time: u64_at(abst, 13),
            fragments: u32_at(asrt, 13),
        };
        assert_eq!((u32_at(afrt, 4), afrt[8]), (info.timescale, 0));
        let (mut rest, mut runs) = (&afrt[13..], Vec::new());
        while !rest.is_empty() {
            let (first, time, duration) = (u32_at(rest, 0), u64_at(rest, 4), u32_at(rest, 12));
            let all = [Discontinuity::End, Discontinuity::Numbers, Discontinuity::Times, Discontinuity::Both];
            let kind = if duration > 0 { RunKind::Equal(duration) } else { RunKind::Break(all[usize::from(rest[16])]) };
            runs.push(FragmentRun { first, time, kind });
            rest = &rest[if duration > 0 { 16 } else { 17 }..];
        }
        assert_eq!(runs.len(), u32_at(afrt, 9) as usize);
        (info, runs)
    }

    fn written(info: BootstrapInfo, runs: &[FragmentRun]) -> Vec<u8> {
        let mut bytes = Vec::new();
        runs.iter().for_each(|run| run.write(&mut bytes));
        [&info.head(runs.len() as u32, bytes.len())[..], &bytes].concat()
    }

    #[test]
    fn a_bootstrap_is_these_bytes() {
        let info = BootstrapInfo { version: 7, is_live: true, timescale: 1000, media_time: 14_000, fragments: 3 };
        let run = FragmentRun { first: 5, time: 8000, kind: RunKind::Equal(2000) };
        let wanted = [
            &b"\0\0\0\x6Aabst\0\0\0\0\0\0\0\x07\x20\0\0\x03\xE8\0\0\0\0\0\0\x36\xB0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"[..],
            b"\0\0\0\x19asrt\0\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x03\x01",
            b"\0\0\0\x25afrt\0\0\0\0\0\0\x03\xE8\0\0\0\0\x01\0\0\0\x05\0\0\0\0\0\0\x1F\x40\0\0\x07\xD0",
        ];
        assert_eq!(written(info, &[run]), wanted.concat());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let info =
            BootstrapInfo { version: u32::MAX, is_live: false, timescale: 90_000, media_time: u64::MAX, fragments: 9 };
        let run = |first, time, kind| FragmentRun { first, time, kind };
        let runs = [
            run(1, 0, RunKind::Equal(1)),
            run(4, 3, RunKind::Break(Discontinuity::Numbers)),
            run(6, 3, RunKind::Equal(u32::MAX)),
            run(7, 1 << 40, RunKind::Break(Discontinuity::Times)),
            run(9, 0, RunKind::Break(Discontinuity::Both)),
            run(0, 0, RunKind::Break(Discontinuity::End)),
        ];
        for runs in [&runs[..], &[]] {
            assert_eq!(parse(&written(info, runs)), (info, runs.to_vec()));
        }
    }
}
