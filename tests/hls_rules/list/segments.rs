//! Rules of media segments (RFC 8216 clause 4.3.2).

use super::{
    Check::Media as OfMedia,
    Level::{Must, Should},
    Report, Rule,
    media::Media,
    rule,
    text::is_range,
};

pub const RULES: &[Rule] = &[
    rule("segment.duration", "RFC 8216 4.3.2.1", Must, OfMedia(duration)),
    rule("byte-range.offset", "RFC 8216 4.3.2.2", Must, OfMedia(offset)),
    rule("key.uri", "RFC 8216 4.3.2.4", Must, OfMedia(key_uri)),
    rule("key.none", "RFC 8216 4.3.2.4", Must, OfMedia(key_none)),
    rule("key.iv", "RFC 8216 4.3.2.4", Must, OfMedia(key_iv)),
    rule("key.format-versions", "RFC 8216 4.3.2.4", Must, OfMedia(format_versions)),
    rule("map.iv", "RFC 8216 4.3.2.5", Must, OfMedia(map_iv)),
    rule("map.byte-range", "RFC 8216 4.3.2.5", Must, OfMedia(map_range)),
    rule("map.fragmented", "RFC 8216 3.3", Must, OfMedia(fragmented)),
    rule("discontinuity.format", "RFC 8216 4.3.2.3", Must, OfMedia(format)),
    rule("date-time.steady", "RFC 8216 4.3.2.6", Should, OfMedia(steady)),
];

fn duration(media: &Media, report: &mut Report) {
    for segment in media.segments.iter().filter(|segment| segment.inf.is_none()) {
        report.say(segment.line, "a segment without EXTINF");
    }
}

/// Without an offset a range begins where the one before ended, in the same resource.
fn offset(media: &Media, report: &mut Report) {
    for (n, segment) in media.segments.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|n| media.segments.get(n));
        let goes_on = before.is_some_and(|before| before.byte_range.is_some() && before.uri == segment.uri);
        if segment.byte_range.as_deref().is_some_and(|range| !range.contains('@')) && !goes_on {
            report.say(segment.line, "a range without a beginning");
        }
    }
}

/// Calls with each key once, where it begins to apply.
fn keys(media: &Media, mut each: impl FnMut(usize, &super::attributes::Attributes)) {
    let mut before = None;
    for segment in &media.segments {
        if let Some(key) = segment.key.as_ref().filter(|key| before != Some(*key)) {
            each(segment.line, key);
        }
        before = segment.key.as_ref();
    }
}

fn key_uri(media: &Media, report: &mut Report) {
    keys(media, |line, key| {
        if key.get("METHOD") != Some("NONE") && key.get("URI").is_none() {
            report.say(line, "a key without a URI");
        }
    });
}

fn key_none(media: &Media, report: &mut Report) {
    keys(media, |line, key| {
        if key.get("METHOD") == Some("NONE") && key.0.len() > 1 {
            report.say(line, "METHOD=NONE has attributes");
        }
    });
}

fn key_iv(media: &Media, report: &mut Report) {
    keys(media, |line, key| {
        if key.get("IV").is_some_and(|iv| iv.len() > 34) {
            report.say(line, "an IV of more than 128 bits");
        }
    });
}

/// Numbers of 1 and above with slashes between them.
fn format_versions(media: &Media, report: &mut Report) {
    let is_good = |text: &str| text.split('/').all(|one| one.parse::<u64>().is_ok_and(|one| one > 0));
    keys(media, |line, key| {
        if key.get("KEYFORMATVERSIONS").is_some_and(|versions| !is_good(versions)) {
            report.say(line, "KEYFORMATVERSIONS");
        }
    });
}

/// The initialization section has no media sequence number to make an IV of.
fn map_iv(media: &Media, report: &mut Report) {
    let whole = |method: Option<&str>| method == Some("AES-128");
    let wanted = |segment: &&super::media::Segment| {
        segment.map.is_some()
            && segment.key.as_ref().is_some_and(|key| whole(key.get("METHOD")) && key.get("IV").is_none())
    };
    if let Some(segment) = media.segments.iter().find(wanted) {
        report.say(segment.line, "EXT-X-MAP with AES-128 and no IV");
    }
}

fn map_range(media: &Media, report: &mut Report) {
    let is_bad = |range: &str| !is_range(range);
    for segment in &media.segments {
        if segment.map.as_ref().and_then(|map| map.get("BYTERANGE")).is_some_and(is_bad) {
            report.say(segment.line, "BYTERANGE of EXT-X-MAP");
        }
    }
}

/// What comes behind the last point of a URI's path.
fn extension(uri: &str) -> &str {
    let path = uri.split(['?', '#']).next().unwrap_or(uri).trim();
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension)
}

/// Fragmented MP4 has its initialization section elsewhere.
fn fragmented(media: &Media, report: &mut Report) {
    let is_fragmented = |uri: &str| ["m4s", "mp4", "cmfv", "cmfa"].contains(&extension(uri));
    let mut lost = media.segments.iter().filter(|segment| segment.map.is_none() && is_fragmented(&segment.uri));
    if let Some(segment) = lost.next() {
        report.say(segment.line, "fragmented MP4 without EXT-X-MAP");
    }
}

/// Another file format, or the first or last one that has an initialization section.
fn format(media: &Media, report: &mut Report) {
    for pair in media.segments.windows(2) {
        let [before, after] = pair else { continue };
        let is_other = extension(&before.uri) != extension(&after.uri) || before.map.is_some() != after.map.is_some();
        if is_other && !after.is_discontinuous {
            report.say(after.line, "another format without EXT-X-DISCONTINUITY");
        }
    }
}

/// Dates of segments that follow each other are as far apart as they are long.
fn steady(media: &Media, report: &mut Report) {
    for pair in media.segments.windows(2) {
        let [before, after] = pair else { continue };
        let (Some(start), Some(date), false) = (before.date, after.own_date, after.is_discontinuous) else { continue };
        let off = date - start - (before.seconds * 1e6).round() as i64;
        if off.abs() > DATE_TOLERANCE {
            report.say(after.line, format!("the date is {off} µs off"));
        }
    }
}

/// Dates have milliseconds, and durations are rounded too, in microseconds.
pub const DATE_TOLERANCE: i64 = 5_000;
