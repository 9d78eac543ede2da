//! Low latency: the tags of a media playlist's live edge (RFC 8216bis clauses 4.4.3.7, 4.4.3.8, 4.4.4.9 and 4.4.5).

use std::fmt::Write as _;

use super::{format::HlsFormat, times::write_seconds};
use crate::{
    archive::Segmenter,
    media::{Pack, Part, PartSpan, Presentation, Segment, Span, TrackSpec},
    time::{MediaDuration, MediaTime},
};

/// What a playlist shows of the segments behind those that it keeps ready.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'a> {
    /// Parts of the segment that is not whole yet.
    pub open: &'a [Part],
    /// For each track whether it is listed.
    pub offered: &'a [bool],
    /// The newest whole segment, and how many parts of it are known.
    pub newest: Option<(&'a Segment, usize)>,
}

impl Edge<'_> {
    /// How long the parts behind the newest segment last, about.
    pub(super) fn lasts(&self) -> MediaDuration {
        self.open.iter().map(|part| part.length).fold(MediaDuration::ZERO, MediaDuration::plus)
    }
}

/// Whether the fragments of a track come in parts: text now and then has no place in a grid.
#[must_use]
pub const fn has_parts(track: &TrackSpec) -> bool {
    track.format.is_video() || track.format.is_audio()
}

/// How long parts of a track last at most, where `length` is asked for: parts are whole frames of the channel ([`Segmenter::cut_parts`])
/// and what is left of a segment, or time stamps that were rounded.
#[must_use]
pub fn part_target(track: &TrackSpec, length: MediaDuration) -> MediaDuration {
    let unit = track.nominal_unit();
    let whole = length.flicks().saturating_add(unit.flicks()).saturating_sub(1).checked_div(unit.flicks());
    match whole.filter(|_| !track.format.is_video()) {
        // Whole access units, one more in some parts than in others.
        Some(count) => unit.times(count.max(1)),
        None => length.max(unit).plus(Segmenter::SLIVER),
    }
}

/// `EXT-X-SERVER-CONTROL` and `EXT-X-PART-INF`. Parts may be played from three part targets behind the edge; what is further behind
/// than `skip` may be left out of an update.
pub(super) fn write_control(text: &mut String, target: MediaDuration, skip: u64) {
    let _ = write!(text, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={skip}.0,PART-HOLD-BACK=");
    write_seconds(text, target.times(3));
    text.push_str("\n#EXT-X-PART-INF:PART-TARGET=");
    write_seconds(text, target);
    text.push('\n');
}

/// `EXT-X-PART` for each part of a segment, which may be whole.
pub(super) fn write_parts(
    text: &mut String,
    (track, position): (&TrackSpec, usize),
    (parts, is_whole): (&[Part], bool),
) {
    let spans = parts.iter().filter_map(|part| part.spans.get(position));
    let mut spans: Vec<&PartSpan> = spans.collect();
    // A segment may end before a rendition has anything in the last part of another one.
    while is_whole && spans.pop_if(|span| span.is_missing()).is_some() {}
    // A rendition that comes back brings the whole of its fragment at once.
    if is_whole && spans.first().is_some_and(|span| span.is_missing()) {
        return;
    }
    let fragment = spans.iter().find(|span| !span.is_missing()).map_or(0, |span| span.fragment);
    for ((index, span), part) in spans.iter().enumerate().zip(parts) {
        text.push_str("#EXT-X-PART:DURATION=");
        let lasts = MediaTime::from_ticks(span.duration.into(), track.timescale).since(MediaTime::ZERO);
        // One with nothing in it keeps its place, so that all renditions count alike.
        write_seconds(text, if span.is_missing() { part.length } else { lasts });
        text.push_str(",URI=\"");
        HlsFormat::Cmaf.write_part(text, track, fragment, index);
        text.push('"');
        if span.is_independent {
            text.push_str(",INDEPENDENT=YES");
        }
        if span.is_missing() {
            text.push_str(",GAP=YES");
        }
        text.push('\n');
    }
}

/// `EXT-X-PRELOAD-HINT` for the part that comes next.
pub(super) fn write_hint(text: &mut String, (track, position): (&TrackSpec, usize), edge: &Edge<'_>) {
    let begun = edge.open.iter().filter_map(|part| part.spans.get(position)).find(|span| !span.is_missing());
    let next = || edge.newest.and_then(|(segment, _)| segment.spans.get(position)).map(Span::end);
    let fragment = if edge.open.is_empty() { next() } else { begun.map(|span| span.fragment) };
    if let Some(fragment) = fragment {
        text.push_str("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"");
        HlsFormat::Cmaf.write_part(text, track, fragment, edge.open.len());
        text.push_str("\"\n");
    }
}

/// `EXT-X-RENDITION-REPORT` for every other playlist: all have come as far.
pub(super) fn write_reports(text: &mut String, presentation: &Presentation, position: usize, edge: &Edge<'_>) {
    let open = edge.open.last().map(|part| (part.sequence, part.index.into()));
    let whole = edge.newest.map(|(segment, parts)| (segment.sequence, parts.checked_sub(1)));
    let others = presentation.tracks.iter().zip(edge.offered).enumerate();
    for (_, (track, _)) in others.filter(|(other, (_, is_offered))| **is_offered && *other != position) {
        let newest = open.map(|(sequence, index): (u64, u64)| (sequence, Some(index)));
        let newest = newest.filter(|_| has_parts(track)).or_else(|| {
            whole.map(|(sequence, part)| (sequence, part.filter(|_| has_parts(track)).map(|part| part as u64)))
        });
        let Some((sequence, part)) = newest else { continue };
        let uri = HlsFormat::Cmaf.playlist(track, None, "");
        let _ = write!(text, "#EXT-X-RENDITION-REPORT:URI=\"../{uri}\",LAST-MSN={sequence}");
        if let Some(part) = part {
            let _ = write!(text, ",LAST-PART={part}");
        }
        text.push('\n');
    }
}

/// The segment that is not whole yet, as far as its tags say anything of it.
pub(super) fn open_segment(parts: &[Part]) -> Option<Segment> {
    let first = parts.first()?;
    let spans = (0..first.spans.len()).map(|track| {
        let span = parts.iter().filter_map(|part| part.spans.get(track)).find(|span| !span.is_missing());
        Span { start: span.or(first.spans.get(track)).map_or(0, |span| span.fragment), ..Span::default() }
    });
    Some(Segment {
        sequence: first.sequence,
        start: first.start,
        duration: MediaDuration::ZERO,
        is_discontinuous: first.is_discontinuous,
        spans: spans.collect(),
        cues: first.cues.clone(),
        pack: Pack::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        archive::{
            SegmenterLimits,
            rig::{ladder, pictures},
        },
        media::{AccessUnit, FrameRate, TrackId},
        time::Timescale,
    };

    const T0: MediaTime = MediaTime::from_flicks(1_800_000_000 * 705_600_000);

    #[test]
    fn parts_are_whole_frames_of_which_no_player_is_told_too_little() {
        let third = MediaDuration::from_flicks(705_600_000 / 3);
        for (rate, frames) in
            [("24", 8), ("24000/1001", 8), ("25", 8), ("30", 10), ("30000/1001", 10), ("50", 17), ("60", 20), ("20", 6)]
        {
            let (num, den) = rate.split_once('/').unwrap_or((rate, "1"));
            let frame = FrameRate::new(num.parse().unwrap(), den.parse().unwrap()).unwrap().frame_duration();
            let mut segmenter = Segmenter::new(vec![ladder().remove(0)], SegmenterLimits::default());
            segmenter.cut_parts(third, frame);
            segmenter.boundary(T0).unwrap();
            for n in 0..=frames {
                let at = T0.plus(frame.times(n));
                let picture =
                    AccessUnit { pts: at, dts: at, is_random_access: n == 0, ..pictures(0, T0, 0..1).remove(0) };
                segmenter.push(TrackId(0), picture).unwrap();
            }
            let part = segmenter.pull_part().unwrap_or_else(|| panic!("{rate}")).part;
            let lasts = MediaDuration::from_ticks(part.spans[0].duration.into(), Timescale::MPEG);
            let off = lasts.minus(frame.times(frames)).flicks().abs();
            assert!(off < 20_000, "{rate}: {lasts:?}");
            // RFC 8216bis clause 4.4.4.9: no more than the target, and no less than 85 % of it.
            let target = part_target(&ladder()[0], third);
            assert!(lasts <= target && lasts.flicks() * 100 >= target.flicks() * 85, "{rate}: {lasts:?} of {target:?}");
        }
    }
}
