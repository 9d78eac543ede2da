//! The renditions of a pass-through channel on one time line, cut at IDRs of the reference rung.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use crate::{
    archive::{Presentation, SegmentFault, Segmenter, SegmenterError, SegmenterLimits},
    channel::{
        SpliceReport,
        drift::Drift,
        on_air::Whole,
        relay::{
            Trouble, Unaligned,
            early::Early,
            reel::{Place, Reel},
            renditions::Settled,
        },
    },
    error::{Fault, FragmentDrop},
    media::{AccessUnit, Track, TrackId},
    splice::{Avails, CaptionScan, Splice},
    time::{MediaDuration, MediaTime},
};

/// How long segments are to be, and their parts.
pub(super) type Cutting = (MediaDuration, Option<MediaDuration>);

/// The time line of a pass-through channel. `cuts` says where its segments begin, `clock` what time it has, `reference` which
/// rung both go by.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) presentation: Arc<Presentation>,
    /// How long a segment usually lasts.
    pub(super) segment_duration: MediaDuration,
    /// The longest that one lasts, as players were told.
    pub(super) longest_segment: MediaDuration,
    /// When the first access unit came, on the monotonic clock and on the time line.
    began: (Duration, MediaTime),
    /// When the tracks were settled: what came before says nothing of when it came.
    opened: Duration,
    pub(super) drift: Drift,
    pub(super) segmenter: Segmenter,
    pub(super) reels: Vec<Reel>,
    /// Whole segments and parts that were not pulled yet.
    ready: VecDeque<Whole>,
    /// Place of the reference rung among the reels.
    pub(super) reference: usize,
    /// Shortest segment.
    pub(super) least: MediaDuration,
    /// What is added to the source's times; zero unless the source went back.
    pub(super) offset: MediaDuration,
    /// Start of the newest segment; `None` until the reference rung shows an IDR.
    pub(super) boundary: Option<MediaTime>,
    /// The next picture of the reference rung has another clock.
    pub(super) is_renewed: bool,
    /// What the other renditions have brought of it meanwhile.
    early: Early,
    pub(super) has_told_long: bool,
    /// A GOP outgrew the longest segment: what is left of it is dropped.
    pub(super) is_cut: bool,
    /// Where such a segment ends, which is not sealed yet: other rungs may come behind.
    pub(super) ending: Option<MediaTime>,
    unaligned: VecDeque<Unaligned>,
    pub(super) avails: Avails,
    /// Splices whose segment is not yet whole, and reports of those that are.
    pub(super) splices: VecDeque<Splice>,
    pub(super) reports: VecDeque<SpliceReport>,
    /// Of the reference rung: the others carry the same.
    pub(super) captions: CaptionScan,
}

impl Run {
    /// Complete segments that may wait for a rung.
    const PATIENCE: usize = 2;
    /// Sparse text may come this much of media time after the pictures.
    const TEXT_LAG: MediaDuration = MediaDuration::from_millis(500);
    /// Time stamps further ahead of the reference rung than this are nonsense until it follows.
    const FAR: MediaDuration = MediaDuration::from_secs(60);
    /// Rungs that do not keep to the grid and were not told yet.
    const UNALIGNED: usize = 1024;
    /// Splices that may wait for their segment: more than open segments could begin with.
    pub(super) const SPLICES: usize = 64;

    pub(super) fn new(settled: Settled, (gop, parts): Cutting, now: Duration) -> Self {
        let Settled { presentation, sources, segment_duration, longest_segment, began } = settled;
        let mut segmenter = Segmenter::new(presentation.tracks.clone(), SegmenterLimits::default());
        let reels: Vec<Reel> =
            sources.iter().zip(&presentation.tracks).map(|(source, spec)| Reel::new(source, spec, now)).collect();
        let sparse: Vec<TrackId> = reels.iter().filter(|reel| reel.is_text()).map(|reel| reel.id).collect();
        segmenter.set_patience(Self::PATIENCE, &sparse, Self::TEXT_LAG);
        if presentation.cues.in_band {
            segmenter.tell_in_band();
        }
        let half = reels.first().map_or(0, |reel| reel.nominal.flicks() / 2);
        let mut run = Self {
            presentation,
            segment_duration,
            longest_segment,
            began,
            opened: now,
            drift: Drift::default(),
            segmenter,
            reels,
            ready: VecDeque::new(),
            reference: 0,
            least: gop.minus(MediaDuration::from_flicks(half)),
            offset: MediaDuration::ZERO,
            boundary: None,
            is_renewed: false,
            early: Early::default(),
            has_told_long: false,
            is_cut: false,
            ending: None,
            unaligned: VecDeque::new(),
            avails: Avails::default(),
            splices: VecDeque::new(),
            reports: VecDeque::new(),
            captions: CaptionScan::default(),
        };
        if let Some(length) = parts {
            let frame = run.reels.first().map_or(MediaDuration::ZERO, |reel| reel.nominal);
            run.segmenter.cut_parts(length, frame);
            // A part that went out is not taken back: no segment can end with a GOP that was passed over.
            run.least = run.least.min(MediaDuration::from_flicks(run.bound().flicks() / 2));
        }
        run
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
        if self.source() == Some(unit.track) {
            self.take(unit, now, faults);
            if !self.is_renewed {
                self.take_early(now, faults);
            }
        } else if !self.is_renewed {
            self.take(unit, now, faults);
        } else if let Err(unit) = self.early.keep(unit, now, self.segment_duration.times(2).to_std()) {
            self.take_early(now, faults);
            self.take(unit, now, faults);
        }
        self.gather(faults);
    }

    fn take_early(&mut self, now: Duration, faults: &mut VecDeque<Trouble>) {
        while let Some(unit) = self.early.take() {
            self.take(unit, now, faults);
        }
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
        self.early.renew();
        self.reels.iter_mut().for_each(|reel| reel.needs_idr = reel.format.is_video());
    }

    /// What has come is all that the open segment has.
    pub(super) fn finish(&mut self) {
        if let Some(end) = self.end_of_reference() {
            self.part(end);
        }
        self.reels.iter_mut().for_each(|reel| reel.needs_idr = reel.format.is_video());
    }

    /// The next part or segment.
    pub(super) fn pull(&mut self, faults: &mut VecDeque<Trouble>) -> Option<Whole> {
        self.gather(faults);
        self.ready.pop_front()
    }

    pub(super) fn pull_unaligned(&mut self) -> Option<Unaligned> {
        self.unaligned.pop_front()
    }

    /// Takes out what is whole, at once: how much of a contribution comes in one piece must not show in what is stored.
    pub(super) fn gather(&mut self, faults: &mut VecDeque<Trouble>) {
        loop {
            self.ready.extend(std::iter::from_fn(|| self.segmenter.pull_part()).map(Whole::Part));
            let Some(sealed) = self.segmenter.pull() else { break };
            let spans = sealed.segment.spans.iter();
            self.reels.iter_mut().zip(spans).filter(|(_, span)| !span.is_missing()).for_each(|(reel, _)| {
                reel.is_missing = false;
            });
            for fault in &sealed.faults {
                self.note(fault, faults);
            }
            self.report_splices(&sealed.segment);
            self.ready.push_back(Whole::Segment(sealed, None));
        }
        let lost = self.early.pull_lost();
        if lost > 0 {
            let fault = Fault::Dropped { count: lost, reason: "another encoder took over" };
            faults.push_back(Trouble { track: None, fault });
        }
        while let Some((id, count)) = self.segmenter.pull_left_out() {
            let source = self.reels.iter().find(|reel| reel.id == id).map(|reel| reel.source);
            let fault = Fault::Dropped { count, reason: "no segment has a place for it" };
            faults.push_back(Trouble { track: source, fault });
        }
    }

    /// Queues an access unit that follows what its rendition has.
    fn follow(&mut self, at: usize, unit: AccessUnit, now: Duration, faults: &mut VecDeque<Trouble>) {
        let Some(reel) = self.reels.get_mut(at) else { return };
        reel.note(&unit, now);
        let (id, is_video, pts) = (reel.id, reel.format.is_video(), unit.pts);
        let starts_gop = unit.is_random_access;
        if at == self.reference {
            self.captions.push(&reel.format, &unit.data, pts);
        }
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
                self.note_drift(pts, now);
            } else {
                self.watch_length(pts, faults);
            }
        } else if is_video {
            self.elect(at, now, faults);
        }
    }

    /// The reference rung's IDR at `at` came now: a segment may start with it.
    fn note_drift(&mut self, at: MediaTime, now: Duration) {
        let (first, zero) = self.began;
        if self.boundary == Some(at) && now > self.opened {
            let late = MediaDuration::from_std(now.saturating_sub(first)).minus(at.since(zero));
            self.drift.note(at, late);
        }
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
