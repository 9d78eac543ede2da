//! The rungs that a channel encodes (A12.2, A12.5, A12.8).

use std::fmt;

use crate::{ladder::StretchMode, media::FrameRate};

/// Codec and profile of a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// H.264 Constrained Baseline, profile_idc 66.
    Baseline,
    /// H.264 Main, profile_idc 77.
    Main,
    /// H.264 High, profile_idc 100.
    High,
    /// AV1 Main, seq_profile 0, 8 bits: for small rungs or many cores (feature `av1`).
    Av1Main,
}

/// One encoding of the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Stream name, such as `Video_1280x720_3500kbps`.
    pub name: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bits per second.
    pub bitrate: u32,
    /// Codec and profile.
    pub profile: Profile,
}

/// A named set of rungs and the sound that goes with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name, such as `Default720p`.
    pub name: String,
    /// Video rungs, the largest first.
    pub rungs: Vec<Rung>,
    /// No rung runs faster than this; faster sources are halved (A12.6).
    pub max_frame_rate: FrameRate,
    /// AAC-LC bits per second (A12.4).
    pub audio_bitrate: u32,
    /// Samples per second and channel (A12.4).
    pub audio_sample_rate: u32,
    /// What becomes of a feed whose display aspect ratio is not a rung's (A12.13).
    pub stretch: StretchMode,
}

impl Preset {
    /// The names that [`named`](Self::named) knows.
    pub const NAMES: [&'static str; 3] = ["Default720p", "Default720p@2019", "Default1080p"];

    /// `Default720p` of the year 2016: seven rungs and AAC-LC stereo 64 kbit/s at 44.1 kHz (A12.2, A12.4, A29 row 8).
    #[must_use]
    pub fn default_720p() -> Self {
        Self {
            name: "Default720p".into(),
            rungs: vec![
                rung(1280, 720, 3500, Profile::High),
                rung(960, 540, 2200, Profile::Main),
                rung(704, 396, 1350, Profile::Main),
                rung(512, 288, 850, Profile::Main),
                rung(384, 216, 550, Profile::Main),
                rung(340, 192, 350, Profile::Baseline),
                rung(340, 192, 200, Profile::Baseline),
            ],
            max_frame_rate: FrameRate::FPS_30,
            audio_bitrate: 64_000,
            audio_sample_rate: 44_100,
            stretch: StretchMode::AutoFit,
        }
    }

    /// `Default720p` as it was from 2018 on: six rungs, all High, that of 350 kbit/s dropped, and AAC-LC stereo 128
    /// kbit/s at 48 kHz (A12.4, A12.5).
    #[must_use]
    pub fn default_720p_2019() -> Self {
        Self {
            name: "Default720p@2019".into(),
            rungs: vec![
                rung(1280, 720, 3500, Profile::High),
                rung(960, 540, 2200, Profile::High),
                rung(704, 396, 1350, Profile::High),
                rung(512, 288, 850, Profile::High),
                rung(384, 216, 550, Profile::High),
                rung(340, 192, 200, Profile::High),
            ],
            audio_bitrate: 128_000,
            audio_sample_rate: 48_000,
            ..Self::default_720p()
        }
    }

    /// `Default1080p`: six rungs, all High, and AAC-LC stereo 128 kbit/s at 48 kHz (A12.4, A12.8).
    #[must_use]
    pub fn default_1080p() -> Self {
        Self {
            name: "Default1080p".into(),
            rungs: vec![
                rung(1920, 1080, 5500, Profile::High),
                rung(1280, 720, 3000, Profile::High),
                rung(960, 540, 1600, Profile::High),
                rung(640, 360, 800, Profile::High),
                rung(480, 270, 400, Profile::High),
                rung(320, 180, 200, Profile::High),
            ],
            ..Self::default_720p_2019()
        }
    }

    /// The preset of this name; `None` for a name that is not among [`NAMES`](Self::NAMES).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::default_720p, Self::default_720p_2019, Self::default_1080p]
            .into_iter()
            .map(|preset| preset())
            .find(|preset| preset.name == name)
    }
}

fn rung(width: u32, height: u32, kbps: u32, profile: Profile) -> Rung {
    Rung { name: format!("Video_{width}x{height}_{kbps}kbps"), width, height, bitrate: kbps * 1000, profile }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_has_its_name_and_its_table_a12_2_a12_5_a12_8() {
        for name in Preset::NAMES {
            assert_eq!(Preset::named(name).map(|preset| preset.name).as_deref(), Some(name));
        }
        assert_eq!(Preset::named("default720p"), None);
        let table = |name| -> Vec<_> {
            let preset = Preset::named(name).unwrap();
            preset.rungs.iter().map(|rung| (rung.bitrate / 1000, rung.width, rung.height, rung.profile)).collect()
        };
        assert_eq!(table("Default720p").len(), 7);
        let later = table("Default720p@2019");
        assert!(later.len() == 6 && later.iter().all(|rung| rung.0 != 350 && rung.3 == Profile::High));
        let full = table("Default1080p");
        assert_eq!((full[0], full[5]), ((5500, 1920, 1080, Profile::High), (200, 320, 180, Profile::High)));
        let sound = |preset: Preset| (preset.audio_bitrate, preset.audio_sample_rate);
        assert_eq!(sound(Preset::default_720p()), (64_000, 44_100));
        assert_eq!(sound(Preset::default_1080p()), (128_000, 48_000));
    }
}
