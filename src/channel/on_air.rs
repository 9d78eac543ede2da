//! What runs while a channel is on air: from the contribution's access units to whole segments.

mod sound;

use std::{collections::VecDeque, sync::Arc};

use crate::{
    archive::{Presentation, SealedPart, SealedSegment, Segment, Segmenter, SegmenterLimits, TrackSpec},
    channel::{
        AudioStream, ChannelConfig, SpliceReport,
        captions::Captions,
        contribution::Contribution,
        drift::Drift,
        offer::{Offers, renditions},
        on_air::sound::Settled,
        pipeline::{Pipeline, is_sound, sound_track},
        sound_queue::NO_PLACE,
    },
    error::Fault,
    ladder::{DecodeOp, OpenLadder, Preset, SoundFrom, SoundOp},
    media::{AccessUnit, FrameRate, Packing, Track, TrackFormat, TrackId, VideoTrack},
    splice::{
        CaptionDrop, CueRefusal, Loss, OnAir, SlateImage, SlateSet, Slot, Splice, Switcher, SwitcherConfig, Taken,
    },
    time::{MediaDuration, MediaTime, Now},
};

/// What viewers see changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AirChange {
    Source(OnAir),
    Loss(Option<Loss>),
}

/// What comes out of a chain.
#[derive(Debug)]
pub(super) enum Whole {
    /// A part of the segment that is whole next.
    Part(SealedPart),
    /// A segment, and which renditions the contribution in it is good for where there is something to say.
    Segment(SealedSegment, Option<Arc<[bool]>>),
}

/// The switcher, the lanes and the segmenter of a running channel.
pub(super) struct AirChain {
    pub(super) switcher: Switcher,
    pub(super) pipeline: Pipeline,
    pub(super) presentation: Arc<Presentation>,
    segmenter: Segmenter,
    /// How long parts are to be.
    part_length: Option<MediaDuration>,
    rate: FrameRate,
    /// What the contribution's video track says of itself.
    video: Option<VideoTrack>,
    on_air: Option<OnAir>,
    sound_from: Option<SoundFrom>,
    /// Of each output.
    settled: Vec<Settled>,
    preset: Preset,
    offers: Offers,
    /// `None` where captions are ignored (A13.1).
    pub(super) captions: Option<Captions>,
    pub(super) drift: Drift,
    changes: VecDeque<(AirChange, MediaTime)>,
    /// Splices whose segment is not yet whole, and reports of those that are.
    splices: VecDeque<Splice>,
    reports: VecDeque<SpliceReport>,
    faults: VecDeque<Fault>,
}

impl AirChain {
    /// The rate at which the library's own pictures come.
    pub(super) const IDLE_RATE: FrameRate = FrameRate::FPS_30;

    pub(super) fn new(config: &ChannelConfig, ladder: OpenLadder, generation: u64, now: Now) -> Self {
        // Not by the wall clock, which may have been set meanwhile: the sound is to start where the pictures do.
        let (asked, begin) = ladder.asked;
        let at = begin.plus(MediaDuration::from_std(now.monotonic.saturating_sub(asked)));
        let idle = Self::IDLE_RATE.capped(config.preset.max_frame_rate);
        let switcher_config = SwitcherConfig {
            gop: config.gop,
            max_frame_rate: config.preset.max_frame_rate,
            idle_frame_rate: idle,
            loss_after: MediaDuration::from_std(config.loss_after),
            loss_policy: config.loss_policy.clone(),
            slates: slates(config),
            test_source: config.test_source_after(),
        };
        let presentation = Arc::new(presentation(config, &ladder, idle));
        let mut segmenter = Segmenter::new(presentation.tracks.clone(), SegmenterLimits::default());
        if presentation.cues.in_band {
            segmenter.tell_in_band();
        }
        config.part_length().into_iter().for_each(|length| segmenter.cut_parts(length, idle.frame_duration()));
        Self {
            switcher: Switcher::new(switcher_config, at, now),
            segmenter,
            part_length: config.part_length(),
            pipeline: Pipeline::new(ladder, config.loss_policy.clone(), generation),
            presentation,
            rate: idle,
            video: None,
            on_air: None,
            sound_from: None,
            // Where the lanes begin, and not where the pictures do: until they have come to there, nothing is known.
            settled: vec![Settled::at(begin); config.audio.len()],
            preset: config.preset.clone(),
            offers: Offers::default(),
            captions: (!config.ignore_captions).then(Captions::default),
            drift: Drift::default(),
            changes: VecDeque::new(),
            splices: VecDeque::new(),
            reports: VecDeque::new(),
            faults: VecDeque::new(),
        }
    }

    /// A track of the contribution that the channel takes appeared or changed.
    pub(super) fn open(&mut self, from: &Contribution, track: &Track) {
        if let Some(video) = track.format.video() {
            let before = self.video.replace(*video).and_then(|before| before.frame_rate);
            if before.is_some() && video.frame_rate.is_some() && before != video.frame_rate {
                self.switcher.measure_anew();
                self.cut_captions(CaptionDrop::OffAir);
            }
            if self.on_air == Some(OnAir::Live) {
                self.offers.push(self.switcher.position(), self.offer());
            }
            self.pipeline.push_decode(DecodeOp::Open(track.format.clone()));
        } else if let Some(output) = from.sound.output_of(track.id) {
            self.pipeline.push_sound(output, SoundOp::Open(track.format.clone()));
            self.note_track(output, true);
        }
    }

    /// Another source follows: its first IDR picture is placed anew, and the last picture stays until then.
    pub(super) fn splice(&mut self) {
        self.switcher.measure_anew();
        self.cut_captions(CaptionDrop::OffAir);
        self.pipeline.push_decode(DecodeOp::Flush);
    }

    /// Takes a picture of the contribution.
    pub(super) fn push_video(&mut self, from: &mut Contribution, unit: AccessUnit, now: Now) {
        self.switcher.note_arrival(now);
        if from.is_refused {
            self.refuse_captions(from.video.as_ref(), &unit);
            from.health.dropped += 1;
            return;
        }
        let stated = from.health.video.and_then(|video| video.frame_rate);
        let idr = unit.is_random_access;
        let taken = self.switcher.push(unit.pts, unit.dts, idr, stated, now);
        self.take_captions(from.video.as_ref(), &unit, taken);
        match taken {
            Taken::BeforeIdr => {
                from.health.dropped += 1;
                self.faults.push_back(Fault::Dropped { count: 1, reason: "before the first IDR" });
                return;
            }
            Taken::Jumped(by) => {
                from.sound.timeline_changed();
                // Pictures before and after the jump must not be put in one order.
                self.pipeline.push_decode(DecodeOp::Flush);
                from.waits_for_idr = true;
                // A session that follows another one so soon that nothing was lost has a clock of its own: no fault.
                if from.is_placed {
                    from.health.jumps += 1;
                    let by_millis = by.flicks() / MediaDuration::from_millis(1).flicks();
                    self.faults.push_back(Fault::TimeJump { by_millis });
                }
            }
            Taken::Decode => {}
        }
        from.is_placed = true;
        if !from.waits_for_idr || idr {
            from.waits_for_idr = !self.pipeline.push_decode(DecodeOp::Unit(unit));
            if from.waits_for_idr {
                from.health.dropped += 1;
                self.faults.push_back(Fault::Dropped { count: 1, reason: "the decoder's queue is full" });
            }
        } else {
            from.health.dropped += 1;
            self.faults.push_back(Fault::Dropped { count: 1, reason: "the decoder waits for an IDR" });
        }
        self.take_slots(now);
        (0..from.sound.len()).for_each(|output| self.place_sound(from, output));
    }

    /// Takes sound of the contribution for one output.
    pub(super) fn push_audio(&mut self, from: &mut Contribution, output: usize, unit: AccessUnit, now: Now) {
        self.switcher.note_arrival(now);
        let dropped = from.push_sound(output, unit);
        self.tell_dropped(dropped, NO_PLACE);
        self.place_sound(from, output);
    }

    /// Takes the contribution off air where no decoder takes its pictures.
    pub(super) fn heed_refusal(&mut self, from: Option<&mut Contribution>) {
        let Some(why) = self.pipeline.pull_refusal() else { return };
        self.faults.push_back(Fault::Unsupported { what: why.to_string() });
        if let Some(from) = from {
            from.is_refused = true;
            self.switcher.drop_feed();
            self.cut_captions(CaptionDrop::Refused);
        }
    }

    /// Makes what is due by the host's clock.
    pub(super) fn handle_timeout(&mut self, now: Now) {
        let had_feed = self.switcher.has_feed();
        self.switcher.handle_timeout(now);
        if had_feed && !self.switcher.has_feed() {
            self.cut_captions(CaptionDrop::OffAir);
            self.pipeline.push_decode(DecodeOp::Flush);
        }
        self.take_slots(now);
    }

    /// Moves coded access units into segments; the next part or segment that is whole in every rendition.
    pub(super) fn pull(&mut self) -> Option<Whole> {
        while let Some(unit) = self.pipeline.pull() {
            let track = unit.track;
            // Sound from before the first boundary belongs to no segment: the encoder runs up before it.
            if let (Err(error), false) = (self.segmenter.push(track, unit), is_sound(track)) {
                self.faults.push_back(Fault::Output { what: error.to_string() });
            }
        }
        if let Some(part) = self.segmenter.pull_part() {
            return Some(Whole::Part(part));
        }
        let sealed = self.segmenter.pull()?;
        self.faults.extend(sealed.faults.iter().map(|fault| Fault::Output { what: fault.to_string() }));
        self.report_splices(&sealed.segment);
        let offer = self.offers.in_segment(&sealed.segment);
        Some(Whole::Segment(sealed, offer))
    }

    /// The next change of what viewers see, and from when on.
    pub(super) fn pull_change(&mut self) -> Option<(AirChange, MediaTime)> {
        let loss = |(loss, at)| (AirChange::Loss(loss), at);
        self.changes.pop_front().or_else(|| self.pipeline.pull_loss().map(loss))
    }

    /// What became of the next splice.
    pub(super) fn pull_report(&mut self) -> Option<SpliceReport> {
        self.reports.pop_front()
    }

    /// The next thing that went wrong.
    pub(super) fn pull_fault(&mut self) -> Option<Fault> {
        let refused = |refusal: CueRefusal| Fault::CueRefused { code: refusal.code(), what: refusal.to_string() };
        let faults = self.faults.pop_front().or_else(|| self.pipeline.pull_fault());
        let faults = faults.or_else(|| self.switcher.pull_refusal().map(refused));
        faults.or_else(|| self.pull_caption_fault())
    }

    /// The source of the newest frame.
    pub(super) const fn source(&self) -> Option<OnAir> {
        self.on_air
    }

    /// The stage of the loss policy that acts at the newest frame whose picture is made.
    pub(super) const fn loss(&self) -> Option<Loss> {
        self.pipeline.loss()
    }

    /// A segment is whole: splices at its start, or before where that frame began none, are done.
    fn report_splices(&mut self, segment: &Segment) {
        while let Some(splice) = self.splices.pop_front_if(|splice| splice.achieved <= segment.start) {
            self.reports.push_back(SpliceReport::of(splice, &self.presentation, segment));
        }
    }

    fn take_slots(&mut self, now: Now) {
        self.splices.extend(std::iter::from_fn(|| self.switcher.pull_splice()));
        let rate = self.switcher.cadence().rate();
        let mut change = (rate != self.rate).then_some(rate);
        while let Some(slot) = self.switcher.pull() {
            self.note_source(&slot);
            if slot.starts_segment {
                self.drift.note(slot.pts, self.switcher.lateness(slot.pts, now));
            }
            if let Some(length) = self.part_length.filter(|_| slot.starts_segment) {
                let rate = change.filter(|_| slot.source.is_some()).unwrap_or(self.rate);
                self.segmenter.cut_parts(length, rate.frame_duration());
            }
            if slot.starts_segment
                && let Err(error) = self.segmenter.cue_boundary(slot.pts, self.switcher.pull_cues(slot.pts))
            {
                self.faults.push_back(Fault::Output { what: error.to_string() });
            }
            // The rate belongs to the frame that a switch made: the first live one.
            let new_rate = if slot.source.is_some() { change.take() } else { None };
            if new_rate.is_some() {
                self.rate = rate;
            }
            // A slot is cheap to clone: a slate in it is shared.
            if self.pipeline.push_slot(slot.clone(), new_rate) {
                self.write_captions(&slot);
            } else {
                self.faults.push_back(Fault::Dropped { count: 1, reason: "the encoders do not keep up" });
            }
        }
    }

    fn note_source(&mut self, slot: &Slot) {
        let source = slot.on_air;
        let from = match source {
            OnAir::Live => SoundFrom::Contribution,
            OnAir::Test => SoundFrom::Tone,
            // Lost pictures alone leave the sound as it is (FAULTS row 42).
            OnAir::Slate if slot.loss.is_some_and(Loss::is_heard) => SoundFrom::Contribution,
            OnAir::Slate | OnAir::OperatorSlate | OnAir::BreakSlate => SoundFrom::Silence,
        };
        if self.sound_from.replace(from) != Some(from) {
            for output in 0..self.settled.len() {
                self.pipeline.push_sound(output, SoundOp::Source { at: slot.pts, from });
            }
        }
        if self.on_air.replace(source) != Some(source) {
            self.offers.push(slot.pts, if source == OnAir::Live { self.offer() } else { None });
            self.changes.push_back((AirChange::Source(source), slot.pts));
        }
    }

    /// What the contribution is good for.
    fn offer(&self) -> Option<Arc<[bool]>> {
        Some(renditions(&self.preset, self.video.as_ref(), self.settled.len()))
    }

    fn tell_dropped(&mut self, count: u64, reason: &'static str) {
        if count > 0 {
            self.faults.push_back(Fault::Dropped { count, reason });
        }
    }
}

/// The images of the channel.
pub(super) fn slates(config: &ChannelConfig) -> SlateSet {
    config.slates.or_built_in(built_in(config))
}

/// The library's own slate, in the size of the largest rung.
fn built_in(config: &ChannelConfig) -> SlateImage {
    let (width, height) = config.preset.rungs.first().map_or((2, 2), |rung| (rung.width, rung.height));
    SlateImage::built_in(width as usize, height as usize)
}

/// The renditions of the channel: every rung, then the sound of each language.
fn presentation(config: &ChannelConfig, ladder: &OpenLadder, rate: FrameRate) -> Presentation {
    let rungs = config.preset.rungs.iter().zip(&ladder.video_formats).enumerate();
    let mut tracks: Vec<TrackSpec> = rungs
        .map(|(n, (rung, format))| TrackSpec::video(TrackId(n as u32), &rung.name, rung.bitrate, format.clone(), rate))
        .collect();
    let (audio, aac) = ladder.audio_format.clone();
    let format = TrackFormat::Aac(audio, aac);
    let bitrate = config.preset.audio_bitrate;
    for (n, (stream, name)) in config.audio.iter().zip(AudioStream::names(&config.audio)).enumerate() {
        let sound = TrackSpec::audio(sound_track(n), &name, bitrate, format.clone(), stream.language);
        // Languages are no switching set: each has URLs of its own.
        tracks.push(TrackSpec { url_track: name, ..sound });
    }
    config.timescale.iter().for_each(|scale| tracks.iter_mut().for_each(|track| track.timescale = *scale));
    let packing = Packing::new(config.fragments_per_segment, config.gop);
    Presentation { tracks, epoch: config.epoch, cues: config.cue_formats, packing }
}
