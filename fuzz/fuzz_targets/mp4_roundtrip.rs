//! Access units of any size and time go in and come back out of the fragment that they were written to; any other bytes are
//! refused without a panic.
#![no_main]

use std::io::Cursor;

use bytes::Bytes;
use headend::{
    archive::{Body, Exporter, Segmenter, SegmenterLimits, TrackSpec},
    media::{AacConfig, AccessUnit, AudioTrack, Language, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let track = AudioTrack { sample_rate: 48_000, channels: 2 };
    let format = TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) });
    let spec = TrackSpec::audio(TrackId(0), "audio", 64_000, format, Language::UND);

    let mut export = Exporter::new(Cursor::new(Vec::new()), &[&spec]).expect("AAC can be exported");
    let _ = export.push(0, &Body::from(Bytes::copy_from_slice(data)));

    let mut segmenter = Segmenter::new(vec![spec.clone()], SegmenterLimits::default());
    let (mut at, mut pushed) = (MediaTime::ZERO, 0);
    segmenter.boundary(at).expect("the first boundary is always taken");
    for pair in data.chunks_exact(2) {
        at = at.plus(MediaDuration::from_flicks(1 + i64::from(pair[0]) * 1_000_003));
        let unit = AccessUnit {
            track: TrackId(0),
            pts: at,
            dts: at,
            duration: MediaDuration::ZERO,
            is_random_access: pair[0] & 1 == 0,
            is_damaged: false,
            data: Bytes::from(vec![pair[0]; usize::from(pair[1])]),
        };
        if pair[1] == 0 {
            let _ = segmenter.boundary(at);
        }
        pushed += usize::from(segmenter.push(TrackId(0), unit).is_ok()) * usize::from(pair[1]);
    }
    segmenter.finish(at.plus(MediaDuration::from_flicks(1)));
    let mut export = Exporter::new(Cursor::new(Vec::new()), &[&spec]).expect("AAC can be exported");
    let mut stored = 0;
    while let Some(sealed) = segmenter.pull() {
        for fragment in sealed.fragments.iter().filter(|fragment| !fragment.is_empty()) {
            stored += fragment.parts().iter().skip(1).map(Bytes::len).sum::<usize>();
            export.push(0, fragment).expect("what was written can be read");
        }
    }
    assert_eq!(pushed, stored, "no byte is lost");
    export.finish().expect("memory takes everything");
});
