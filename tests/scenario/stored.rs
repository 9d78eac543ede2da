//! Reads stored fragments as a player would, box by box, without anything of the library (ISO/IEC 14496-12 clause 8.8).

use crate::rig::Rig;

/// One stored access unit, in ticks of its track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub dts: i64,
    pub pts: i64,
    pub duration: i64,
    pub is_sync: bool,
    pub data: Vec<u8>,
}

/// The access units of each stored fragment of a track of the program `asset`, in order; missing fragments are left out.
pub fn fragments(rig: &Rig, track: usize) -> Vec<Vec<Stored>> {
    let name = rig.presentation().tracks[track].name.clone();
    let segments = rig.segments();
    let spans = segments.iter().map(|segment| segment.spans[track]).filter(|span| !span.is_missing());
    spans.map(|span| read(&rig.object(&format!("asset/{name}/{}.m4s", span.start)))).collect()
}

/// The payload of the first box at this path, such as `moov/trak`; containers only on the way.
pub fn find<'a>(bytes: &'a [u8], path: &str) -> Option<&'a [u8]> {
    let (kind, rest) = path.split_once('/').map_or((path, None), |(kind, rest)| (kind, Some(rest)));
    let mut at = 0;
    while at + 8 <= bytes.len() {
        let size = word(bytes, at) as usize;
        assert!(size >= 8 && at + size <= bytes.len(), "a box of {size} bytes at {at}");
        if &bytes[at + 4..at + 8] == kind.as_bytes() {
            let payload = &bytes[at + 8..at + size];
            return rest.map_or(Some(payload), |rest| find(payload, rest));
        }
        at += size;
    }
    None
}

fn read(bytes: &[u8]) -> Vec<Stored> {
    let (tfhd, tfdt, trun) = (
        find(bytes, "moof/traf/tfhd").unwrap(),
        find(bytes, "moof/traf/tfdt").unwrap(),
        find(bytes, "moof/traf/trun").unwrap(),
    );
    let mut at = 8;
    let mut usual = |flag: u32| {
        let is_there = word(tfhd, 0) & flag != 0;
        at += if is_there { 4 } else { 0 };
        is_there.then(|| word(tfhd, at - 4))
    };
    assert!(word(tfhd, 0) & 0x1 == 0 && word(tfhd, 0) & 0x02_0000 != 0, "offsets count from the moof");
    let (_, duration, size, flags) = (usual(0x2), usual(0x8), usual(0x10), usual(0x20));
    assert_eq!(tfdt[0], 1);
    let mut dts = i64::from(word(tfdt, 4)) << 32 | i64::from(word(tfdt, 8));
    let present = word(trun, 0) & 0xFF_FFFF;
    assert_eq!((trun[0], present & 0x1), (1, 1), "signed offsets, and where the data begins");
    let moof = bytes.windows(4).position(|kind| kind == b"moof").unwrap() - 4;
    let mut data = moof + word(trun, 8) as usize;
    let mut at = 12;
    let mut next = |flag: u32| {
        let is_there = present & flag != 0;
        at += if is_there { 4 } else { 0 };
        is_there.then(|| word(trun, at - 4))
    };
    let first_flags = next(0x4);
    let mut found = Vec::new();
    for n in 0..word(trun, 4) {
        let step = i64::from(next(0x100).or(duration).unwrap());
        let len = next(0x200).or(size).unwrap() as usize;
        let own = next(0x400);
        let flags = first_flags.filter(|_| n == 0).or(own).or(flags).unwrap();
        let offset = i64::from(next(0x800).unwrap_or(0).cast_signed());
        let is_sync = flags & 0x0001_0000 == 0;
        found.push(Stored { dts, pts: dts + offset, duration: step, is_sync, data: bytes[data..data + len].to_vec() });
        (dts, data) = (dts + step, data + len);
    }
    // mdat holds the samples and nothing else, and is the last box.
    assert_eq!(data, bytes.len());
    found
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}
