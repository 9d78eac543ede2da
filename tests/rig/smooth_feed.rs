//! The script over Smooth Streaming: one POST with pictures and sound, a fragment of each to a GOP.

use std::time::Duration;

use bytes::Bytes;

use super::{
    rtmp_publisher::with_length,
    script::{Script, Sent},
    smooth_post::{Sample, Told, avc1, boxed, fragment, header, mp4a, timed},
    ts_feed::{PPS, SPS_180},
};

pub const VIDEO: u32 = 1;
pub const AUDIO: u32 = 2;

/// An encoder that posts.
pub struct SmoothFeed {
    pub script: Script,
    /// What is added to every time stamp, in ticks of 10 MHz.
    pub offset: i64,
    pub sps: Bytes,
    /// Number of the next fragment, for encoders that number them.
    pub index: Option<u64>,
    /// Where it is not empty, the n-th picture of a GOP to decode is the `order[n]`-th to show.
    pub order: Vec<usize>,
    /// Its fragments say their time as CMAF has it, by `tfdt` in the place of `tfxd`.
    pub is_cmaf: bool,
}

/// The two fragments of a GOP.
#[derive(Clone, Debug)]
pub struct Gop {
    /// When its last picture is sent, and so all of it.
    pub at: Duration,
    pub video: Bytes,
    pub audio: Bytes,
}

impl SmoothFeed {
    pub fn new(offset: i64) -> Self {
        let (script, sps) = (Script::default(), Bytes::from_static(SPS_180));
        Self { script, offset, sps, index: None, order: vec![], is_cmaf: false }
    }

    /// The header boxes, which stand before every POST.
    pub fn header(&self) -> Vec<u8> {
        let (avc1, mp4a) = (avc1(&self.sps, PPS), mp4a(&[0x11, 0x90]));
        let video = Told { id: VIDEO, element: "video", name: "video", bitrate: 600_000, more: "", entry: &avc1 };
        let more = "systemLanguage=\"deu\"";
        let audio = Told { id: AUDIO, element: "audio", name: "audio_deu", bitrate: 64_000, more, entry: &mp4a };
        header(&[video, audio])
    }

    /// The next `count` GOPs.
    pub fn gops(&mut self, count: usize) -> Vec<Gop> {
        (0..count).map(|_| self.gop()).collect()
    }

    /// GOPs as they are sent, the video before the audio.
    pub fn sent(gops: &[Gop]) -> Vec<Sent> {
        let each =
            |gop: &Gop| [&gop.video, &gop.audio].map(|bytes| Sent { at: gop.at, bytes: bytes.clone(), units: vec![] });
        gops.iter().flat_map(each).collect()
    }

    fn gop(&mut self) -> Gop {
        let first = self.script.units.len();
        for _ in 0..self.script.gop {
            self.script.step();
        }
        let index = self.index;
        self.index = index.map(|index| index + 1);
        Gop {
            at: self.script.sent_at(),
            video: self.fragment(first, true, index),
            audio: self.fragment(first, false, index),
        }
    }

    fn fragment(&self, first: usize, is_video: bool, index: Option<u64>) -> Bytes {
        let units: Vec<_> = self.script.units[first..].iter().filter(|unit| unit.is_video == is_video).collect();
        let step = if is_video { self.script.frame } else { 1920 };
        // Differences of rounded instants, as encoders have them.
        let ticks = |at: i64| at * 1000 / 9 + self.offset;
        let data: Vec<Vec<u8>> =
            units.iter().map(|unit| if is_video { with_length(&unit.data) } else { unit.data.to_vec() }).collect();
        let samples: Vec<Sample<'_>> = units
            .iter()
            .enumerate()
            .map(|(n, unit)| {
                let shown = self.order.get(n).copied().filter(|_| is_video).unwrap_or(n);
                let offset = ticks(units[shown].at) - ticks(unit.at);
                ((ticks(unit.at + step) - ticks(unit.at)) as u32, offset as i32, &data[shown][..])
            })
            .collect();
        let track = if is_video { VIDEO } else { AUDIO };
        let at = ticks(units[0].at);
        if self.is_cmaf {
            let tfdt = boxed(b"tfdt", &[&[1, 0, 0, 0], &at.to_be_bytes()]);
            return timed(track, &tfdt, &samples).into();
        }
        fragment(track, at, &samples, index).into()
    }
}
