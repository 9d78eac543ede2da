//! The media playlist of one rendition (RFC 8216 clause 4.3.3), kept up incrementally.

use std::{fmt::Write as _, sync::Arc};

use super::{
    cues::{write_cues, write_running},
    format::HlsFormat,
};
use crate::{
    media::{Body, Presentation, Segment, Span, TrackSpec},
    package::rope::Rope,
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime, Utc},
};

/// A media playlist that follows a timeline.
///
/// Tell it of every segment that joins and, in order, of every one that leaves. Each line of a segment is written once;
/// rendering writes the head anew and shares the rest.
#[derive(Clone, Debug)]
pub struct MediaPlaylist {
    format: HlsFormat,
    presentation: Arc<Presentation>,
    track: usize,
    target_duration: u64,
    entries: Rope,
    /// Discontinuities that have left.
    discontinuity_sequence: u64,
    /// It lists the I-frame of each segment.
    is_of_i_frames: bool,
    /// No segment ever leaves it.
    keeps_all: bool,
    /// One entry's text, kept for its memory.
    scratch: String,
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

    /// A segment joined at the live edge.
    pub fn append(&mut self, segment: &Segment) {
        self.write_entry(segment);
        self.entries.push(&self.scratch);
    }

    /// The oldest segment, which is this one, left the window.
    pub fn remove(&mut self, segment: &Segment) {
        self.write_entry(segment);
        self.entries.advance(self.scratch.len());
        self.discontinuity_sequence = self.discontinuity_sequence.saturating_add(u64::from(segment.is_discontinuous));
    }

    /// The playlist as it stands, `first` being the oldest segment that it lists. Live players poll it; an ended one has
    /// `EXT-X-ENDLIST` and is of the type `VOD`. `format` may be the other one of versions 3 and 4.
    #[must_use]
    pub fn render(&self, format: HlsFormat, first: Option<&Segment>, is_ended: bool) -> Body {
        let mut parts = vec![self.head(format, first, is_ended).into()];
        self.entries.share(&mut parts);
        if is_ended {
            parts.push(bytes::Bytes::from_static(b"#EXT-X-ENDLIST\n"));
        }
        parts.into()
    }

    fn head(&self, format: HlsFormat, first: Option<&Segment>, is_ended: bool) -> String {
        let mut head = String::with_capacity(400);
        let sequence = first.map_or(0, |segment| segment.sequence);
        let _ = write!(
            head,
            "#EXTM3U\n#EXT-X-VERSION:{}\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n",
            format.version(),
            self.target_duration
        );
        if self.discontinuity_sequence > 0 {
            let _ = writeln!(head, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence);
        }
        match (is_ended, self.keeps_all) {
            (true, _) => head.push_str("#EXT-X-PLAYLIST-TYPE:VOD\n"),
            (false, true) => head.push_str("#EXT-X-PLAYLIST-TYPE:EVENT\n"),
            (false, false) => {}
        }
        let kind = if self.is_of_i_frames { "#EXT-X-I-FRAMES-ONLY\n" } else { "#EXT-X-INDEPENDENT-SEGMENTS\n" };
        head.push_str(kind);
        if let Some(track) = self.presentation.tracks.get(self.track).filter(|_| format == HlsFormat::Cmaf) {
            let _ = writeln!(head, "#EXT-X-MAP:URI=\"Fragments({}=i,format=m3u8-cmaf).mp4\"", track.url_track);
        }
        // Where the first one starts with a discontinuity, its own entry says when.
        if let Some(first) = first.filter(|segment| !segment.is_discontinuous)
            && let Some((track, span)) = self.span(first)
        {
            write_date_time(&mut head, date_time(&self.presentation, track, span));
        }
        if let Some(first) = first {
            write_running(&mut head, &self.presentation, first);
        }
        head
    }

    /// Writes the lines of one segment into `scratch`; the same segment always gives the same lines.
    fn write_entry(&mut self, segment: &Segment) {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        if let Some((track, span)) = self.span(segment) {
            if segment.is_discontinuous {
                text.push_str("#EXT-X-DISCONTINUITY\n");
                write_date_time(&mut text, date_time(&self.presentation, track, span));
            }
            write_cues(&mut text, &self.presentation, segment);
            // A difference of rounded instants: rounding errors do not add up over a day.
            let micros = micros(instant(track, span.end())).saturating_sub(micros(instant(track, span.start)));
            let _ = writeln!(text, "#EXTINF:{}.{:06},", micros / 1_000_000, micros % 1_000_000);
            // The tag needs version 8, and older players do not know it. They find out by a 404: a segment that is left out
            // would be missing between others that every variant must have (RFC 8216 clause 6.2.4), and the sequence
            // numbers of its renditions would part.
            if span.is_missing() && self.format == HlsFormat::Cmaf {
                text.push_str("#EXT-X-GAP\n");
            }
            self.format.write_segment(&mut text, track, span.start, self.is_of_i_frames);
        }
        self.scratch = text;
    }

    fn span(&self, segment: &Segment) -> Option<(&TrackSpec, Span)> {
        Some((self.presentation.tracks.get(self.track)?, *segment.spans.get(self.track)?))
    }
}

/// EXT-X-TARGETDURATION where no segment is longer than `longest`: RFC 8216 clause 4.3.3.1 compares after rounding to the
/// nearest second.
fn target_duration(longest: MediaDuration) -> u64 {
    let seconds = longest.flicks().saturating_add(FLICKS_PER_SECOND / 2) / FLICKS_PER_SECOND;
    u64::try_from(seconds).unwrap_or(1).max(1)
}

fn instant(track: &TrackSpec, ticks: u64) -> MediaTime {
    MediaTime::from_ticks(i64::try_from(ticks).unwrap_or(i64::MAX), track.timescale)
}

/// Microseconds since the epoch, to the nearest.
fn micros(at: MediaTime) -> u64 {
    let micros = (i128::from(at.flicks()) * 10 + 3528).div_euclid(7056);
    u64::try_from(micros).unwrap_or(0)
}

fn date_time(presentation: &Presentation, track: &TrackSpec, span: Span) -> Utc {
    presentation.utc_at(instant(track, span.start))
}

/// Milliseconds, as players read it.
fn write_date_time(text: &mut String, at: Utc) {
    text.push_str("#EXT-X-PROGRAM-DATE-TIME:");
    write_instant(text, at);
    text.push('\n');
}

/// An instant as RFC 3339 writes it, to the millisecond.
pub(super) fn write_instant(text: &mut String, at: Utc) {
    if let Some(at) = chrono::DateTime::from_timestamp_millis(millis_since_epoch(at)) {
        let _ = write!(text, "{}", at.format("%Y-%m-%dT%H:%M:%S%.3fZ"));
    }
}

/// Milliseconds since 1970, to the nearest.
pub(super) const fn millis_since_epoch(at: Utc) -> i64 {
    at.unix_nanos().saturating_add(500_000).div_euclid(1_000_000)
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
