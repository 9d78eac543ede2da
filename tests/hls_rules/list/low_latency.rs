//! Rules of low latency: parts, hints, reports, delta updates and what a server says that it can (bis clauses 4.4.3.7, 4.4.3.8,
//! 4.4.4.9, 4.4.5.2 to 4.4.5.4 and appendix B).

use super::{
    Check::Media as OfMedia,
    Level::{Must, Should},
    Report, Rule,
    media::Media,
    rule,
};

pub const RULES: &[Rule] = &[
    rule("control.hold-back", "bis 4.4.3.8", Must, OfMedia(hold_back)),
    rule("control.part-hold-back", "bis 4.4.3.8", Must, OfMedia(part_hold_back)),
    rule("control.part-hold-back-wide", "bis 4.4.3.8", Should, OfMedia(wide)),
    rule("control.can-skip-until", "bis 4.4.3.8", Must, OfMedia(can_skip_until)),
    rule("control.can-skip-date-ranges", "bis 4.4.3.8", Must, OfMedia(can_skip_date_ranges)),
    rule("control.can-block-reload", "bis B.1", Must, OfMedia(can_block_reload)),
    rule("part-inf.present", "bis 4.4.3.7", Must, OfMedia(part_inf)),
    rule("part.target", "bis 4.4.3.7", Must, OfMedia(part_target)),
    rule("part.short", "bis 4.4.3.7", Must, OfMedia(part_short)),
    rule("part.sum", "bis 4.4.4.9", Must, OfMedia(part_sum)),
    rule("part.old", "bis 4.4.4.9", Should, OfMedia(part_old)),
    rule("part.range", "bis 4.4.4.9", Must, OfMedia(part_range)),
    rule("hint.once", "bis 4.4.5.3", Must, OfMedia(hint_once)),
    rule("hint.new", "bis 4.4.5.3", Must, OfMedia(hint_new)),
    rule("hint.ended", "bis 4.4.5.3", Should, OfMedia(hint_ended)),
    rule("report.relative", "bis 4.4.5.4", Must, OfMedia(report_relative)),
    rule("report.part", "bis 4.4.5.4", Must, OfMedia(report_part)),
    rule("skip.control", "bis 4.4.5.2", Must, OfMedia(skip_control)),
    rule("skip.boundary", "bis 6.2.5.1", Must, OfMedia(skip_boundary)),
];

/// What the server says of itself under this name, in seconds, and in which line.
fn said(media: &Media, name: &str) -> Option<(usize, f64)> {
    media.control.as_ref().and_then(|(line, control)| Some((*line, control.float(name)?)))
}

fn part_goal(media: &Media) -> Option<(usize, f64)> {
    media.part_inf.as_ref().and_then(|(line, inf)| Some((*line, inf.float("PART-TARGET")?)))
}

fn target(media: &Media) -> f64 {
    media.target.unwrap_or(0) as f64
}

/// Complains of what is said under this name and is below `lowest` seconds.
fn at_least(media: &Media, name: &str, lowest: f64, report: &mut Report) {
    if let Some((line, seconds)) = said(media, name).filter(|(_, seconds)| *seconds < lowest - 1e-9) {
        report.say(line, format!("{name} is {seconds} and may not be below {lowest}"));
    }
}

fn hold_back(media: &Media, report: &mut Report) {
    at_least(media, "HOLD-BACK", 3.0 * target(media), report);
}

fn part_hold_back(media: &Media, report: &mut Report) {
    let Some((line, goal)) = part_goal(media) else { return };
    if said(media, "PART-HOLD-BACK").is_none() {
        report.say(line, "EXT-X-PART-INF without PART-HOLD-BACK");
    }
    at_least(media, "PART-HOLD-BACK", 2.0 * goal, report);
}

fn wide(media: &Media, report: &mut Report) {
    let Some((_, goal)) = part_goal(media) else { return };
    if said(media, "PART-HOLD-BACK").is_some_and(|(_, seconds)| seconds >= 2.0 * goal) {
        at_least(media, "PART-HOLD-BACK", 3.0 * goal, report);
    }
}

fn can_skip_until(media: &Media, report: &mut Report) {
    at_least(media, "CAN-SKIP-UNTIL", 6.0 * target(media), report);
}

fn can_skip_date_ranges(media: &Media, report: &mut Report) {
    let Some((line, control)) = &media.control else { return };
    if control.is_yes("CAN-SKIP-DATERANGES") && control.find("CAN-SKIP-UNTIL").is_none() {
        report.say(*line, "CAN-SKIP-DATERANGES without CAN-SKIP-UNTIL");
    }
}

fn can_block_reload(media: &Media, report: &mut Report) {
    let can = media.control.as_ref().is_some_and(|(_, control)| control.is_yes("CAN-BLOCK-RELOAD"));
    if let Some((line, _)) = media.part_inf.as_ref().filter(|_| !can && !media.is_ended) {
        report.say(*line, "parts, and no CAN-BLOCK-RELOAD");
    }
}

fn part_inf(media: &Media, report: &mut Report) {
    if let Some((line, _)) = media.parts().next().filter(|_| media.part_inf.is_none()) {
        report.say(*line, "a part without EXT-X-PART-INF");
    }
}

fn part_target(media: &Media, report: &mut Report) {
    let Some((_, goal)) = part_goal(media) else { return };
    for (line, part) in media.parts() {
        if let Some(seconds) = part.float("DURATION").filter(|seconds| *seconds > goal + 1e-9) {
            report.say(*line, format!("{seconds} s, and the target is {goal}"));
        }
    }
}

/// At least 85% of the target, but for gaps and the last one of a segment.
fn part_short(media: &Media, report: &mut Report) {
    let Some((_, goal)) = part_goal(media) else { return };
    for segment in media.with_open() {
        let is_whole = !segment.uri.is_empty();
        let inner = segment.parts.len().saturating_sub(usize::from(is_whole));
        for (line, part) in segment.parts.iter().take(inner).filter(|(_, part)| !part.is_yes("GAP")) {
            if let Some(seconds) = part.float("DURATION").filter(|seconds| *seconds < 0.85 * goal - 1e-9) {
                report.say(*line, format!("{seconds} s, and the target is {goal}"));
            }
        }
    }
}

/// The parts of a segment are the whole of it.
fn part_sum(media: &Media, report: &mut Report) {
    for segment in media.segments.iter().filter(|segment| !segment.parts.is_empty()) {
        let sum: f64 = segment.parts.iter().filter_map(|(_, part)| part.float("DURATION")).sum();
        if (sum - segment.seconds).abs() > 0.001 * segment.parts.len() as f64 {
            report.say(segment.line, format!("{} s, and its parts {sum}", segment.seconds));
        }
    }
}

/// Parts are of use near the live edge, which is three target durations.
fn part_old(media: &Media, report: &mut Report) {
    let mut behind: f64 = media.open.parts.iter().filter_map(|(_, part)| part.float("DURATION")).sum();
    for segment in media.segments.iter().rev() {
        if let Some((line, _)) = segment.parts.first().filter(|_| behind > 3.0 * target(media) + 1e-9) {
            report.say(*line, format!("a part {behind} s behind the live edge"));
        }
        behind += segment.seconds;
    }
}

fn part_range(media: &Media, report: &mut Report) {
    for (line, part) in media.parts() {
        if part.get("BYTERANGE").is_some_and(|range| !super::text::is_range(range)) {
            report.say(*line, "BYTERANGE of a part");
        }
    }
}

fn hint_once(media: &Media, report: &mut Report) {
    for (n, (line, hint)) in media.hints.iter().enumerate() {
        if media.hints.iter().take(n).any(|(_, other)| other.get("TYPE") == hint.get("TYPE")) {
            report.say(*line, "a second hint of its type");
        }
    }
}

/// A hint is of what is not there yet.
fn hint_new(media: &Media, report: &mut Report) {
    for (line, hint) in media.hints.iter().filter(|(_, hint)| hint.find("BYTERANGE-START").is_none()) {
        let uri = hint.get("URI");
        if media.parts().any(|(_, part)| part.get("URI") == uri && uri.is_some()) {
            report.say(*line, "a hint of what is listed");
        }
    }
}

fn hint_ended(media: &Media, report: &mut Report) {
    if let Some((line, _)) = media.hints.first().filter(|_| media.is_ended) {
        report.say(*line, "a hint in a playlist that has ended");
    }
}

/// Relative to the playlist that has the report.
fn report_relative(media: &Media, report: &mut Report) {
    for (line, one) in &media.reports {
        if one.get("URI").is_some_and(|uri| uri.contains("://")) {
            report.say(*line, "an absolute URI");
        }
    }
}

fn report_part(media: &Media, report: &mut Report) {
    for (line, one) in &media.reports {
        if media.part_inf.is_some() && one.find("LAST-PART").is_none() {
            report.say(*line, "no LAST-PART");
        }
    }
}

fn skip_control(media: &Media, report: &mut Report) {
    let Some((line, skip)) = &media.skip else { return };
    let control = media.control.as_ref().map(|(_, control)| control);
    let has = |name| control.is_some_and(|control| control.find(name).is_some());
    if !has("CAN-SKIP-UNTIL") {
        report.say(*line, "EXT-X-SKIP without CAN-SKIP-UNTIL");
    }
    if skip.find("RECENTLY-REMOVED-DATERANGES").is_some() && !has("CAN-SKIP-DATERANGES") {
        report.say(*line, "RECENTLY-REMOVED-DATERANGES without CAN-SKIP-DATERANGES");
    }
}

/// All that is left out is further from the end than the server says that it skips: what is left covers that.
fn skip_boundary(media: &Media, report: &mut Report) {
    let (Some((line, _)), Some((_, until))) = (&media.skip, said(media, "CAN-SKIP-UNTIL")) else { return };
    let parts: f64 = media.open.parts.iter().filter_map(|(_, part)| part.float("DURATION")).sum();
    let left = media.seconds() + parts;
    if left < until - 1e-9 {
        report.say(*line, format!("{left} s are left of {until}"));
    }
}
