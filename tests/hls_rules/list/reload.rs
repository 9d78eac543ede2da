//! Rules of a media playlist and its predecessor: what was published does not change (RFC 8216 clauses 6.2.1 and 6.2.2).

use super::{
    Check::Reload, Level::Must, Report, Rule, date_ranges::merged, media::Media, rule, segments::DATE_TOLERANCE,
};

pub const RULES: &[Rule] = &[
    rule("reload.head", "RFC 8216 6.2.1", Must, Reload(head)),
    rule("reload.type", "RFC 8216 4.3.3.5", Must, Reload(kind)),
    rule("reload.target-duration", "RFC 8216 6.2.1", Must, Reload(target)),
    rule("reload.segment", "RFC 8216 6.2.1", Must, Reload(segment)),
    rule("reload.media-sequence", "RFC 8216 6.2.2", Must, Reload(sequence)),
    rule("reload.end", "RFC 8216 6.2.1", Must, Reload(end)),
    rule("reload.discontinuity", "RFC 8216 6.2.2", Must, Reload(discontinuity)),
    rule("reload.discontinuity-sequence", "RFC 8216 6.2.2", Must, Reload(discontinuity_sequence)),
    rule("reload.window", "RFC 8216 6.2.2", Must, Reload(window)),
    rule("reload.date-time", "RFC 8216 4.3.2.6", Must, Reload(date_time)),
    rule("reload.date-range", "RFC 8216 4.3.2.7", Must, Reload(date_range)),
    rule("reload.ended", "RFC 8216 4.3.3.4", Must, Reload(ended)),
    rule("reload.vod", "RFC 8216 4.3.3.5", Must, Reload(vod)),
    rule("reload.event", "RFC 8216 4.3.3.5", Must, Reload(event)),
    rule("reload.parts", "bis 6.2.1", Must, Reload(parts)),
    rule("reload.skip", "bis 6.2.5.1", Must, Reload(skip)),
];

/// Tags of the whole playlist are none of what may change.
fn head(before: &Media, after: &Media, report: &mut Report) {
    let list = |one: &Option<(usize, super::attributes::Attributes)>| one.as_ref().map(|(_, list)| list.clone());
    let told = |media: &Media| {
        [
            ("EXT-X-VERSION", format!("{}", media.version)),
            ("EXT-X-I-FRAMES-ONLY", format!("{}", media.is_i_frames_only)),
            ("EXT-X-INDEPENDENT-SEGMENTS", format!("{}", media.is_independent)),
            ("EXT-X-PART-INF", format!("{:?}", list(&media.part_inf))),
            ("EXT-X-SERVER-CONTROL", format!("{:?}", list(&media.control))),
        ]
    };
    // A delta update is of a higher version than the whole playlist need be (bis clause 6.2.5.1).
    let is_free = |name: &str| name == "EXT-X-VERSION" && before.skip.is_some() != after.skip.is_some();
    for ((name, was), (_, is)) in told(before).into_iter().zip(told(after)) {
        if was != is && !is_free(name) {
            report.say(0, format!("{name} was {was} and is {is}"));
        }
    }
}

/// What may grow or not stays like that, but that it is on demand once it has ended: who reads that it has does not read it again.
fn kind(before: &Media, after: &Media, report: &mut Report) {
    let ends = !before.is_ended && after.is_ended && after.kind.as_deref() == Some("VOD");
    if before.kind != after.kind && !ends {
        report.say(0, format!("EXT-X-PLAYLIST-TYPE was {:?} and is {:?}", before.kind, after.kind));
    }
}

fn target(before: &Media, after: &Media, report: &mut Report) {
    if before.target != after.target {
        report.say(0, format!("{:?} was the target, and now is {:?}", before.target, after.target));
    }
}

/// A number stands for the same segment for ever.
fn segment(before: &Media, after: &Media, report: &mut Report) {
    for (old, new) in pairs(before, after) {
        let told = |one: &super::media::Segment| (one.uri.clone(), one.inf.clone(), one.byte_range.clone(), one.is_gap);
        let is_same = (&old.uri, &old.inf, &old.byte_range, old.is_gap, &old.key, &old.map)
            == (&new.uri, &new.inf, &new.byte_range, new.is_gap, &new.key, &new.map);
        if !is_same {
            report.say(new.line, format!("number {} was {:?} and is {:?}", new.number, told(old), told(new)));
        }
    }
}

/// Segments that both have.
fn pairs<'a>(
    before: &'a Media,
    after: &'a Media,
) -> impl Iterator<Item = (&'a super::media::Segment, &'a super::media::Segment)> {
    before.segments.iter().filter_map(|old| Some((old, after.find(old.number)?)))
}

fn sequence(before: &Media, after: &Media, report: &mut Report) {
    if after.sequence < before.sequence {
        report.say(0, format!("{} was the first number, and now is {}", before.sequence, after.sequence));
    }
}

/// What was listed leaves at the beginning alone.
fn end(before: &Media, after: &Media, report: &mut Report) {
    if after.end() < before.end() && after.sequence >= before.sequence {
        report.say(0, format!("{} was the next number, and now is {}", before.end(), after.end()));
    }
}

/// A segment keeps its discontinuity sequence number: what leaves with a discontinuity is counted.
fn discontinuity(before: &Media, after: &Media, report: &mut Report) {
    for (old, new) in pairs(before, after) {
        if (old.discontinuity, old.is_discontinuous) != (new.discontinuity, new.is_discontinuous) {
            let what = format!("number {} was of {} and is of {}", old.number, old.discontinuity, new.discontinuity);
            report.say(new.line, what);
            return;
        }
    }
}

fn discontinuity_sequence(before: &Media, after: &Media, report: &mut Report) {
    let has_common = pairs(before, after).next().is_some();
    if after.discontinuity_sequence < before.discontinuity_sequence && !has_common {
        report.say(0, "EXT-X-DISCONTINUITY-SEQUENCE goes back");
    }
}

/// Nothing leaves where less than three target durations would be left.
fn window(before: &Media, after: &Media, report: &mut Report) {
    let lowest = 3.0 * after.target.unwrap_or(0) as f64;
    let seconds = after.seconds();
    if after.sequence > before.sequence && after.skip.is_none() && !after.is_ended && seconds < lowest - 1e-9 {
        report.say(0, format!("{seconds} s are left"));
    }
}

/// A segment is of one instant.
fn date_time(before: &Media, after: &Media, report: &mut Report) {
    for (old, new) in pairs(before, after) {
        if let (Some(was), Some(is)) = (old.date, new.date)
            && (was - is).abs() > DATE_TOLERANCE
        {
            report.say(new.line, format!("number {} moved by {} µs", new.number, is - was));
            return;
        }
    }
}

fn date_range(before: &Media, after: &Media, report: &mut Report) {
    let known = merged(before);
    for (line, range) in merged(after) {
        let Some((_, old)) = known.iter().find(|(_, old)| old.get("ID") == range.get("ID")) else { continue };
        for one in range.0.iter().filter(|one| old.get(&one.name).is_some_and(|was| was != one.value)) {
            report.say(line, format!("{} of {:?} is another one", one.name, range.get("ID")));
        }
    }
}

/// Whether both say the same of the same segments.
fn is_same(before: &Media, after: &Media) -> bool {
    (before.sequence, before.segments.len(), before.is_ended) == (after.sequence, after.segments.len(), after.is_ended)
}

/// The end is final.
fn ended(before: &Media, after: &Media, report: &mut Report) {
    if before.is_ended && !is_same(before, after) {
        report.say(0, "it had ended");
    }
}

fn vod(before: &Media, after: &Media, report: &mut Report) {
    if before.kind.as_deref() == Some("VOD") && !before.is_ended && !is_same(before, after) {
        report.say(0, "EXT-X-PLAYLIST-TYPE is VOD, and it changes");
    }
}

fn event(before: &Media, after: &Media, report: &mut Report) {
    if before.kind.as_deref() == Some("EVENT") && after.sequence != before.sequence {
        report.say(0, "EXT-X-PLAYLIST-TYPE is EVENT, and segments leave");
    }
}

/// Parts come at the end of their segment's, and go with all of them.
fn parts(before: &Media, after: &Media, report: &mut Report) {
    for old in before.with_open().filter(|old| !old.parts.is_empty()) {
        let Some(new) = after.with_open().find(|new| new.number == old.number) else { continue };
        let mut both = old.parts.iter().zip(&new.parts);
        let is_open = new.uri.is_empty();
        let is_kept = both.all(|((_, old), (_, new))| old == new) && new.parts.len() >= old.parts.len();
        if !is_kept && (is_open || !new.parts.is_empty()) {
            report.say(new.line, format!("parts of number {} are others", new.number));
        }
    }
}

/// A client has what a delta update leaves out.
fn skip(before: &Media, after: &Media, report: &mut Report) {
    let Some((line, _)) = &after.skip else { return };
    let first = after.segments.first().unwrap_or(&after.open).number;
    if first > before.end() {
        report.say(*line, format!("it goes on with {first}, and {} was not listed yet", before.end()));
    }
}
