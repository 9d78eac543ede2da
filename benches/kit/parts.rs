//! The library's stages by hand, one after the other on one thread: from a TS file to fragments in files.

use std::{fs, path::Path};

use bytes::Bytes;
use cpu_time::{ProcessTime, ThreadTime};
use headend::{
    archive::{Asset, AssetConfig, AssetName, AssetOutput, Presentation, Segmenter, SegmenterLimits, TrackSpec},
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    ladder::{
        AudioDecoder, AudioEncoder, AudioEncoderConfig, BuiltinCodecs, Cascade, Codecs, Preset, Rung, SoundNormaliser,
        VideoDecoder, VideoEncoder, VideoEncoderConfig,
    },
    media::{AccessUnit, Frame, FrameRate, Language, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

use super::{Folder, Split};

/// Takes the clip through every stage; CPU-seconds of each, of the process, and the bytes of each rung.
pub fn run(clip: &Path) -> Split {
    let process = ProcessTime::now();
    let (mut stages, mut split) = (Stages::new(clip.with_file_name("ours")), Split::new());
    let ts = Bytes::from(fs::read(clip).unwrap());
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    let now = Now::new(std::time::Duration::ZERO, Utc::UNIX_EPOCH);
    let mut items = Vec::new();
    for at in (0..ts.len()).step_by(PIECE) {
        time(&mut split, "demux", || {
            demuxer.push(ts.slice(at..ts.len().min(at + PIECE)), now).unwrap();
            items.extend(std::iter::from_fn(|| demuxer.pull()));
        });
        items.drain(..).for_each(|item| stages.take(item, &mut split));
        stages.turn(&mut split);
    }
    time(&mut split, "demux", || {
        demuxer.finish();
        items.extend(std::iter::from_fn(|| demuxer.pull()));
    });
    items.drain(..).for_each(|item| stages.take(item, &mut split));
    stages.turn(&mut split);
    stages.finish(&mut split);
    split.insert("process".into(), process.elapsed().as_secs_f64());
    split
}

struct Stages {
    preset: Preset,
    video: Option<(TrackId, Box<dyn VideoDecoder>)>,
    sound: Option<(TrackId, Box<dyn AudioDecoder>)>,
    units: Vec<AccessUnit>,
    frames: Vec<Frame>,
    cascade: Cascade,
    encoders: Vec<Box<dyn VideoEncoder>>,
    normaliser: SoundNormaliser,
    sound_encoder: Box<dyn AudioEncoder>,
    waiting: Vec<i16>,
    sound_at: Option<MediaTime>,
    sent: u64,
    last: MediaTime,
    segmenter: Segmenter,
    asset: Asset,
    folder: Folder,
}

impl Stages {
    fn new(folder: std::path::PathBuf) -> Self {
        let (preset, codecs) = (Preset::default_720p(), BuiltinCodecs::new());
        let encoders: Vec<_> =
            preset.rungs.iter().map(|rung| codecs.h264_encoder(&encoder_config(rung)).unwrap()).collect();
        let (sample_rate, bitrate) = (preset.audio_sample_rate, preset.audio_bitrate);
        let sound_encoder = codecs.aac_encoder(&AudioEncoderConfig { sample_rate, channels: 2, bitrate }).unwrap();
        let sizes: Vec<_> = preset.rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect();
        let mut tracks: Vec<_> = preset
            .rungs
            .iter()
            .zip(&encoders)
            .enumerate()
            .map(|(n, (rung, encoder))| {
                TrackSpec::video(TrackId(n as u32), &rung.name, rung.bitrate, encoder.format(), FrameRate::FPS_30)
            })
            .collect();
        let (audio, aac) = sound_encoder.format();
        tracks.push(TrackSpec::audio(SOUND, "audio", bitrate, TrackFormat::Aac(audio, aac), Language::UND));
        let presentation = Presentation::new(tracks.clone(), Utc::UNIX_EPOCH);
        let config = AssetConfig { window: None, rewind: None, segment_duration: MediaDuration::from_secs(2) };
        Self {
            cascade: Cascade::new((1920, 1080), &sizes),
            encoders,
            video: None,
            sound: None,
            units: Vec::new(),
            frames: Vec::new(),
            normaliser: SoundNormaliser::new(Timescale::new(sample_rate).unwrap()),
            sound_encoder,
            waiting: Vec::new(),
            sound_at: None,
            sent: 0,
            last: MediaTime::ZERO,
            segmenter: Segmenter::new(tracks, SegmenterLimits::default()),
            asset: Asset::open(AssetName::new("bench").unwrap(), presentation.into(), config),
            folder: Folder::new(folder),
            preset,
        }
    }

    fn take(&mut self, item: Demuxed, split: &mut Split) {
        let codecs = BuiltinCodecs::new();
        match item {
            Demuxed::Track(track) if track.format.is_video() => {
                self.video = Some((track.id, codecs.video_decoder(&track.format).unwrap()));
            }
            Demuxed::Track(track) if track.format.is_audio() => {
                self.sound = Some((track.id, codecs.audio_decoder(&track.format).unwrap()));
            }
            Demuxed::Track(_) => {}
            Demuxed::Unit(unit) if self.video.as_ref().is_some_and(|(id, _)| *id == unit.track) => {
                self.units.push(unit)
            }
            Demuxed::Unit(unit) => self.take_sound(&unit, split),
            Demuxed::Fault(fault) => panic!("{fault}"),
            _ => {}
        }
    }

    fn take_sound(&mut self, unit: &AccessUnit, split: &mut Split) {
        let mut units = Vec::new();
        time(split, "sound", || {
            let Some((_, decoder)) = &mut self.sound else { return };
            self.waiting.extend(self.normaliser.push(decoder.decode(unit).unwrap()).data);
            let rate = Timescale::new(self.preset.audio_sample_rate).unwrap();
            let mut at = self.sound_at.unwrap_or(unit.pts);
            while self.waiting.len() >= 2048 {
                units.push(self.sound_encoder.encode(&self.waiting[..2048], at).unwrap());
                self.waiting.drain(..2048);
                at = at.plus(MediaDuration::from_ticks(1024, rate));
            }
            self.sound_at = Some(at);
        });
        time(split, "mux", || units.into_iter().for_each(|unit| self.segmenter.push(SOUND, unit).unwrap()));
    }

    /// Decodes, scales and encodes what has come, a few pictures at a time so that they are still in the cache.
    fn turn(&mut self, split: &mut Split) {
        let units = std::mem::take(&mut self.units);
        for units in units.chunks(BATCH) {
            time(split, "decode", || {
                let Some((_, decoder)) = &mut self.video else { return };
                units.iter().for_each(|unit| decoder.decode(unit, &mut self.frames).unwrap());
            });
            self.encode(split);
        }
    }

    fn encode(&mut self, split: &mut Split) {
        let mut scaled = Vec::new();
        time(split, "scale", || self.frames.iter().for_each(|frame| self.cascade.scale(frame, &mut scaled)));
        for (n, frame) in self.frames.drain(..).enumerate() {
            if (self.sent + n as u64).is_multiple_of(GOP) {
                self.segmenter.boundary(frame.pts).unwrap();
            }
            self.last = frame.pts;
        }
        let count = self.encoders.len();
        for (n, encoder) in self.encoders.iter_mut().enumerate() {
            let mut units = Vec::new();
            time(split, &format!("encode{n}"), || {
                for (at, frame) in scaled.iter().skip(n).step_by(count).enumerate() {
                    units.push(encoder.encode(frame, (self.sent + at as u64).is_multiple_of(GOP)).unwrap().unwrap());
                }
            });
            *split.entry(format!("bytes{n}")).or_default() +=
                units.iter().map(|unit| unit.data.len()).sum::<usize>() as f64;
            let id = TrackId(n as u32);
            time(split, "mux", || units.into_iter().for_each(|unit| self.segmenter.push(id, unit).unwrap()));
        }
        self.sent += (scaled.len() / count) as u64;
        self.mux(split);
    }

    fn mux(&mut self, split: &mut Split) {
        time(split, "mux", || {
            while let Some(sealed) = self.segmenter.pull() {
                self.asset.push(&sealed).unwrap();
            }
            while let Some(output) = self.asset.pull() {
                if let AssetOutput::Store(object) = output {
                    self.folder.store(&object);
                }
            }
        });
    }

    fn finish(mut self, split: &mut Split) {
        time(split, "decode", || {
            if let Some((_, decoder)) = &mut self.video {
                decoder.flush(&mut self.frames).unwrap();
            }
        });
        self.encode(split);
        self.segmenter.finish(self.last.plus(FrameRate::FPS_30.frame_duration()));
        self.mux(split);
        split.insert("frames".into(), self.sent as f64);
    }
}

fn encoder_config(rung: &Rung) -> VideoEncoderConfig {
    VideoEncoderConfig {
        width: rung.width,
        height: rung.height,
        bitrate: rung.bitrate,
        profile: rung.profile,
        frame_rate: FrameRate::FPS_30,
        sample_aspect: (1, 1),
    }
}

/// Adds the CPU time of this thread that `work` takes.
fn time<T>(split: &mut Split, part: &str, work: impl FnOnce() -> T) -> T {
    let clock = ThreadTime::now();
    let result = work();
    *split.entry(part.into()).or_default() += clock.elapsed().as_secs_f64();
    result
}

const BATCH: usize = 8;
const GOP: u64 = 60;
const PIECE: usize = 188 * 512;
const SOUND: TrackId = TrackId(1000);
