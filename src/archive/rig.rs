//! Renditions and access units for the tests of this crate.

use bytes::Bytes;

use crate::{
    media::{
        AacConfig, AccessUnit, AudioTrack, FrameRate, H264Config, Language, NalFraming, TrackFormat, TrackId,
        TrackSpec, VideoTrack,
    },
    time::{MediaDuration, MediaTime, Timescale},
};

/// A rung with its id, size and bit rate.
pub(crate) fn rung(id: u32, width: u32, height: u32, kbps: u32) -> TrackSpec {
    let rate = FrameRate::FPS_30;
    let video = VideoTrack { frame_rate: Some(rate), ..VideoTrack::new(width, height) };
    let sps = Bytes::from_static(&[0x67, 0x64, 0x00, 0x1F, 0xAC, 0xB4, 0x02, 0x80, 0x2D, 0xC8]);
    let pps = Bytes::from_static(&[0x68, 0xEE, 0x3C, 0xB0]);
    let config = H264Config { framing: NalFraming::Length(4), sps: vec![sps], pps: vec![pps] };
    let name = format!("Video_{width}x{height}_{kbps}kbps");
    TrackSpec::video(TrackId(id), &name, kbps * 1000, TrackFormat::H264(video, config), rate)
}

/// AAC-LC stereo at 44.1 kHz.
pub(crate) fn aac(id: u32) -> TrackSpec {
    let track = AudioTrack { sample_rate: 44_100, channels: 2 };
    let config = AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) };
    TrackSpec::audio(TrackId(id), "audio", 64_000, TrackFormat::Aac(track, config), Language::UND)
}

/// Two rungs and audio: ids 0, 1 and 2.
pub(crate) fn ladder() -> Vec<TrackSpec> {
    vec![rung(0, 1280, 720, 3500), rung(1, 340, 192, 200), aac(2)]
}

/// Pictures `range` of a 30 fps rung with an IDR every 60, from `origin` on; picture n has n % 250 + 1 bytes.
pub(crate) fn pictures(id: u32, origin: MediaTime, range: std::ops::Range<i64>) -> Vec<AccessUnit> {
    let unit = |n: i64| {
        let pts = origin.plus(MediaDuration::from_ticks(n * 3000, Timescale::MPEG));
        AccessUnit {
            track: TrackId(id),
            pts,
            dts: pts,
            duration: MediaDuration::ZERO,
            is_random_access: n % 60 == 0,
            is_damaged: false,
            data: Bytes::from(vec![n as u8; (n % 250 + 1) as usize]),
        }
    };
    range.map(unit).collect()
}

/// AAC frames `range` of 1 024 samples at 44.1 kHz, 100 bytes each, from `origin` on.
pub(crate) fn sound(id: u32, origin: MediaTime, range: std::ops::Range<i64>) -> Vec<AccessUnit> {
    let scale = Timescale::new(44_100).unwrap();
    let unit = |n: i64| {
        let pts = origin.plus(MediaDuration::from_ticks(n * 1024, scale));
        AccessUnit {
            track: TrackId(id),
            pts,
            dts: pts,
            duration: MediaDuration::ZERO,
            is_random_access: true,
            is_damaged: false,
            data: Bytes::from(vec![n as u8; 100]),
        }
    };
    range.map(unit).collect()
}
