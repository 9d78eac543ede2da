//! Rules of playlists of I-frames: what a multivariant playlist says of them, and how they go with the others (RFC 8216 clauses
//! 4.3.4.3 and 6.2.4).

use super::{
    Check::{Multivariant as OfMultivariant, Set as OfSet},
    Level::{Must, Should},
    Report, Rule, Set,
    attributes::Attributes,
    multivariant::{Multivariant, PICTURES},
    rule,
    set::{Listed, has_dates, matching},
    set_rates::peak,
};

pub const RULES: &[Rule] = &[
    rule("i-frames.codecs", "RFC 8216 4.3.4.3", Should, OfMultivariant(codecs)),
    rule("i-frames.resolution", "RFC 8216 4.3.4.3", Should, OfMultivariant(resolution)),
    rule("set.i-frames", "RFC 8216 4.3.4.3", Must, OfSet(only)),
    rule("set.i-frames-bandwidth", "RFC 8216 4.3.4.3", Must, OfSet(measured_bandwidth)),
    rule("set.i-frames-codecs", "RFC 8216 4.3.4.3", Must, OfSet(measured_codecs)),
    rule("set.i-frames-resolution", "RFC 8216 4.3.4.3", Must, OfSet(measured_resolution)),
    rule("set.i-frames-target-duration", "RFC 8216 6.2.4", Must, OfSet(target)),
    rule("set.i-frames-discontinuity", "RFC 8216 6.2.4", Must, OfSet(discontinuity)),
    rule("set.i-frames-date-time", "bis 6.2.4", Must, OfSet(date_time)),
];

fn told(one: &Attributes) -> Vec<&str> {
    one.get("CODECS").into_iter().flat_map(|codecs| codecs.split(',')).map(str::trim).collect()
}

/// There is one, and it is of pictures: nothing else is in such a playlist.
fn codecs(playlist: &Multivariant, report: &mut Report) {
    for (line, one) in &playlist.i_frames {
        let codecs = told(one);
        let is_picture = |codec: &&str| PICTURES.contains(&codec.split('.').next().unwrap_or(""));
        if codecs.is_empty() || !codecs.iter().all(is_picture) {
            report.say(*line, format!("CODECS of I-frames are {codecs:?}"));
        }
    }
}

fn resolution(playlist: &Multivariant, report: &mut Report) {
    for (line, _) in playlist.i_frames.iter().filter(|(_, one)| one.find("RESOLUTION").is_none()) {
        report.say(*line, "I-frames without RESOLUTION");
    }
}

/// Playlists of I-frames that are there, with what is said of them.
fn found(set: &Set) -> impl Iterator<Item = (usize, &Attributes, &Listed)> {
    set.multivariant.i_frames.iter().filter_map(|(line, one)| Some((*line, one, set.playlists.get(one.get("URI")?)?)))
}

/// Playlists of I-frames say so, and others are none.
fn only(set: &Set, report: &mut Report) {
    for (line, ..) in found(set).filter(|(_, _, listed)| !listed.media.is_i_frames_only) {
        report.say(line, "a playlist without EXT-X-I-FRAMES-ONLY");
    }
    for (line, uri, _) in set.found().filter(|(_, _, media)| media.is_i_frames_only) {
        report.say(line, format!("{uri} has I-frames only"));
    }
}

fn measured_bandwidth(set: &Set, report: &mut Report) {
    for (line, one, listed) in found(set) {
        let (Some(told), Some(facts)) = (one.integer("BANDWIDTH"), &listed.facts) else { continue };
        let peak = peak(&listed.media, facts);
        if peak > told as f64 + 1.0 {
            report.say(line, format!("{peak:.0} bit/s, and BANDWIDTH is {told}"));
        }
    }
}

fn measured_codecs(set: &Set, report: &mut Report) {
    for (line, one, listed) in found(set).filter(|(_, one, _)| one.find("CODECS").is_some()) {
        for codec in listed.facts.iter().flat_map(|facts| &facts.codecs) {
            if !told(one).iter().any(|told| told.eq_ignore_ascii_case(codec)) {
                report.say(line, format!("the I-frames are {codec}"));
            }
        }
    }
}

fn measured_resolution(set: &Set, report: &mut Report) {
    for (line, one, listed) in found(set) {
        let Some((width, height)) = listed.facts.as_ref().and_then(|facts| facts.size) else { continue };
        if let Some(told) = one.get("RESOLUTION").filter(|told| *told != format!("{width}x{height}")) {
            report.say(line, format!("{width}x{height}, and RESOLUTION is {told}"));
        }
    }
}

/// Only one that is on demand may have a target duration of its own.
fn target(set: &Set, report: &mut Report) {
    let Some((_, _, first)) = set.found().next() else { return };
    for (line, _, listed) in found(set).filter(|(_, _, listed)| listed.media.kind.as_deref() != Some("VOD")) {
        if listed.media.target != first.target {
            report.say(line, format!("{:?} of I-frames is not {:?}", listed.media.target, first.target));
        }
    }
}

/// An I-frame is behind as many discontinuities as the segment that it begins.
fn discontinuity(set: &Set, report: &mut Report) {
    let Some((_, _, first)) = set.found().next() else { return };
    for (line, _, listed) in found(set) {
        if let Some((a, b)) = matching(first, &listed.media).find(|(a, b)| a.discontinuity != b.discontinuity) {
            let what = format!("{} is of {}, and {} of {}", b.uri, b.discontinuity, a.uri, a.discontinuity);
            report.say(line, what);
        }
    }
}

/// In all playlists or in none.
fn date_time(set: &Set, report: &mut Report) {
    let is_dated = set.found().any(|(_, _, media)| has_dates(media));
    let lacks = |listed: &Listed| !has_dates(&listed.media) && !listed.media.segments.is_empty();
    for (line, ..) in found(set).filter(|(_, _, listed)| is_dated && lacks(listed)) {
        report.say(line, "I-frames without dates");
    }
}
