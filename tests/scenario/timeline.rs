//! What every scenario asks of the output: nothing missing, nothing out of line.

use std::collections::BTreeMap;

use headend::{channel::Event, error::Fault, splice::OnAir, time::Timescale};

use crate::{manifests::assert_manifests, rig::Rig};

/// Everything that the host has stored, in one piece each.
pub fn objects(rig: &Rig) -> BTreeMap<String, Vec<u8>> {
    rig.store.iter().map(|(name, body)| (name.clone(), body.parts().concat())).collect()
}

/// Neither players nor whoever listens to events can tell the two runs apart.
pub fn assert_same(one: &Rig, other: &Rig) {
    assert_same_output(one, other);
    assert_eq!(one.events, other.events);
}

/// Players cannot tell the two runs apart.
pub fn assert_same_output(one: &Rig, other: &Rig) {
    assert!(one.segments().len() >= 4);
    assert_eq!(one.updates, other.updates);
    let (one, other) = (objects(one), objects(other));
    let differ: Vec<&String> = one.keys().filter(|name| one.get(*name) != other.get(*name)).collect();
    assert!(one.len() == other.len() && differ.is_empty(), "the stores differ in {differ:?}");
}

/// What was on air, one after the other.
pub fn on_air(rig: &Rig) -> Vec<OnAir> {
    let source = |event: &Event| if let Event::OnAir { source, .. } = event { Some(*source) } else { None };
    rig.events.iter().filter_map(|(_, event)| source(event)).collect()
}

/// Every fault that was told, with what `of` counts of it added up.
pub fn count_faults(rig: &Rig, of: impl Fn(&Fault) -> u64) -> u64 {
    let count = |event: &Event| if let Event::Fault { fault, .. } = event { of(fault) } else { 0 };
    rig.events.iter().map(|(_, event)| count(event)).sum()
}

/// Access units that were dropped for a reason that `is_wanted` takes.
pub fn dropped(rig: &Rig, is_wanted: impl Fn(&str) -> bool) -> u64 {
    count_faults(rig, |fault| match fault {
        Fault::Dropped { count, reason } if is_wanted(reason) => *count,
        _ => 0,
    })
}

/// Distance of every beep from its flash, in seconds, in the order in which they come (FAULTS I7).
pub fn offsets(rig: &Rig) -> Vec<f64> {
    let flashes: Vec<f64> =
        pictures(rig).iter().filter(|(_, luma)| *luma >= 240).map(|(ticks, _)| *ticks as f64 / 90_000.0).collect();
    let sounds = sounds(rig);
    let is_start = |n: usize| sounds[n].1 > 1000 && (n == 0 || sounds[n - 1].1 <= 1000);
    let beeps = (0..sounds.len()).filter(|n| is_start(*n)).map(|n| {
        let (at, _, first) = sounds[n];
        (at + i64::from(first)) as f64 / 44_100.0
    });
    beeps
        .filter_map(|beep| {
            let nearest = flashes.iter().map(|flash| beep - flash).min_by(|a, b| a.abs().total_cmp(&b.abs()))?;
            (nearest.abs() < 0.4).then_some(nearest)
        })
        .collect()
}

/// At least `count` beeps, each within an audio frame of its flash.
pub fn assert_in_step(rig: &Rig, count: usize) {
    let offsets = offsets(rig);
    assert!(offsets.len() >= count, "{offsets:?}");
    assert!(offsets.iter().all(|offset| offset.abs() <= 1024.0 / 44_100.0), "{offsets:?}");
}

/// Boundaries at the same media time in all renditions, durations contiguous, sequence numbers by one, and manifests that say
/// so (FAULTS I3, I4).
pub fn assert_seamless(rig: &Rig) {
    assert_manifests(rig);
    let segments = rig.segments();
    let presentation = rig.presentation();
    assert!(!segments.is_empty());
    for pair in segments.windows(2) {
        assert_eq!(pair[0].sequence + 1, pair[1].sequence);
        assert_eq!(pair[0].end(), pair[1].start, "no gap");
        assert!(!pair[1].is_discontinuous);
        for (track, (before, after)) in pair[0].spans.iter().zip(pair[1].spans.iter()).enumerate() {
            assert_eq!(before.end(), after.start, "track {track} at {:?}", pair[1].start);
        }
    }
    for segment in &segments {
        for (track, span) in presentation.tracks.iter().zip(segment.spans.iter()) {
            assert!(!span.is_missing());
            if track.format.is_video() {
                assert_eq!(span.start as i64, segment.start.ticks(Timescale::MPEG));
                assert_eq!(i64::from(span.duration), segment.end().ticks(Timescale::MPEG) - span.start as i64);
            }
        }
    }
}

/// Coded pictures of the first rung in order: (time in 90 kHz ticks, luma in the middle), as the toy encoder wrote them.
pub fn pictures(rig: &Rig) -> Vec<(i64, u8)> {
    let stored = rig.stored("asset", 0).into_iter();
    stored.map(|unit| (unit.pts, unit.data.last().copied().unwrap_or(0))).collect()
}

/// Audio frames in order: (time in samples, loudest sample, index of the first loud one).
pub fn sounds(rig: &Rig) -> Vec<(i64, u16, u16)> {
    let mut found = Vec::new();
    for segment in rig.segments() {
        let span = segment.spans.last().unwrap();
        let bytes = rig.object(&format!("asset/audio/{}.m4s", span.start));
        for (n, frame) in mdat(&bytes).chunks(4).enumerate() {
            let value = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
            found.push((span.start as i64 + n as i64 * 1024, value(0), value(2)));
        }
    }
    found
}

/// One access unit as a player would read it.
pub struct Sample {
    /// In ticks of its track.
    pub start: i64,
    /// The first of its fragment, and so a random access point.
    pub is_first: bool,
    pub data: Vec<u8>,
}

/// Access units of one track in order; those of a fragment are equally long.
pub fn samples(rig: &Rig, track: usize) -> Vec<Sample> {
    let name = &rig.presentation().tracks[track].name;
    let mut found = Vec::new();
    for segment in rig.segments() {
        let span = &segment.spans[track];
        let bytes = rig.object(&format!("asset/{name}/{}.m4s", span.start));
        let (sizes, mut rest) = (sizes(&bytes), mdat(&bytes));
        for (n, size) in sizes.iter().enumerate() {
            let start = span.start as i64 + n as i64 * i64::from(span.duration) / sizes.len() as i64;
            found.push(Sample { start, is_first: n == 0, data: rest[..*size].to_vec() });
            rest = &rest[*size..];
        }
    }
    found
}

/// Sample sizes of the one `trun` of a fragment (ISO/IEC 14496-12 clause 8.8.8), or of its `tfhd` where all are equal.
fn sizes(fragment: &[u8]) -> Vec<usize> {
    let find = |kind: &[u8]| fragment.windows(4).position(|window| window == kind).unwrap() + 4;
    let word = |at: usize| u32::from_be_bytes(fragment[at..at + 4].try_into().unwrap());
    let (tfhd, trun) = (find(b"tfhd"), find(b"trun"));
    let (given, present, count) = (word(tfhd), word(trun) & 0xFF_FFFF, word(trun + 4) as usize);
    let before = [0x1, 0x2, 0x8].iter().filter(|flag| given & *flag != 0).count() + usize::from(given & 1 != 0);
    let default = if given & 0x10 != 0 { word(tfhd + 8 + before * 4) as usize } else { 0 };
    let first = trun + 8 + 4 * [0x1, 0x4].iter().filter(|flag| present & *flag != 0).count();
    let fields = [0x100, 0x200, 0x400, 0x800].iter().filter(|flag| present & *flag != 0).count();
    let place = usize::from(present & 0x100 != 0);
    let size = |n: usize| if present & 0x200 != 0 { word(first + 4 * (n * fields + place)) as usize } else { default };
    (0..count).map(size).collect()
}

fn mdat(fragment: &[u8]) -> &[u8] {
    let mut at = 0;
    loop {
        let size = u32::from_be_bytes(fragment[at..at + 4].try_into().unwrap()) as usize;
        if &fragment[at + 4..at + 8] == b"mdat" {
            return &fragment[at + 8..at + size];
        }
        at += size;
    }
}
