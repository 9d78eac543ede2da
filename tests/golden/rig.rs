//! Two rungs and one or more languages through segmenter, asset and origin, with the store in a map.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    archive::{
        Asset, AssetConfig, AssetName, AssetOutput, Body, Presentation, Segmenter, SegmenterLimits, TimelineUpdate,
        TrackSpec,
    },
    media::{
        AacConfig, AccessUnit, AudioTrack, CaptionService, CueFormats, FrameRate, H264Config, Language, NalFraming,
        TrackFormat, TrackId, VideoTrack,
    },
    origin::{Origin, OriginConfig, Reply, Request},
    splice::{Avails, Cue},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

/// 2027-01-15T08:00:00Z.
pub(crate) const ON_AIR: i64 = 1_800_000_000;

pub(crate) struct Story {
    segmenter: Segmenter,
    asset: Asset,
    origin: Origin,
    pub(crate) store: BTreeMap<String, Body>,
    /// Tracks of sound.
    languages: u32,
    avails: Avails,
}

impl Story {
    /// A program with a window of this many seconds.
    pub(crate) fn new(window: i64) -> Self {
        Self::in_languages(window, &[("audio", "eng")])
    }

    /// The same with these languages, by name and ISO 639-2 code.
    pub(crate) fn in_languages(window: i64, languages: &[(&str, &str)]) -> Self {
        let mut tracks = vec![rung(0, 1280, 720, 3500), rung(1, 340, 192, 200)];
        tracks.extend(languages.iter().zip(2..).map(|((name, language), id)| aac(id, name, language)));
        Self::of(window, Presentation::new(tracks, Utc::UNIX_EPOCH))
    }

    /// One language, and viewers told of cues like this.
    pub(crate) fn with_cues(window: i64, cues: CueFormats) -> Self {
        Self::of(window, Presentation { cues, ..Presentation::new(tracks(), Utc::UNIX_EPOCH) })
    }

    fn of(window: i64, presentation: Presentation) -> Self {
        let tracks = presentation.tracks.clone();
        let languages = tracks.iter().filter(|track| track.format.is_audio()).count() as u32;
        let config = AssetConfig {
            window: Some(MediaDuration::from_secs(window)),
            rewind: None,
            segment_duration: MediaDuration::from_secs(2),
        };
        let name = AssetName::new("asset-1").unwrap();
        let mut origin = Origin::new(OriginConfig::default());
        origin.publish("loc", &name, "ch1").unwrap();
        let mut segmenter = Segmenter::new(tracks, SegmenterLimits::default());
        segmenter.tell_in_band();
        let mut story = Self {
            segmenter,
            asset: Asset::open(name, Arc::new(presentation), config),
            origin,
            store: BTreeMap::new(),
            languages,
            avails: Avails::default(),
        };
        story.drain();
        story
    }

    /// On air from second `from` to second `to`.
    pub(crate) fn play(&mut self, from: i64, to: i64) {
        let origin = MediaTime::ZERO.plus(MediaDuration::from_secs(ON_AIR + from));
        for n in 0..(to - from) {
            if n % 2 == 0 {
                self.begin_segment(origin.plus(MediaDuration::from_secs(n)));
            }
            for frame in n * 30..(n + 1) * 30 {
                for track in 0..2 {
                    let pts = origin.plus(MediaDuration::from_ticks(frame * 3000, Timescale::MPEG));
                    let bytes =
                        if frame % 60 == 0 { 20_000 } else { 9_000 + frame % 7 * 100 } / (1 + 17 * i64::from(track));
                    self.push(track, pts, frame % 60 == 0, bytes);
                }
            }
            // The first frame that starts in each second, and all that follow it there.
            let scale = Timescale::new(44_100).unwrap();
            let second = (ON_AIR + from + n) * 44_100;
            for frame in (second + 1023) / 1024..(second + 44_100 + 1023) / 1024 {
                // The second language is the heaviest.
                for (n, weight) in (0..self.languages).zip([0, 40, 20]) {
                    self.push(2 + n, MediaTime::from_ticks(frame * 1024, scale), true, 180 + weight + frame % 11);
                }
            }
        }
        let end = MediaTime::ZERO.plus(MediaDuration::from_secs(ON_AIR + to));
        self.begin_segment(end);
        // One more access unit shows that the last segment is whole.
        (0..2).for_each(|track| self.push(track, end, true, 9));
        let next = ((ON_AIR + to) * 44_100 + 1023) / 1024;
        let next = MediaTime::from_ticks(next * 1024, Timescale::new(44_100).unwrap());
        (0..self.languages).for_each(|n| self.push(2 + n, next, true, 9));
    }

    /// Takes a cue before anything of second `from` on is played.
    pub(crate) fn announce(&mut self, from: i64, cue: Cue) {
        self.avails.announce(cue, MediaTime::ZERO.plus(MediaDuration::from_secs(ON_AIR + from))).unwrap();
    }

    fn begin_segment(&mut self, at: MediaTime) {
        while self.avails.take(at).is_some() {}
        self.segmenter.cue_boundary(at, self.avails.in_segment(at)).unwrap();
    }

    /// Manifests list these tracks only.
    pub(crate) fn offer(&mut self, offered: &[bool]) {
        self.asset.offer(offered);
        self.drain();
    }

    /// The pictures carry these caption services.
    pub(crate) fn caption(&mut self, services: &[CaptionService]) {
        self.asset.caption(services);
        self.drain();
    }

    /// Off air from second `at` on.
    pub(crate) fn stop(&mut self, at: i64) {
        self.segmenter.finish(MediaTime::ZERO.plus(MediaDuration::from_secs(ON_AIR + at)));
        self.drain();
    }

    /// The program ends.
    pub(crate) fn end(&mut self) {
        self.asset.end();
        self.drain();
    }

    /// The text of a manifest.
    pub(crate) fn get(&self, rest: &str) -> String {
        let Reply::Response(response) = self.answer(rest) else { panic!("{rest} is not a manifest") };
        assert_eq!(response.status, 200, "{rest}");
        String::from_utf8(response.body.to_bytes().to_vec()).unwrap()
    }

    /// The bytes of a fragment or init segment, through the store.
    pub(crate) fn media(&self, rest: &str) -> Bytes {
        let Reply::Need(need) = self.answer(rest) else { panic!("{rest} is not listed") };
        let objects: Vec<_> = need.names().iter().map(|name| self.store.get(name.as_str()).cloned()).collect();
        let response = need.fulfil(objects);
        assert_eq!(response.status, 200, "{rest}");
        response.body.to_bytes()
    }

    fn answer(&self, rest: &str) -> Reply {
        let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
        self.origin.handle(&Request::get(&format!("/loc/ch1.ism/{rest}")), now)
    }

    fn push(&mut self, track: u32, pts: MediaTime, is_random_access: bool, bytes: i64) {
        let unit = AccessUnit {
            track: TrackId(track),
            pts,
            dts: pts,
            duration: MediaDuration::ZERO,
            is_random_access,
            is_damaged: false,
            data: vec![track as u8; bytes as usize].into(),
        };
        self.segmenter.push(TrackId(track), unit).unwrap();
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(sealed) = self.segmenter.pull() {
            assert_eq!(sealed.faults, []);
            self.asset.push(&sealed).unwrap();
        }
        while let Some(output) = self.asset.pull() {
            match output {
                AssetOutput::Store(object) => drop(self.store.insert(object.name.to_string(), object.body)),
                AssetOutput::Append(_) | AssetOutput::Grow(_) => {}
                AssetOutput::Discard(name) => drop(self.store.remove(name.as_str())),
                AssetOutput::Update(update) => self.apply(&update),
            }
        }
    }

    fn apply(&mut self, update: &TimelineUpdate) {
        self.origin.apply(update).unwrap();
    }
}

/// Two rungs and one language.
pub(crate) fn tracks() -> Vec<TrackSpec> {
    vec![rung(0, 1280, 720, 3500), rung(1, 340, 192, 200), aac(2, "audio", "eng")]
}

fn rung(id: u32, width: u32, height: u32, kbps: u32) -> TrackSpec {
    let rate = FrameRate::FPS_30;
    let video = VideoTrack { frame_rate: Some(rate), ..VideoTrack::new(width, height) };
    let sps = Bytes::from_static(&[0x67, 0x64, 0x00, 0x1F, 0xAC, 0xB4, 0x02, 0x80, 0x2D, 0xC8]);
    let pps = Bytes::from_static(&[0x68, 0xEE, 0x3C, 0xB0]);
    let config = H264Config { framing: NalFraming::Length(4), sps: vec![sps], pps: vec![pps] };
    let name = format!("Video_{width}x{height}_{kbps}kbps");
    TrackSpec::video(TrackId(id), &name, kbps * 1000, TrackFormat::H264(video, config), rate)
}

fn aac(id: u32, name: &str, language: &str) -> TrackSpec {
    let track = AudioTrack { sample_rate: 44_100, channels: 2 };
    let format = TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) });
    let language = Language::new(language).unwrap();
    TrackSpec { url_track: name.into(), ..TrackSpec::audio(TrackId(id), name, 64_000, format, language) }
}
