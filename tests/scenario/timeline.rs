//! What every scenario asks of the output: nothing missing, nothing out of line.

use headend::time::Timescale;

use crate::rig::Rig;

/// Boundaries at the same media time in all renditions, durations contiguous, sequence numbers by one (FAULTS I3, I4).
pub fn assert_seamless(rig: &Rig) {
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
    let name = &rig.presentation().tracks[0].name;
    let mut found = Vec::new();
    for segment in rig.segments() {
        let span = &segment.spans[0];
        let bytes = rig.object(&format!("asset/{name}/{}.m4s", span.start));
        let mdat = mdat(&bytes);
        // The toy encoder writes six bytes for each picture; frames of a segment are equally long.
        let count = mdat.len() / 6;
        for (n, picture) in mdat.chunks(6).enumerate() {
            found.push((span.start as i64 + n as i64 * i64::from(span.duration) / count as i64, picture[5]));
        }
    }
    found
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
