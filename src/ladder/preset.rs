//! The rungs that a channel encodes (A12.2).

use std::fmt;

use crate::media::FrameRate;

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
}

impl Preset {
    /// The names that [`named`](Self::named) knows.
    pub const NAMES: [&'static str; 1] = ["Default720p"];

    /// `Default720p` of the year 2016: seven rungs and AAC-LC stereo 64 kbit/s at 44.1 kHz (A12.2, A12.4, A29 row 8).
    #[must_use]
    pub fn default_720p() -> Self {
        let rung = |width, height, kbps: u32, profile| Rung {
            name: format!("Video_{width}x{height}_{kbps}kbps"),
            width,
            height,
            bitrate: kbps * 1000,
            profile,
        };
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
        }
    }

    /// The preset of this name; `None` for a name that is not among [`NAMES`](Self::NAMES).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        (name == "Default720p").then(Self::default_720p)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
