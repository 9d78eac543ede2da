//! A contribution without a wire format: what a host's own protocol behind [`Demuxer`] looks like.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use headend::{
    channel::Session,
    error::ParseError,
    ingest::{Demuxed, Demuxer},
    media::{
        AacConfig, AccessUnit, AudioTrack, CueSignal, FrameRate, H264Config, NalFraming, Track, TrackFormat, TrackId,
        VideoTrack,
    },
    time::{MediaDuration, MediaTime, Now, Timescale},
};

use super::{Rig, script::Random};

const VIDEO: TrackId = TrackId(1);
const AUDIO: TrackId = TrackId(2);

/// Queues items; the demuxer that it hands out yields them on the next push.
#[derive(Clone, Default)]
pub struct Feed(Arc<Mutex<VecDeque<Demuxed>>>);

struct FeedDemuxer(Feed);

impl Feed {
    pub fn demuxer(&self) -> Box<dyn Demuxer> {
        Box::new(FeedDemuxer(self.clone()))
    }

    pub fn push(&self, item: Demuxed) {
        self.0.lock().unwrap().push_back(item);
    }
}

impl Demuxer for FeedDemuxer {
    fn push(&mut self, _: Bytes, _: Now) -> Result<(), ParseError> {
        Ok(())
    }

    fn pull(&mut self) -> Option<Demuxed> {
        self.0.0.lock().unwrap().pop_front()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    fn handle_timeout(&mut self, _: Now) {}

    fn finish(&mut self) {}
}

/// An encoder on virtual time: pictures with a mark and sound with a beep, both from one source clock.
pub struct Encoder {
    feed: Feed,
    id: headend::channel::IngestId,
    /// Source time of the next picture and of the next sound.
    pub video_at: MediaTime,
    pub audio_at: MediaTime,
    pub frame: MediaDuration,
    pub gop: u64,
    /// What it sends; time passes for both.
    pub has_pictures: bool,
    pub has_sound: bool,
    /// The luma of its pictures, whatever their marks; and no beeps.
    pub luma: Option<u8>,
    pub is_silent: bool,
    /// Time stamps of sound are off by up to this, each drawn from the sequence.
    pub jitter: (MediaDuration, Random),
    frames: u64,
    audio_rate: Timescale,
    origin: MediaTime,
    /// An SEI NAL unit, behind a start code, for the next picture.
    pub sei: Option<Vec<u8>>,
}

impl Encoder {
    /// Attaches to the channel of `rig`; its clock starts at `at`.
    pub fn attach(rig: &mut Rig, at: MediaTime, rate: FrameRate, audio_rate: u32) -> Self {
        Self::attach_as(rig, Session::new("feed"), at, rate, audio_rate)
    }

    /// The same as this session.
    pub fn attach_as(rig: &mut Rig, session: Session, at: MediaTime, rate: FrameRate, audio_rate: u32) -> Self {
        let encoder = Self::attach_mute(rig, session, at, rate, audio_rate);
        let audio = AudioTrack { sample_rate: audio_rate, channels: 2 };
        let asc = AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) };
        encoder.feed.push(Demuxed::Track(track(AUDIO, TrackFormat::Aac(audio, asc))));
        encoder
    }

    /// The same without an audio track; what sound it sends is nothing that the channel knows.
    pub fn attach_mute(rig: &mut Rig, session: Session, at: MediaTime, rate: FrameRate, audio_rate: u32) -> Self {
        let feed = Feed::default();
        let id = rig.channel.attach_as(session, feed.demuxer(), rig.now).unwrap();
        rig.collect();
        feed.push(Demuxed::Track(track(VIDEO, pictures_at(rate))));
        let audio_rate = Timescale::new(audio_rate).unwrap();
        let frame = rate.frame_duration();
        let jitter = (MediaDuration::ZERO, Random(3));
        let (has_pictures, has_sound) = (true, true);
        let (video_at, audio_at, gop, frames) = (at, at, 60, 0);
        Self {
            feed,
            id,
            video_at,
            audio_at,
            frame,
            gop,
            has_pictures,
            has_sound,
            luma: None,
            is_silent: false,
            jitter,
            frames,
            audio_rate,
            origin: at,
            sei: None,
        }
    }

    pub fn id(&self) -> headend::channel::IngestId {
        self.id
    }

    /// Sends everything that falls into the next `span` of source time, as it comes due.
    pub fn send(&mut self, rig: &mut Rig, span: Duration) {
        let end = rig.now.monotonic + span;
        while rig.now.monotonic < end {
            self.send_frame(rig);
            let step = self.frame.to_std().min(end - rig.now.monotonic);
            rig.pass(step);
        }
    }

    /// Sends the next picture, and the sound up to it.
    pub fn send_frame(&mut self, rig: &mut Rig) {
        self.push_sound();
        self.push_picture();
        rig.bytes(self.id, Bytes::from_static(&[0; 1000]));
    }

    /// Sends so many pictures at once, then the sound up to the last one, and lets as much time pass.
    pub fn send_fragment(&mut self, rig: &mut Rig, frames: u32) {
        (0..frames).for_each(|_| self.push_picture());
        rig.bytes(self.id, Bytes::from_static(&[0; 1000]));
        self.push_sound();
        rig.bytes(self.id, Bytes::from_static(&[0; 1000]));
        rig.pass(self.frame.to_std() * frames);
    }

    /// Sound up to the next picture.
    fn push_sound(&mut self) {
        while self.audio_at <= self.video_at {
            let sample = self.audio_at.since(self.origin).ticks(self.audio_rate);
            let is_loud = !self.is_silent && sample.rem_euclid(i64::from(self.audio_rate.per_second())) < 1024;
            let data = Bytes::from(vec![if is_loud { 200 } else { 0 }]);
            let duration = MediaDuration::from_ticks(1024, self.audio_rate);
            let (most, random) = &mut self.jitter;
            let off = random.below(2 * most.flicks() as usize + 1) as i64 - most.flicks();
            if self.has_sound {
                let at = self.audio_at.plus(MediaDuration::from_flicks(off));
                self.feed.push(Demuxed::Unit(unit(AUDIO, at, duration, true, data)));
            }
            self.audio_at = self.audio_at.plus(duration);
        }
    }

    fn push_picture(&mut self) {
        let mark = self.luma.unwrap_or_else(|| self.mark_in(0));
        let is_idr = self.frames.is_multiple_of(self.gop);
        let data = match self.sei.take() {
            None => vec![0, mark],
            Some(sei) => [&sei[..], &[0, 0, 0, 1, if is_idr { 0x65 } else { 0x41 }, 0x88, mark]].concat(),
        };
        if self.has_pictures {
            self.feed.push(Demuxed::Unit(unit(VIDEO, self.video_at, self.frame, is_idr, data.into())));
        }
        self.frames += 1;
        self.video_at = self.video_at.plus(self.frame);
    }

    /// The mark of the picture that comes in so many frames.
    pub fn mark_in(&self, frames: u64) -> u8 {
        let at = self.video_at.plus(self.frame.times(frames as i64));
        let since = at.since(self.origin).flicks().rem_euclid(headend::time::FLICKS_PER_SECOND);
        if since < self.frame.flicks() { 250 } else { 60 + ((self.frames + frames) % 100) as u8 }
    }

    /// Sends a cue before the next picture.
    pub fn cue(&mut self, rig: &mut Rig, cue: CueSignal) {
        self.feed.push(Demuxed::Cue(cue));
        rig.bytes(self.id, Bytes::from_static(&[0]));
    }

    /// Makes the next picture one that is not an IDR picture.
    pub fn skip_idr(&mut self) {
        self.frames = self.frames.max(1);
    }

    /// Makes the next picture an IDR picture.
    pub fn restart(&mut self) {
        self.frames = 0;
    }

    /// Sends pictures at another rate from the next one on, which is an IDR picture.
    pub fn change_rate(&mut self, rate: FrameRate) {
        self.feed.push(Demuxed::Track(track(VIDEO, pictures_at(rate))));
        (self.frame, self.frames) = (rate.frame_duration(), 0);
    }

    /// Moves the source clock, as an encoder that restarts or is set does.
    pub fn jump(&mut self, by: MediaDuration) {
        self.video_at = self.video_at.plus(by);
        self.audio_at = self.audio_at.plus(by);
        self.origin = self.origin.plus(by);
    }
}

const fn track(id: TrackId, format: TrackFormat) -> Track {
    Track::new(id, Timescale::MPEG, format)
}

fn pictures_at(rate: FrameRate) -> TrackFormat {
    let frame_rate = Some(rate);
    let video = VideoTrack { frame_rate, ..VideoTrack::new(16, 16) };
    TrackFormat::H264(video, H264Config { framing: NalFraming::AnnexB, sps: vec![], pps: vec![] })
}

fn unit(track: TrackId, at: MediaTime, duration: MediaDuration, is_random_access: bool, data: Bytes) -> AccessUnit {
    AccessUnit { track, pts: at, dts: at, duration, is_random_access, is_damaged: false, data }
}
