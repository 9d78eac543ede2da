//! The renditions of a pass-through channel on one time line, cut at IDRs of the reference rung.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use crate::{
    archive::{Presentation, SealedSegment, SegmentFault, Segmenter, SegmenterError, SegmenterLimits},
    channel::relay::{
        Trouble, Unaligned,
        reel::{Place, Reel},
        renditions::Settled,
    },
    error::{Fault, FragmentDrop},
    media::{AccessUnit, Track, TrackId},
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime, Timescale},
};

/// The time line of a pass-through channel.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) presentation: Arc<Presentation>,
    /// How long a segment usually lasts.
    segment_duration: MediaDuration,
    /// The longest that one lasts, as players were told.
    pub(super) longest_segment: MediaDuration,
    segmenter: Segmenter,
    reels: Vec<Reel>,
    /// Whole segments that were not pulled yet.
    ready: VecDeque<SealedSegment>,
    /// Place of the reference rung among the reels.
    reference: usize,
    /// Shortest segment.
    least: MediaDuration,
    /// What is added to the source's times; zero unless the source went back.
    offset: MediaDuration,
    /// Start of the newest segment; `None` until the reference rung shows an IDR.
    boundary: Option<MediaTime>,
    /// The next picture of the reference rung has another clock.
    is_renewed: bool,
    has_told_long: bool,
    /// A GOP outgrew the longest segment: what is left of it is dropped.
    is_cut: bool,
    /// Where such a segment ends, which is not sealed yet: other rungs may come behind.
    ending: Option<MediaTime>,
    unaligned: VecDeque<Unaligned>,
}

impl Run {
    /// Complete segments that may wait for a rung.
    const PATIENCE: usize = 2;
    /// Sparse text may come this much of media time after the pictures.
    const TEXT_LAG: MediaDuration = MediaDuration::from_millis(500);
    /// Time stamps further ahead of the reference rung than this are nonsense until it follows.
    const FAR: MediaDuration = MediaDuration::from_secs(60);
    /// How long a segment that was cut waits for rungs that come behind, in media time.
    const STRAGGLE: MediaDuration = MediaDuration::from_millis(500);
    /// Time stamps of milliseconds and a picture more or less make no segment too long.
    const SLACK: MediaDuration = MediaDuration::from_millis(250);
    /// Rungs that do not keep to the grid and were not told yet.
    const UNALIGNED: usize = 1024;

    pub(super) fn new(settled: Settled, gop: MediaDuration, now: Duration) -> Self {
        let Settled { presentation, sources, segment_duration, longest_segment } = settled;
        let mut segmenter = Segmenter::new(presentation.tracks.clone(), SegmenterLimits::default());
        let reels: Vec<Reel> =
            sources.iter().zip(&presentation.tracks).map(|(source, spec)| Reel::new(source, spec, now)).collect();
        let sparse: Vec<TrackId> = reels.iter().filter(|reel| reel.is_text()).map(|reel| reel.id).collect();
        segmenter.set_patience(Self::PATIENCE, &sparse, Self::TEXT_LAG);
        let half = reels.first().map_or(0, |reel| reel.nominal.flicks() / 2);
        Self {
            presentation,
            segment_duration,
            longest_segment,
            segmenter,
            reels,
            ready: VecDeque::new(),
            reference: 0,
            least: gop.minus(MediaDuration::from_flicks(half)),
            offset: MediaDuration::ZERO,
            boundary: None,
            is_renewed: false,
            has_told_long: false,
            is_cut: false,
            ending: None,
            unaligned: VecDeque::new(),
        }
    }

    /// A track changed, or is new: what is not as it was published is left out.
    pub(super) fn track(&mut self, track: &Track) -> Option<Fault> {
        let Some(reel) = self.reels.iter_mut().find(|reel| reel.source == track.id) else {
            let what = format!("{} came after the tracks were settled", track.format.codec_name());
            return Some(Fault::TrackLeftOut { what });
        };
        let was_left_out = reel.is_left_out;
        reel.is_left_out = reel.format != track.format;
        if was_left_out && !reel.is_left_out {
            reel.needs_idr = reel.format.is_video();
        }
        let what = || format!("{} has another set-up than was published", reel.name);
        (reel.is_left_out && !was_left_out).then(|| Fault::TrackLeftOut { what: what() })
    }

    /// Takes an access unit of the contribution.
    pub(super) fn push(&mut self, unit: AccessUnit, now: Duration, faults: &mut VecDeque<Trouble>) {
        self.take(unit, now, faults);
        self.gather(faults);
    }

    fn take(&mut self, mut unit: AccessUnit, now: Duration, faults: &mut VecDeque<Trouble>) {
        let source = unit.track;
        let dropped = |reason| Trouble::dropped(source, 1, reason);
        let untimely = |reason| Trouble::of(source, Fault::UnitsDropped { count: 1, stream: source.0, reason });
        let Some(at) = self.reels.iter().position(|reel| reel.source == unit.track) else { return };
        let is_reference = at == self.reference;
        self.shift(&mut unit);
        if is_reference && self.is_renewed {
            self.take_up(&mut unit, now);
        }
        if is_reference {
            self.end_cut(&unit);
        }
        let position = self.position();
        let Some(reel) = self.reels.get_mut(at) else { return };
        if reel.is_left_out {
            faults.push_back(dropped("its track is left out"));
            return;
        }
        if !is_reference && position.is_some_and(|position| unit.pts.since(position) > Self::FAR) {
            faults.push_back(dropped("its time is far from the reference rung's"));
            return;
        }
        match reel.place(&mut unit) {
            Place::Follows => {}
            Place::Gap if reel.format.is_video() && !unit.is_random_access => {
                reel.needs_idr = true;
                return faults.push_back(dropped("behind a gap and before an IDR"));
            }
            Place::Gap if is_reference && reel.is_far_ahead(&unit, now) => self.restart(&mut unit, now, faults),
            Place::Gap if is_reference => self.part(unit.pts),
            Place::Gap => {}
            Place::Bumped => faults.push_back(Trouble::of(source, Fault::Bumped { count: 1 })),
            Place::Back if is_reference && unit.is_random_access => self.restart(&mut unit, now, faults),
            Place::Back => return faults.push_back(untimely(FragmentDrop::NonIncreasingTimestamp)),
            Place::Repeated => return faults.push_back(untimely(FragmentDrop::OverlapTimestamp)),
            Place::BeforeIdr if self.is_cut => return faults.push_back(dropped(OUTGREW)),
            Place::BeforeIdr => return faults.push_back(dropped("before the first IDR")),
        }
        if is_reference && !self.fits(&unit, faults) {
            return faults.push_back(dropped(OUTGREW));
        }
        self.follow(at, unit, now, faults);
    }

    /// What comes next has another clock.
    pub(super) fn renew(&mut self) {
        self.is_renewed = true;
        self.reels.iter_mut().for_each(|reel| reel.needs_idr = reel.format.is_video());
    }

    /// What has come is all that the open segment has.
    pub(super) fn finish(&mut self) {
        if let Some(end) = self.end_of_reference() {
            self.part(end);
        }
        self.reels.iter_mut().for_each(|reel| reel.needs_idr = reel.format.is_video());
    }

    /// The next segment.
    pub(super) fn pull(&mut self, faults: &mut VecDeque<Trouble>) -> Option<SealedSegment> {
        self.gather(faults);
        self.ready.pop_front()
    }

    pub(super) fn pull_unaligned(&mut self) -> Option<Unaligned> {
        self.unaligned.pop_front()
    }

    /// How far the reference rung has come.
    pub(super) fn position(&self) -> Option<MediaTime> {
        self.reels.get(self.reference)?.newest
    }

    /// Takes out what is whole, at once: how much of a contribution comes in one piece must not show in what is stored.
    fn gather(&mut self, faults: &mut VecDeque<Trouble>) {
        while let Some(sealed) = self.segmenter.pull() {
            let spans = sealed.segment.spans.iter();
            self.reels.iter_mut().zip(spans).filter(|(_, span)| !span.is_missing()).for_each(|(reel, _)| {
                reel.is_missing = false;
            });
            for fault in &sealed.faults {
                self.note(fault, faults);
            }
            self.ready.push_back(sealed);
        }
        while let Some((id, count)) = self.segmenter.pull_left_out() {
            let source = self.reels.iter().find(|reel| reel.id == id).map(|reel| reel.source);
            let fault = Fault::Dropped { count, reason: "no segment has a place for it" };
            faults.push_back(Trouble { track: source, fault });
        }
    }

    fn shift(&self, unit: &mut AccessUnit) {
        (unit.pts, unit.dts) = (unit.pts.plus(self.offset), unit.dts.plus(self.offset));
    }

    /// Queues an access unit that follows what its rendition has.
    fn follow(&mut self, at: usize, unit: AccessUnit, now: Duration, faults: &mut VecDeque<Trouble>) {
        let Some(reel) = self.reels.get_mut(at) else { return };
        reel.note(&unit, now);
        let (id, is_video, pts) = (reel.id, reel.format.is_video(), unit.pts);
        let starts_gop = unit.is_random_access;
        if let Err(error) = self.segmenter.push(id, unit) {
            let fault = match error {
                SegmenterError::Limit(limit) => {
                    // What refers to it must not be stored without it.
                    reel.needs_idr = is_video;
                    Fault::Limit(limit)
                }
                _ => Fault::Dropped { count: 1, reason: "its segment is sealed" },
            };
            faults.push_back(Trouble::of(reel.source, fault));
        }
        if at == self.reference {
            if starts_gop {
                self.consider(pts, faults);
            } else {
                self.watch_length(pts, faults);
            }
        } else if is_video {
            self.elect(at, now, faults);
        }
    }

    /// The reference rung has an IDR here: a segment starts where the one before is long enough.
    fn consider(&mut self, at: MediaTime, faults: &mut VecDeque<Trouble>) {
        let length = self.boundary.map(|boundary| at.since(boundary));
        if length.is_some_and(|length| length < self.least) {
            return;
        }
        if length.is_some_and(|length| length > self.bound()) {
            self.part(at);
        }
        self.open(at, faults);
    }

    fn open(&mut self, at: MediaTime, faults: &mut VecDeque<Trouble>) {
        match self.segmenter.boundary(at) {
            Ok(()) => (self.boundary, self.is_cut) = (Some(at), false),
            Err(error) => {
                let fault = Fault::Output { what: error.to_string() };
                faults.push_back(Trouble { track: self.source(), fault });
            }
        }
        self.gather(faults);
    }

    /// Longer than this no segment is. HLS rounds to whole seconds before it compares.
    fn bound(&self) -> MediaDuration {
        let half = MediaDuration::from_millis(500);
        let seconds = self.longest_segment.plus(half).flicks() / FLICKS_PER_SECOND;
        let target = MediaDuration::from_secs(seconds.max(1)).plus(half).minus(MediaDuration::from_millis(1));
        self.longest_segment.plus(Self::SLACK).min(target)
    }

    /// Whether the open segment has room for a picture of the reference rung. Where it has not, it ends with a GOP that it
    /// has gathered; where it is one GOP, it ends here, and the rest of that is dropped.
    fn fits(&mut self, unit: &AccessUnit, faults: &mut VecDeque<Trouble>) -> bool {
        let bound = self.bound();
        let Some(reel) = self.reels.get(self.reference) else { return true };
        let end = if unit.is_random_access { unit.pts } else { unit.pts.plus(reel.nominal) };
        let is_within = |from: MediaTime| end.since(from) <= bound;
        let Some(boundary) = self.boundary.filter(|boundary| !is_within(*boundary)) else { return true };
        let newest = reel.idrs.iter().rev().copied().find(|idr| *idr > boundary && idr.since(boundary) <= bound);
        if let Some(idr) = newest {
            self.open(idr, faults);
            if is_within(idr) {
                return true;
            }
        }
        if unit.is_random_access {
            return true;
        }
        self.tell_long(end.since(self.boundary.unwrap_or(boundary)), faults);
        self.ending = self.end_of_reference();
        self.is_cut = true;
        if let Some(reel) = self.reels.get_mut(self.reference) {
            reel.needs_idr = true;
        }
        false
    }

    /// Seals a segment that was cut, once the other rungs have had the time to come.
    fn end_cut(&mut self, unit: &AccessUnit) {
        let is_due = |end: &MediaTime| unit.is_random_access || unit.pts.since(*end) >= Self::STRAGGLE;
        if let Some(end) = self.ending.take_if(|end| is_due(end)) {
            self.segmenter.part(end);
            self.boundary = None;
            self.reels.iter_mut().for_each(|reel| reel.needs_idr |= reel.format.is_video());
        }
    }

    fn watch_length(&mut self, at: MediaTime, faults: &mut VecDeque<Trouble>) {
        let Some(boundary) = self.boundary.filter(|_| !self.has_told_long) else { return };
        let length = at.since(boundary);
        let slack = self.reels.get(self.reference).map_or(MediaDuration::ZERO, |reel| reel.nominal);
        if length > self.segment_duration.plus(slack) {
            self.tell_long(length, faults);
        }
    }

    fn tell_long(&mut self, length: MediaDuration, faults: &mut VecDeque<Trouble>) {
        if !std::mem::replace(&mut self.has_told_long, true) {
            let millis = length.flicks() / MediaDuration::from_millis(1).flicks();
            faults.push_back(Trouble { track: self.source(), fault: Fault::LongGop { millis } });
        }
    }

    /// The reference rung is dead and this one is not: the best of those that live is the reference from here on.
    fn elect(&mut self, witness: usize, now: Duration, faults: &mut VecDeque<Trouble>) {
        let patience = self.segment_duration.times(2);
        let (Some(old), Some(seen)) = (self.reels.get(self.reference), self.reels.get(witness)) else { return };
        let is_silent = now.saturating_sub(old.arrived) > patience.to_std();
        let is_behind = old.newest.zip(seen.newest).is_none_or(|(old, seen)| seen.since(old) > patience);
        if !is_silent || !is_behind {
            return;
        }
        let lives = |reel: &Reel| reel.format.is_video() && now.saturating_sub(reel.arrived) <= patience.to_std();
        let Some(next) = self.reels.iter().position(|reel| lives(reel) && !reel.idrs.is_empty()) else { return };
        let Some(reel) = self.reels.get(next) else { return };
        let (idrs, gap) = (reel.idrs.clone(), reel.gap);
        self.reference = next;
        if let Some((end, first)) = gap.filter(|(_, first)| self.boundary.is_some_and(|boundary| *first > boundary)) {
            self.segmenter.part(end.min(first));
            self.boundary = None;
            idrs.iter().filter(|idr| **idr >= first).for_each(|idr| self.consider(*idr, faults));
            return;
        }
        let from = self.boundary;
        idrs.iter().filter(|idr| from.is_none_or(|from| **idr > from)).for_each(|idr| self.consider(*idr, faults));
    }

    /// Nothing came for a while: the open segment ends where the pictures end, and the next one starts with an IDR.
    fn part(&mut self, resumes: MediaTime) {
        if let Some(end) = self.end_of_reference() {
            let goes_on = resumes.since(end) <= self.tick();
            self.segmenter.part(if goes_on { resumes } else { end });
        }
        (self.boundary, self.ending) = (None, None);
    }

    /// The reference rung's first picture of another encoder. Its clock is kept where it says what the one before would have
    /// said by now, give or take a segment that comes at once; else it is moved behind what is stored, as late as it came.
    fn take_up(&mut self, unit: &mut AccessUnit, now: Duration) {
        if !unit.is_random_access {
            return;
        }
        self.is_renewed = false;
        let Some(end) = self.end_of_reference() else { return };
        let ahead = unit.pts.since(end.plus(self.silence(now)));
        let is_behind = ahead.plus(self.longest_segment) < MediaDuration::ZERO;
        if unit.pts.plus(self.tick()) < end || is_behind || ahead > Reel::GAP {
            self.move_behind(unit, now);
        } else {
            self.part(unit.pts);
        }
    }

    /// The source went back in time.
    fn restart(&mut self, unit: &mut AccessUnit, now: Duration, faults: &mut VecDeque<Trouble>) {
        let before = self.position().map_or(MediaDuration::ZERO, |position| unit.pts.since(position));
        let by_millis = before.flicks() / MediaDuration::from_millis(1).flicks();
        faults.push_back(Trouble::of(unit.track, Fault::TimeJump { by_millis }));
        self.move_behind(unit, now);
    }

    /// Moves the source's clock on, so that `unit` stands where it would have, had its clock not gone back.
    fn move_behind(&mut self, unit: &mut AccessUnit, now: Duration) {
        let Some(end) = self.end_of_reference() else { return };
        self.segmenter.finish(end);
        (self.boundary, self.ending) = (None, None);
        let by = end.plus(self.silence(now)).since(unit.pts);
        self.offset = self.offset.plus(by);
        (unit.pts, unit.dts) = (unit.pts.plus(by), unit.dts.plus(by));
        self.reels.iter_mut().for_each(Reel::renew);
    }

    /// The reference rung's track in the merged contribution.
    fn source(&self) -> Option<TrackId> {
        self.reels.get(self.reference).map(|reel| reel.source)
    }

    /// How much longer than a picture lasts nothing has come of the reference rung.
    fn silence(&self, now: Duration) -> MediaDuration {
        let Some(reel) = self.reels.get(self.reference) else { return MediaDuration::ZERO };
        let since = MediaDuration::from_std(now.saturating_sub(reel.arrived));
        since.minus(reel.nominal).max(MediaDuration::ZERO)
    }

    /// Where the reference rung's newest picture is over, in whole ticks of its source: a picture that follows it at once, in
    /// milliseconds say, does not come before that.
    fn end_of_reference(&self) -> Option<MediaTime> {
        let reel = self.reels.get(self.reference)?;
        let ticks = reel.newest?.minus(self.offset).ticks(reel.clock).saturating_add(reel.whole_ticks());
        Some(MediaTime::from_ticks(ticks, reel.clock).plus(self.offset))
    }

    /// What the source rounds its times to.
    fn tick(&self) -> MediaDuration {
        let clock = self.reels.get(self.reference).map_or(Timescale::MPEG, |reel| reel.clock);
        MediaDuration::from_ticks(1, clock)
    }

    /// Tells once what is wrong with a rung, and counts how often.
    fn note(&mut self, fault: &SegmentFault, faults: &mut VecDeque<Trouble>) {
        let (SegmentFault::Missing { track, .. } | SegmentFault::Misaligned { track, .. }) = fault;
        let Some(reel) = self.reels.iter_mut().find(|reel| reel.id == *track && !reel.is_text()) else { return };
        let told = match fault {
            SegmentFault::Missing { .. } => std::mem::replace(&mut reel.is_missing, true),
            SegmentFault::Misaligned { start, first, is_random_access, .. } => {
                if self.unaligned.len() < Self::UNALIGNED {
                    let is_off = first != start;
                    let lacks_idr = is_off || !is_random_access;
                    self.unaligned.push_back(Unaligned { track: reel.source, lacks_idr, is_off });
                }
                std::mem::replace(&mut reel.is_unaligned, true)
            }
        };
        if !told {
            let what = format!("{}: {fault}", reel.name);
            faults.push_back(Trouble::of(reel.source, Fault::Output { what }));
        }
    }
}

/// Why the rest of a GOP is dropped.
const OUTGREW: &str = "its GOP is longer than the longest segment that was told";
