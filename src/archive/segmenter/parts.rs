//! Segments in parts: what is whole of the segment at the live edge, before all of it is.

use std::{collections::VecDeque, sync::Arc};

use super::Segmenter;
use crate::{
    archive::{SealedPart, lane::Cut},
    media::{Body, Part, PartSpan, SegmentCue},
    time::{MediaDuration, MediaTime},
};

/// How segments are cut into parts.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// As asked for.
    target: MediaDuration,
    /// The same in whole frames, in segments that are announced from here on.
    length: MediaDuration,
    /// That of each open segment.
    lengths: VecDeque<MediaDuration>,
    /// How many there are of the first open segment by now.
    count: u32,
}

impl Segmenter {
    /// Parts that a segment has at most; the last one takes the rest.
    const MAX_PARTS: u32 = 255;
    /// What is left of a segment behind a part that is shorter than this belongs to that part: segments are whole frames, which the grid
    /// of parts does not know.
    pub(crate) const SLIVER: MediaDuration = MediaDuration::from_millis(10);

    /// In segments that are announced from here on each fragment is a row of chunks of about `target`: of as many frames that last
    /// `frame`, or just so long where that is zero. They start so long after each other on the media clock, whatever the renditions'
    /// access units last, and the segment at the live edge comes out chunk by chunk, of all renditions together.
    pub fn cut_parts(&mut self, target: MediaDuration, frame: MediaDuration) {
        let length = whole_frames(target, frame);
        match &mut self.parts {
            Some(parts) => (parts.target, parts.length) = (target, length),
            // Those that are announced already are one part each.
            None => {
                let lengths = self.open.iter().map(|_| Parts::WHOLE).collect();
                self.parts = Some(Parts { target, length, lengths, count: 0 });
            }
        }
    }

    /// The next part of the segment at the live edge that is whole in every rendition. Its last one comes with the
    /// [segment](Self::pull), and so does each that was not asked for before.
    #[must_use]
    pub fn pull_part(&mut self) -> Option<SealedPart> {
        if !self.ready.is_empty() {
            return None;
        }
        let (start, end) = self.next_part()?;
        let is_last = self.open.get(1).is_some_and(|next| *next < end.plus(Self::SLIVER));
        let is_whole = self.lanes.iter().all(|lane| !lane.is_awaited() || lane.has_part(start, end));
        let has_any = self.lanes.iter().any(super::Lane::is_awaited);
        (has_any && is_whole && !is_last).then(|| self.cut_part(start, end))
    }

    /// The end of what was given out of the first open segment.
    pub(crate) fn parted_to(&self) -> Option<MediaTime> {
        let (start, parts) = self.open.front().zip(self.parts.as_ref())?;
        if parts.count > 0 { parts.end(*start, parts.count) } else { None }
    }

    /// Every part of the first open segment that ends before `end` and was not asked for.
    pub(super) fn due_parts(&mut self, end: MediaTime) -> Vec<Part> {
        let mut due = Vec::new();
        let is_due = |part_end: MediaTime| part_end.plus(Self::SLIVER) <= end;
        while let Some((start, part_end)) = self.next_part().filter(|(_, part_end)| is_due(*part_end)) {
            due.push(self.cut_part(start, part_end).part);
        }
        due
    }

    /// The last part of a segment, where it has any, of which this is what the renditions hold.
    pub(super) fn close_parts(
        &mut self,
        start: MediaTime,
        cues: &Arc<[SegmentCue]>,
        spans: Vec<PartSpan>,
    ) -> Option<Part> {
        let index = std::mem::take(&mut self.parts.as_mut()?.count);
        Some(Part { is_last: true, ..self.part(index, start, cues, spans) })
    }

    /// The `sequence_number` of the chunk that is cut next. ISO/IEC 14496-12 clause 8.8.5: they increase; from 1 by custom, and
    /// players ignore a wrap.
    pub(super) fn number(&self) -> u32 {
        let sequence = self.next_sequence as u32;
        let Some(parts) = &self.parts else { return sequence.wrapping_add(1) };
        sequence.wrapping_mul(Self::MAX_PARTS.wrapping_add(1)).wrapping_add(parts.count).wrapping_add(1)
    }

    /// Start of the first open segment and end of its next part.
    fn next_part(&self) -> Option<(MediaTime, MediaTime)> {
        let (start, parts) = self.open.front().copied().zip(self.parts.as_ref())?;
        let next = parts.count.saturating_add(1);
        Some((start, parts.end(start, next).filter(|_| next <= Self::MAX_PARTS)?))
    }

    fn cut_part(&mut self, start: MediaTime, end: MediaTime) -> SealedPart {
        let cut = Cut { start, end, is_first: self.sealed_to.is_none(), is_last: false, number: self.number() };
        let cues = self.cues.front().filter(|(at, _)| *at == start).map(|(_, cues)| Arc::clone(cues));
        let cues = cues.unwrap_or_default();
        self.is_fresh = false;
        let (mut spans, mut chunks) = (Vec::new(), Vec::<Body>::new());
        for lane in &mut self.lanes {
            let (span, chunk) = lane.part(cut, &lane.events(&cues, start, self.is_in_band));
            spans.push(span);
            chunks.push(chunk);
        }
        let index = self.parts.as_mut().map_or(0, Parts::step);
        SealedPart { part: self.part(index, start, &cues, spans), chunks }
    }

    fn part(&self, index: u32, start: MediaTime, cues: &Arc<[SegmentCue]>, spans: Vec<PartSpan>) -> Part {
        Part {
            sequence: self.next_sequence,
            index,
            is_last: false,
            start,
            is_discontinuous: self.is_discontinuous(start),
            cues: Arc::clone(cues),
            length: self.parts.as_ref().map_or(MediaDuration::ZERO, |parts| parts.target),
            spans: spans.into(),
        }
    }
}

impl Parts {
    /// Access units come so much early where their times are whole milliseconds, as RTMP has them: each belongs to the part that it
    /// would be in without that.
    const ROUNDING: MediaDuration = MediaDuration::from_millis(2);

    /// Longer than any segment.
    const WHOLE: MediaDuration = MediaDuration::from_secs(24 * 3600);

    /// Where so many parts end of the first open segment, which starts there.
    fn end(&self, start: MediaTime, count: u32) -> Option<MediaTime> {
        Some(start.plus(self.lengths.front()?.times(count.into())).minus(Self::ROUNDING))
    }

    /// A segment was announced.
    pub(super) fn open(&mut self) {
        self.lengths.push_back(self.length);
    }

    /// The segment that was announced last is none.
    pub(super) fn cancel(&mut self) {
        self.lengths.pop_back();
    }

    /// The first open segment is sealed.
    pub(super) fn close(&mut self) {
        self.lengths.pop_front();
    }

    /// One more; its place.
    const fn step(&mut self) -> u32 {
        let index = self.count;
        self.count = index.saturating_add(1);
        index
    }
}

/// As many frames as last about `target`: rather one more than is told to players than one less, as long as that is no more than time
/// stamps may be rounded.
fn whole_frames(target: MediaDuration, frame: MediaDuration) -> MediaDuration {
    const MORE: MediaDuration = MediaDuration::from_millis(7);
    let unit = frame.flicks();
    let Some(most) = target.plus(MORE).flicks().checked_div(unit) else { return target };
    frame.times(most.max(1))
}
