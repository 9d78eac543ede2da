//! The media playlist of one rendition (RFC 8216 clause 4.3.3), kept up incrementally.

use std::{collections::VecDeque, fmt::Write as _, sync::Arc};

use super::{
    edge::{self, Edge},
    format::HlsFormat,
};
use crate::{
    media::{Body, Part, Presentation, Segment, Span, TrackSpec},
    package::rope::Rope,
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime},
};

/// A media playlist that follows a timeline.
///
/// Tell it of every segment that joins and, in order, of every one that leaves. Each line of a segment is written once;
/// rendering writes the head anew and shares the rest. With [parts](Self::show_parts), the newest segments are written anew, too.
#[derive(Clone, Debug)]
pub struct MediaPlaylist {
    pub(super) format: HlsFormat,
    pub(super) presentation: Arc<Presentation>,
    pub(super) track: usize,
    pub(super) target_duration: u64,
    pub(super) entries: Rope,
    /// Segments in there, how many of them have cues, and where the newest of them ends.
    pub(super) written: u64,
    pub(super) written_to: MediaTime,
    pub(super) cued: u64,
    /// The newest segments, which are not in there, where parts are shown.
    pub(super) recent: VecDeque<Segment>,
    /// How long parts are to be.
    pub(super) part_length: Option<MediaDuration>,
    /// Discontinuities that have left.
    pub(super) discontinuity_sequence: u64,
    /// It lists the I-frame of each segment.
    pub(super) is_of_i_frames: bool,
    /// No segment ever leaves it.
    pub(super) keeps_all: bool,
    /// One entry's text, kept for its memory.
    pub(super) scratch: String,
}

impl MediaPlaylist {
    /// An empty playlist of the track at this position; `longest` is what no segment's duration exceeds. Versions 3 and 4 list
    /// the same, so that one playlist will do for both.
    #[must_use]
    pub fn new(format: HlsFormat, presentation: Arc<Presentation>, track: usize, longest: MediaDuration) -> Self {
        Self {
            format,
            presentation,
            track,
            target_duration: target_duration(longest),
            entries: Rope::default(),
            written: 0,
            written_to: MediaTime::ZERO,
            cued: 0,
            recent: VecDeque::new(),
            part_length: None,
            discontinuity_sequence: 0,
            is_of_i_frames: false,
            keeps_all: false,
            scratch: String::new(),
        }
    }

    /// The same behind so many discontinuities that it lists no more.
    #[must_use]
    pub const fn behind(mut self, discontinuities: u64) -> Self {
        self.discontinuity_sequence = discontinuities;
        self
    }

    /// The same of I-frames alone (RFC 8216 clause 4.3.3.6): the first picture of each segment, in a resource of its own.
    #[must_use]
    pub const fn of_i_frames(mut self) -> Self {
        self.is_of_i_frames = true;
        self
    }

    /// The same where no segment ever leaves: until it ends it is of the type `EVENT` (RFC 8216 clause 4.3.3.5).
    #[must_use]
    pub const fn keeping_all(mut self, keeps_all: bool) -> Self {
        self.keeps_all = keeps_all;
        self
    }

    /// From here on the live edge is shown in parts, which are to be so long. Only fragmented MP4 has them, and no text.
    pub fn show_parts(&mut self, length: MediaDuration) {
        let track = self.presentation.tracks.get(self.track);
        if self.format == HlsFormat::Cmaf && track.is_some_and(edge::has_parts) {
            self.part_length = Some(length);
        }
    }

    /// A segment joined at the live edge.
    pub fn append(&mut self, segment: &Segment) {
        if self.part_length.is_none() {
            return self.push_entry(segment);
        }
        self.recent.push_back(segment.clone());
        let from = self.skips_to(segment);
        while let Some(old) = self.recent.pop_front_if(|old| old.end() <= from) {
            self.push_entry(&old);
        }
    }

    /// The oldest segment, which is this one, left the window.
    pub fn remove(&mut self, segment: &Segment) {
        if self.recent.pop_front_if(|recent| recent.sequence == segment.sequence).is_none() {
            self.write_entry(segment);
            self.entries.advance(self.scratch.len());
            self.written = self.written.saturating_sub(1);
            self.cued = self.cued.saturating_sub(u64::from(!segment.cues.is_empty()));
        }
        self.pass(segment);
    }

    /// A segment left the window that was never listed, or no longer is.
    pub fn pass(&mut self, segment: &Segment) {
        self.discontinuity_sequence = self.discontinuity_sequence.saturating_add(u64::from(segment.is_discontinuous));
    }

    /// The playlist as it stands, `first` being the oldest segment that it lists. Live players poll it; an ended one has
    /// `EXT-X-ENDLIST` and is of the type `VOD`. `format` may be the other one of versions 3 and 4.
    #[must_use]
    pub fn render(&self, format: HlsFormat, first: Option<&Segment>, is_ended: bool) -> Body {
        // What was said of parts stands when there are none any more: the target of them must not change (RFC 8216bis clause 6.2.1).
        let mut parts = vec![self.head(format, self.part_length, first, is_ended).into()];
        self.entries.share(&mut parts);
        let mut tail = String::new();
        self.recent.iter().for_each(|segment| self.write_segment(&mut tail, segment, (self.track, &[])));
        if is_ended {
            tail.push_str("#EXT-X-ENDLIST\n");
        }
        parts.push(tail.into());
        parts.into()
    }

    /// The playlist with the parts of its live edge, as the playlist of the track at this position, whose segments are the same.
    /// `parts_of` gives the parts of a segment. Where `skips`, and as far as it may, what
    /// a player has from the last time is left out (RFC 8216bis clause 6.2.5.1).
    #[must_use]
    pub fn render_edge<'a>(
        &self,
        position: usize,
        first: Option<&Segment>,
        edge: &Edge<'_>,
        parts_of: impl Fn(u64) -> &'a [Part],
        skips: bool,
    ) -> Body {
        let Some(track) = self.presentation.tracks.get(position) else { return Body::new() };
        // Ranges of dates must not be skipped, and they stand among the segments.
        let is_known = self.recent.back().is_some_and(|newest| self.written_to <= self.skips_to(newest));
        let skips = skips && self.written > 0 && is_known && self.cued == 0;
        let mut pieces = Vec::new();
        if skips {
            let mut head = self.opening(9, self.part_length, first, false);
            let _ = writeln!(head, "#EXT-X-SKIP:SKIPPED-SEGMENTS={}", self.written);
            self.write_set_up(&mut head, HlsFormat::Cmaf, self.recent.front());
            pieces.push(head.into());
        } else {
            pieces.push(self.head(HlsFormat::Cmaf, self.part_length, first, false).into());
            self.entries.share(&mut pieces);
        }
        let mut tail = String::with_capacity(4096);
        let from = self.recent.back().map(|newest| newest.end().plus(edge.lasts()).minus(self.targets(PARTS_FOR)));
        for segment in &self.recent {
            let is_near = from.is_some_and(|from| segment.start >= from);
            let parts = if is_near { parts_of(segment.sequence) } else { &[] };
            self.write_segment(&mut tail, segment, (position, parts));
        }
        if let Some(open) = edge::open_segment(edge.open) {
            self.write_opening(&mut tail, &open);
            edge::write_parts(&mut tail, (track, position), (edge.open, false));
        }
        edge::write_hint(&mut tail, (track, position), edge);
        edge::write_reports(&mut tail, &self.presentation, position, edge);
        pieces.push(tail.into());
        pieces.into()
    }

    fn push_entry(&mut self, segment: &Segment) {
        self.write_entry(segment);
        self.entries.push(&self.scratch);
        self.written = self.written.saturating_add(1);
        self.written_to = segment.end();
        self.cued = self.cued.saturating_add(u64::from(!segment.cues.is_empty()));
    }

    /// Writes the lines of one segment into `scratch`; the same segment always gives the same lines.
    fn write_entry(&mut self, segment: &Segment) {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        self.write_segment(&mut text, segment, (self.track, &[]));
        self.scratch = text;
    }

    /// Players know what ends before that, where this segment is the newest.
    fn skips_to(&self, newest: &Segment) -> MediaTime {
        newest.end().minus(self.targets(SKIP_UNTIL))
    }

    /// So many target durations.
    fn targets(&self, count: u64) -> MediaDuration {
        let seconds = self.target_duration.saturating_mul(count);
        MediaDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX / FLICKS_PER_SECOND))
    }

    pub(super) fn span(&self, segment: &Segment) -> Option<(&TrackSpec, Span)> {
        Some((self.presentation.tracks.get(self.track)?, *segment.spans.get(self.track)?))
    }
}

/// Target durations behind the live edge from which on nothing is left out of an update: the least that RFC 8216bis clause 4.4.3.8
/// allows.
pub(super) const SKIP_UNTIL: u64 = 6;

/// Target durations behind the live edge for which segments are listed with their parts (RFC 8216bis clause 4.4.4.9).
const PARTS_FOR: u64 = 3;

/// EXT-X-TARGETDURATION where no segment is longer than `longest`: RFC 8216 clause 4.3.3.1 compares after rounding to the
/// nearest second.
fn target_duration(longest: MediaDuration) -> u64 {
    let seconds = longest.flicks().saturating_add(FLICKS_PER_SECOND / 2) / FLICKS_PER_SECOND;
    u64::try_from(seconds).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_as_the_rfc_compares_them() {
        let of = |ticks| target_duration(MediaDuration::from_ticks(ticks, crate::time::Timescale::MPEG));
        assert_eq!([of(180_000), of(180_180), of(224_999), of(225_000), of(1)], [2, 2, 2, 3, 1]);
    }
}
