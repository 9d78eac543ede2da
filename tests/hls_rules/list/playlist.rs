//! Rules of the head of a media playlist, and of where its tags stand (RFC 8216 clauses 4.3.3 and 4.3.5).

use super::{
    Check::{Media as OfMedia, Text},
    Level::{Must, Should},
    Report, Rule,
    lines::{Document, Kind},
    media::Media,
    rule,
    tags::Place,
};

pub const RULES: &[Rule] = &[
    rule("target-duration.present", "RFC 8216 4.3.3.1", Must, OfMedia(present)),
    rule("target-duration.bound", "RFC 8216 4.3.3.1", Must, OfMedia(bound)),
    rule("media-sequence.place", "RFC 8216 4.3.3.2", Must, Text(sequence_place)),
    rule("discontinuity-sequence.place", "RFC 8216 4.3.3.3", Must, Text(discontinuity_place)),
    rule("segment.dangling", "RFC 8216 4.3.2", Must, Text(dangling)),
    rule("start.offset", "RFC 8216 4.3.5.2", Should, OfMedia(start)),
    rule("i-frames-only.parts", "bis 4.4.3.6", Must, OfMedia(i_frames)),
];

fn present(media: &Media, report: &mut Report) {
    if media.target.is_none() {
        report.say(0, "no EXT-X-TARGETDURATION");
    }
}

/// Compared when it is rounded to the nearest second.
fn bound(media: &Media, report: &mut Report) {
    let Some(target) = media.target else { return };
    for segment in media.segments.iter().filter(|segment| (segment.seconds + 0.5).floor() > target as f64) {
        report.say(segment.line, format!("{} s, and the target is {target}", segment.seconds));
    }
}

/// The first line of these tags, and whether one of `others` stands before it.
fn stands_behind(document: &Document, tag: &str, others: impl Fn(&Kind) -> bool) -> Option<usize> {
    let (number, _) = document.named(tag).next()?;
    document.lines.iter().take(number).any(|line| others(&line.kind)).then_some(number)
}

fn sequence_place(document: &Document, report: &mut Report) {
    if let Some(line) = stands_behind(document, "EXT-X-MEDIA-SEQUENCE", |kind| matches!(kind, Kind::Uri)) {
        report.say(line, "behind the first segment");
    }
}

fn discontinuity_place(document: &Document, report: &mut Report) {
    let is_later = |kind: &Kind| match kind {
        Kind::Tag(tagged) => tagged.tag.name == "EXT-X-DISCONTINUITY",
        other => matches!(other, Kind::Uri),
    };
    if let Some(line) = stands_behind(document, "EXT-X-DISCONTINUITY-SEQUENCE", is_later) {
        report.say(line, "behind the first segment or discontinuity");
    }
}

/// What tells of the next URI needs one; what may tell of parts to come does not.
fn dangling(document: &Document, report: &mut Report) {
    let last = document.lines.iter().rev().find(|line| matches!(line.kind, Kind::Uri)).map_or(0, |line| line.number);
    let ahead = ["EXTINF", "EXT-X-BYTERANGE", "EXT-X-GAP"];
    let is_ahead = |name: &str| ahead.contains(&name);
    for (line, tagged) in document.tags().filter(|(line, tagged)| line.number > last && is_ahead(tagged.tag.name)) {
        debug_assert_eq!(tagged.tag.place, Place::Segment);
        report.say(line.number, format!("{} without a segment", tagged.tag.name));
    }
}

/// Within the playlist, and where it grows not within three target durations of its end.
fn start(media: &Media, report: &mut Report) {
    let Some((line, start)) = &media.start else { return };
    let Some(offset) = start.float("TIME-OFFSET") else { return };
    let length = media.seconds();
    let from_start = if offset < 0.0 { length + offset } else { offset };
    let latest = if media.is_ended { length } else { length - 3.0 * media.target.unwrap_or(0) as f64 };
    if from_start < 0.0 || from_start > latest {
        report.say(*line, format!("{offset} of {length} s"));
    }
}

/// Its segments are single pictures, which nobody cuts in parts.
fn i_frames(media: &Media, report: &mut Report) {
    if let Some((line, _)) = media.parts().next().filter(|_| media.is_i_frames_only) {
        report.say(*line, "a part in a playlist of I-frames");
    }
}
