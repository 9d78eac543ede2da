//! The lines of a media playlist: its head, and what each segment has.

use std::fmt::Write as _;

use super::{
    cues::{write_cues, write_running},
    edge,
    format::HlsFormat,
    media::{MediaPlaylist, SKIP_UNTIL},
    times::{date_time, instant, micros, write_date_time},
};
use crate::{
    media::{Part, Segment},
    time::MediaDuration,
};

impl MediaPlaylist {
    /// What every playlist begins with.
    pub(super) fn opening(
        &self,
        version: usize,
        parts: Option<MediaDuration>,
        first: Option<&Segment>,
        is_ended: bool,
    ) -> String {
        let mut head = String::with_capacity(500);
        let _ = write!(head, "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{}\n", self.target_duration);
        let track = self.presentation.tracks.get(self.track);
        if let Some((length, track)) = parts.zip(track) {
            let target = edge::part_target(track, length);
            edge::write_control(&mut head, target, self.target_duration.saturating_mul(SKIP_UNTIL));
        }
        let _ = writeln!(head, "#EXT-X-MEDIA-SEQUENCE:{}", first.map_or(0, |segment| segment.sequence));
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
        head
    }

    pub(super) fn head(
        &self,
        format: HlsFormat,
        parts: Option<MediaDuration>,
        first: Option<&Segment>,
        is_ended: bool,
    ) -> String {
        let mut head = self.opening(format.version(), parts, first, is_ended);
        self.write_set_up(&mut head, format, first);
        head
    }

    /// What stands before the first segment that is listed.
    pub(super) fn write_set_up(&self, head: &mut String, format: HlsFormat, first: Option<&Segment>) {
        if let Some(track) = self.presentation.tracks.get(self.track).filter(|_| format == HlsFormat::Cmaf) {
            let _ = writeln!(head, "#EXT-X-MAP:URI=\"Fragments({}=i,format=m3u8-cmaf).mp4\"", track.url_track);
        }
        // Where the first one starts with a discontinuity, its own entry says when.
        if let Some(first) = first.filter(|segment| !segment.is_discontinuous)
            && let Some((track, span)) = self.span(first)
        {
            write_date_time(head, date_time(&self.presentation, track, span));
        }
        if let Some(first) = first {
            write_running(head, &self.presentation, first);
        }
    }

    /// What stands before a segment, and before its first part.
    pub(super) fn write_opening(&self, text: &mut String, segment: &Segment) {
        let Some((track, span)) = self.span(segment) else { return };
        if segment.is_discontinuous {
            text.push_str("#EXT-X-DISCONTINUITY\n");
            write_date_time(text, date_time(&self.presentation, track, span));
        }
        write_cues(text, &self.presentation, segment);
    }

    /// The lines of a segment, with its parts as the track at this position has them.
    pub(super) fn write_segment(&self, text: &mut String, segment: &Segment, (position, parts): (usize, &[Part])) {
        if let Some((track, span)) = self.span(segment) {
            self.write_opening(text, segment);
            edge::write_parts(text, (track, position), (parts, true));
            // A difference of rounded instants: rounding errors do not add up over a day.
            let micros = micros(instant(track, span.end())).saturating_sub(micros(instant(track, span.start)));
            let _ = writeln!(text, "#EXTINF:{}.{:06},", micros / 1_000_000, micros % 1_000_000);
            // The tag needs version 8, and older players do not know it. They find out by a 404: a segment that is left out
            // would be missing between others that every variant must have (RFC 8216 clause 6.2.4), and the sequence
            // numbers of its renditions would part.
            if span.is_missing() && self.format == HlsFormat::Cmaf {
                text.push_str("#EXT-X-GAP\n");
            }
            self.format.write_segment(text, track, span.start, self.is_of_i_frames);
        }
    }
}
