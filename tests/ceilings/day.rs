//! An origin of a whole day, of which every manifest of every format is played.

use std::sync::Arc;

use bytes::Bytes;
use headend::{
    archive::{AssetName, Pack, Presentation, Segment, Span, TimelineChange, TimelineUpdate, TrackSpec},
    media::{AacConfig, AudioTrack, FrameRate, H264Config, Language, NalFraming, TrackFormat, TrackId, VideoTrack},
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Now, Utc},
};

use crate::counting::live;

const DAY: u64 = 45_000;

fn presentation() -> Presentation {
    let rung = |n: u32| {
        let rate = FrameRate::FPS_30;
        let video = VideoTrack { frame_rate: Some(rate), ..VideoTrack::new(1280, 720) };
        let sps = Bytes::from_static(&[0x67, 0x64, 0x00, 0x1F, 0xAC, 0xB4, 0x02, 0x80, 0x2D, 0xC8]);
        let pps = Bytes::from_static(&[0x68, 0xEE, 0x3C, 0xB0]);
        let config = H264Config { framing: NalFraming::Length(4), sps: vec![sps], pps: vec![pps] };
        TrackSpec::video(TrackId(n), &format!("rung{n}"), 1_000_000 + n, TrackFormat::H264(video, config), rate)
    };
    let asc = AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) };
    let format = TrackFormat::Aac(AudioTrack { sample_rate: 44_100, channels: 2 }, asc);
    let sound = TrackSpec::audio(TrackId(7), "audio", 64_000, format, Language::UND);
    Presentation::new((0..7).map(rung).chain([sound]).collect(), Utc::UNIX_EPOCH)
}

/// Two seconds of seven rungs and sound, whose frames do not divide them: its durations go up and down.
fn segment(sequence: u64) -> Segment {
    let second = 1_800_000_000 + 2 * sequence;
    let frame = |second: u64| (second * 44_100).div_ceil(1024) * 1024;
    let video = Span { start: second * 90_000, duration: 180_000, bytes: 800_000 + (sequence * 7919 % 100_000) as u32 };
    let (start, end) = (frame(second), frame(second + 2));
    let audio = Span { start, duration: (end - start) as u32, bytes: 16_000 };
    Segment {
        sequence,
        start: MediaTime::ZERO.plus(MediaDuration::from_secs(second as i64)),
        duration: MediaDuration::from_secs(2),
        is_discontinuous: false,
        spans: [video, video, video, video, video, video, video, audio].into(),
        cues: Arc::default(),
        pack: Pack::default(),
    }
}

fn paths() -> Vec<String> {
    let formats = ["mpd-time-cmaf", "mpd-time-csf", "mpd-number-cmaf", "fmp4-v20", "f4m-f4f"];
    let formats = formats.into_iter().chain(["m3u8-cmaf", "m3u8-aapl", "m3u8-aapl-v3"]);
    let mut all: Vec<String> = formats.map(|format| format!("/l/n.ism/Manifest(format={format})")).collect();
    all.push("/l/n.ism/Manifest".into());
    for (bitrate, track) in (0..7).map(|n| (1_000_000 + n, "video")).chain([(64_000, "audio")]) {
        let of = |format: &str| format!("/l/n.ism/QualityLevels({bitrate})/Manifest({track},format={format})");
        all.extend(["m3u8-cmaf", "m3u8-aapl", "m3u8-aapl-v3", "f4m-f4f"].map(of));
    }
    all
}

#[test]
fn a_day_in_every_format_takes_64_mib_and_no_more() {
    let paths = paths();
    let before = live();
    let mut origin = Origin::new(OriginConfig::default());
    let asset = AssetName::new("a").unwrap();
    origin.publish("l", &asset, "n").unwrap();
    let apply = |origin: &mut Origin, change| origin.apply(&TimelineUpdate { asset: asset.clone(), change }).unwrap();
    let (window, segment_duration) = (Some(MediaDuration::from_secs(25 * 3600)), MediaDuration::from_secs(2));
    let presentation = Arc::new(presentation());
    apply(&mut origin, TimelineChange::Opened { presentation, window, rewind: None, segment_duration });
    let mut held = Vec::new();
    for sequence in 0..DAY + 3 * 1800 {
        apply(&mut origin, TimelineChange::Added(segment(sequence)));
        if sequence >= DAY {
            apply(&mut origin, TimelineChange::Trimmed { before: sequence + 1 - DAY });
        }
        // Whoever plays asks again and again; here now and then.
        if sequence % 1800 == 1799 {
            for path in &paths {
                let reply = origin.handle(&Request::get(path), Now::new(Default::default(), Utc::UNIX_EPOCH));
                assert!(matches!(reply, Reply::Response(answer) if answer.status == 200), "{path}");
            }
            held.push(live() - before);
        }
    }
    let (full, last) = (held[24], held[held.len() - 1]);
    println!("25 h, 8 tracks, {} manifests: {} KiB, {} KiB three hours later", paths.len(), full / 1024, last / 1024);
    assert!(full < 64 << 20 && last < 64 << 20, "{held:?}");
    assert!((last - full).abs() < 4 << 20, "flat once full: {held:?}");
}
