//! The lane of the sound: decode, bring to stereo and one rate, place on the channel's sample grid, encode.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use crate::{
    error::Fault,
    ladder::{
        AudioDecoder, AudioEncoder, Codecs, SoundNormaliser,
        quiet::{Hearing, QuietWatch},
    },
    media::{AccessUnit, SoundSource, TrackFormat},
    time::{MediaDuration, MediaTime, Timescale},
};

/// The sound on its way out, always in stereo at the preset's rate, in whole frames counted from the channel's epoch.
pub(crate) struct SoundLane {
    codecs: Arc<dyn Codecs>,
    decoder: Option<Box<dyn AudioDecoder>>,
    normaliser: SoundNormaliser,
    encoder: Box<dyn AudioEncoder>,
    tone: Box<dyn SoundSource>,
    rate: Timescale,
    /// The sample that the next output frame starts with.
    position: i64,
    /// Interleaved contribution samples from `position` on; what was never written is silent.
    ahead: VecDeque<i16>,
    /// Of that, what nothing came for, though something came behind it.
    gaps: VecDeque<Range<i64>>,
    /// Where the contribution's next samples are expected, while it goes on without a gap.
    expected: Option<MediaTime>,
    source: SoundFrom,
    changes: VecDeque<(i64, SoundFrom)>,
    /// How far the contribution is faded in, 0 to [`SoundLane::FADE`].
    gain: i32,
    /// Its last instant: what fades out where no more comes.
    tail: [i16; Self::CHANNELS],
    /// Whether the contribution is silent, where anybody wants to know.
    quiet: Option<QuietWatch>,
}

/// Where the sound comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SoundFrom {
    Contribution,
    Silence,
    Tone,
}

/// One step for the sound.
pub(crate) enum SoundOp {
    /// The track's set-up appeared or changed.
    Open(TrackFormat),
    /// The next access unit, and where it stands on the channel's clock.
    Unit { unit: AccessUnit, at: MediaTime },
    /// From this instant on the sound comes from there.
    Source { at: MediaTime, from: SoundFrom },
    /// From this instant on the contribution has a track for the output, or none.
    Track { at: MediaTime, is_there: bool },
    /// Everything before this instant has come: frames that end by then are encoded.
    Settle(MediaTime),
}

pub(crate) struct SoundJob {
    pub(crate) lane: Box<SoundLane>,
    pub(crate) ops: Vec<SoundOp>,
}

pub(crate) struct SoundDone {
    pub(crate) lane: Box<SoundLane>,
    pub(crate) out: SoundOut,
}

pub(crate) struct SoundOut {
    pub(crate) units: Vec<AccessUnit>,
    pub(crate) faults: Vec<Fault>,
    /// From each of these instants on the output has something else of the contribution; none where that is not watched.
    pub(crate) heard: Vec<(MediaTime, Hearing<MediaTime>)>,
    /// The end of the last frame that was encoded.
    pub(crate) until: MediaTime,
}

impl SoundLane {
    /// Samples over which the contribution fades in and out: 10 ms at 44.1 kHz, so that a switch does not click.
    const FADE: i32 = 441;
    /// Time stamps that are off by less than this are jitter and leave no gap (FAULTS row 43).
    const JITTER: MediaDuration = MediaDuration::from_millis(5);
    /// Samples may come out this much later than the stamps of their access units say: the jitter that is let pass, and the
    /// 36 samples that the resampler holds back, at the lowest rate. What is settled sooner is cut off.
    pub(crate) const LAG: MediaDuration = MediaDuration::from_millis(10);
    /// Sound may be this far ahead of what is encoded; what is further is dropped.
    const AHEAD_SECONDS: i64 = 10;
    const CHANNELS: usize = 2;
    /// Gaps that are known at once: more than there are access units in ten seconds.
    const GAPS: usize = 1024;

    pub(crate) fn new(
        codecs: Arc<dyn Codecs>,
        encoder: Box<dyn AudioEncoder>,
        tone: Box<dyn SoundSource>,
        sample_rate: u32,
        at: MediaTime,
        is_watched: bool,
    ) -> Self {
        let rate = Timescale::new(sample_rate).unwrap_or(Timescale::MPEG);
        let frame = encoder.frame_len().max(1) as i64;
        Self {
            codecs,
            decoder: None,
            normaliser: SoundNormaliser::new(rate),
            encoder,
            tone,
            rate,
            position: at.ticks(rate).div_euclid(frame) * frame,
            ahead: VecDeque::new(),
            gaps: VecDeque::new(),
            expected: None,
            source: SoundFrom::Silence,
            changes: VecDeque::new(),
            gain: 0,
            tail: [0; Self::CHANNELS],
            quiet: is_watched.then(QuietWatch::new),
        }
    }

    /// How long an encoded frame is, and where the next one begins.
    pub(crate) fn frames(&self) -> (MediaDuration, MediaTime) {
        let span = MediaDuration::from_ticks(self.encoder.frame_len().max(1) as i64, self.rate);
        (span, MediaTime::from_ticks(self.position, self.rate))
    }

    fn open(&mut self, format: &TrackFormat, faults: &mut Vec<Fault>) {
        self.decoder = match self.codecs.audio_decoder(format) {
            Ok(decoder) => Some(decoder),
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        self.expected = None;
    }

    fn take(&mut self, mut unit: AccessUnit, at: MediaTime) -> Result<(), Fault> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let steady =
            self.expected.filter(|expected| at.since(*expected).flicks().saturating_abs() <= Self::JITTER.flicks());
        unit.pts = steady.unwrap_or(at);
        if steady.is_none() {
            self.normaliser.restart();
        }
        let samples = decoder.decode(&unit)?;
        let scale = Timescale::new(samples.sample_rate).unwrap_or(self.rate);
        let length = MediaDuration::from_ticks(i64::try_from(samples.len()).unwrap_or(0), scale);
        self.expected = Some(unit.pts.plus(length));
        let normal = self.normaliser.push(samples);
        if !normal.is_empty() {
            self.write(normal.pts.ticks(self.rate), &normal.data);
        }
        Ok(())
    }

    /// Puts samples in their place; what is already encoded or too far ahead is dropped.
    fn write(&mut self, first: i64, samples: &[i16]) {
        let ahead = first - self.position;
        if ahead > Self::AHEAD_SECONDS * i64::from(self.rate.per_second()) {
            return;
        }
        let skip = usize::try_from(-ahead).unwrap_or(0) * Self::CHANNELS;
        let start = usize::try_from(ahead).unwrap_or(0) * Self::CHANNELS;
        let Some(samples) = samples.get(skip..) else { return };
        let held = self.ahead.len();
        if held < start + samples.len() {
            self.ahead.resize(start + samples.len(), 0);
        }
        for (slot, sample) in self.ahead.range_mut(start..).zip(samples) {
            *slot = *sample;
        }
        let (position, end) = (self.position, first + (samples.len() / Self::CHANNELS) as i64);
        self.gaps.retain(|gap| gap.end <= first || gap.start >= end);
        if held < start && self.gaps.len() < Self::GAPS {
            self.gaps.push_back(position + (held / Self::CHANNELS) as i64..first);
        }
    }

    fn settle(&mut self, until: MediaTime, out: &mut SoundOut) {
        let frame = self.encoder.frame_len().max(1);
        let until = until.ticks(self.rate);
        let mut samples = vec![0; frame * Self::CHANNELS];
        while self.position + frame as i64 <= until {
            let is_live = self.mix(&mut samples);
            let pts = MediaTime::from_ticks(self.position, self.rate);
            let quiet = self.quiet.as_mut();
            let heard = quiet.and_then(|quiet| quiet.note(self.position, &samples, Self::CHANNELS, is_live));
            out.heard.extend(heard.map(|heard| (pts, heard.map(|since| MediaTime::from_ticks(since, self.rate)))));
            match self.encoder.encode(&samples, pts) {
                Ok(unit) => out.units.push(unit),
                Err(fault) => out.faults.push(fault),
            }
            self.position += frame as i64;
        }
    }

    /// Fills one output frame from whichever source has each sample; whether all of it is the contribution's.
    fn mix(&mut self, out: &mut [i16]) -> bool {
        let has_tone = self.source == SoundFrom::Tone || self.changes.iter().any(|(_, from)| *from == SoundFrom::Tone);
        if has_tone {
            self.tone.fill(self.position, out);
        } else {
            out.fill(0);
        }
        let aim = if self.source == SoundFrom::Contribution { Self::FADE } else { 0 };
        let end = self.position + (out.len() / Self::CHANNELS) as i64;
        let is_whole = self.ahead.len() >= out.len() && self.gaps.front().is_none_or(|gap| gap.start >= end);
        let is_fed = aim == 0 || is_whole;
        if self.changes.is_empty() && self.gain == aim && is_fed {
            // Nothing fades: the frame has one source.
            let live = self.ahead.drain(..out.len().min(self.ahead.len()));
            if aim > 0 {
                out.iter_mut().zip(live).for_each(|(sample, live)| *sample = live);
                self.tail = out.last_chunk().copied().unwrap_or_default();
            }
            return aim > 0;
        }
        let mut is_live = true;
        for (n, instant) in (self.position..).zip(out.chunks_exact_mut(Self::CHANNELS)) {
            while let Some(&(at, source)) = self.changes.front() {
                if at > n {
                    break;
                }
                self.source = source;
                self.changes.pop_front();
            }
            is_live &= self.source == SoundFrom::Contribution;
            while self.gaps.front().is_some_and(|gap| gap.end <= n) {
                self.gaps.pop_front();
            }
            let is_gap = self.gaps.front().is_some_and(|gap| gap.contains(&n));
            let is_fed = !is_gap && self.ahead.len() >= Self::CHANNELS;
            let step = if self.source == SoundFrom::Contribution && is_fed { 1 } else { -1 };
            self.gain = (self.gain + step).clamp(0, Self::FADE);
            for (sample, tail) in instant.iter_mut().zip(&mut self.tail) {
                let next = self.ahead.pop_front();
                *tail = next.filter(|_| is_fed).unwrap_or(*tail);
                let live = i32::from(*tail) * self.gain / Self::FADE;
                let own = if self.source == SoundFrom::Tone { i32::from(*sample) } else { 0 };
                *sample = (live + own).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
            }
        }
        is_live
    }
}

impl SoundJob {
    pub(crate) fn run(self) -> SoundDone {
        let Self { mut lane, ops } = self;
        let (units, faults, heard) = (Vec::new(), Vec::new(), Vec::new());
        let mut out = SoundOut { units, faults, heard, until: MediaTime::ZERO };
        for op in ops {
            match op {
                SoundOp::Open(format) => lane.open(&format, &mut out.faults),
                SoundOp::Unit { unit, at } => out.faults.extend(lane.take(unit, at).err()),
                SoundOp::Source { at, from } => lane.changes.push_back((at.ticks(lane.rate), from)),
                SoundOp::Track { at, is_there } => {
                    let at = at.ticks(lane.rate);
                    lane.quiet.iter_mut().for_each(|quiet| quiet.set_track(at, is_there));
                }
                SoundOp::Settle(until) => lane.settle(until, &mut out),
            }
        }
        out.until = MediaTime::from_ticks(lane.position, lane.rate);
        SoundDone { lane, out }
    }
}
