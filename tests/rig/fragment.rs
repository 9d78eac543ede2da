//! Reads a stored fragment as a player does: `tfdt`, `trun` with whatever it says, and the bytes of each sample
//! (ISO/IEC 14496-12 clauses 8.8.7, 8.8.8 and 8.8.12).

use super::Rig;

/// One access unit of a rendition, in ticks of its track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub dts: i64,
    pub pts: i64,
    pub duration: i64,
    pub is_sync: bool,
    /// The first of its fragment.
    pub is_first: bool,
    pub data: Vec<u8>,
}

impl Rig {
    /// Every stored access unit of a track, in decode order.
    pub fn stored(&self, asset: &str, track: usize) -> Vec<Stored> {
        let name = self.presentation().tracks[track].name.clone();
        let segments = self.segments();
        let spans = segments.iter().map(|segment| segment.spans[track]).filter(|span| !span.is_missing());
        spans.flat_map(|span| read(&self.object(&format!("{asset}/{name}/{}.m4s", span.start)))).collect()
    }
}

/// The samples of one fragment.
pub fn read(fragment: &[u8]) -> Vec<Stored> {
    let body = |kind: &[u8; 4]| fragment.windows(4).position(|window| window == kind).unwrap() + 4;
    let word = |at: usize| u32::from_be_bytes(fragment[at..at + 4].try_into().unwrap());
    let (tfhd, tfdt, trun) = (body(b"tfhd"), body(b"tfdt"), body(b"trun"));
    let given = word(tfhd) & 0xFF_FFFF;
    let mut at = tfhd + 8;
    let mut default = |flag: u32, size: usize| {
        let here = at;
        at += if given & flag != 0 { size } else { 0 };
        (given & flag != 0).then(|| word(here))
    };
    let (_, _) = (default(0x1, 8), default(0x2, 4));
    let (duration, size, flags) = (default(0x8, 4), default(0x10, 4), default(0x20, 4));
    let mut dts = i64::from_be_bytes(fragment[tfdt + 4..tfdt + 12].try_into().unwrap());
    let (present, count) = (word(trun) & 0xFF_FFFF, word(trun + 4));
    let mut at = trun + 8;
    let mut next = |flag: u32| {
        let here = at;
        at += if present & flag != 0 { 4 } else { 0 };
        (present & flag != 0).then(|| word(here))
    };
    let (_, first_flags) = (next(0x1), next(0x4));
    let mut data = body(b"mdat");
    let mut samples = Vec::new();
    for n in 0..count {
        let duration = next(0x100).or(duration).unwrap().into();
        let size = next(0x200).or(size).unwrap() as usize;
        let own = next(0x400).or(first_flags.filter(|_| n == 0)).or(flags).unwrap_or(0);
        let offset = i64::from(next(0x800).unwrap_or(0).cast_signed());
        let is_sync = own & 0x1_0000 == 0;
        let bytes = fragment[data..data + size].to_vec();
        samples.push(Stored { dts, pts: dts + offset, duration, is_sync, is_first: n == 0, data: bytes });
        (dts, data) = (dts + duration, data + size);
    }
    samples
}
