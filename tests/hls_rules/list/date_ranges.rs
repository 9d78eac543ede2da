//! Rules of EXT-X-DATERANGE (RFC 8216 clause 4.3.2.7).

use super::{
    Check::Media as OfMedia, Level::Must, Report, Rule, attributes::Attributes, date::instant, media::Media, rule,
};

pub const RULES: &[Rule] = &[
    rule("date-range.date-time", "RFC 8216 4.3.2.7", Must, OfMedia(date_time)),
    rule("date-range.start", "RFC 8216 4.3.2.7", Must, OfMedia(start)),
    rule("date-range.dates", "RFC 8216 4.3.2.7", Must, OfMedia(dates)),
    rule("date-range.end", "RFC 8216 4.3.2.7", Must, OfMedia(end)),
    rule("date-range.duration", "RFC 8216 4.3.2.7", Must, OfMedia(duration)),
    rule("date-range.end-on-next", "RFC 8216 4.3.2.7", Must, OfMedia(end_on_next)),
    rule("date-range.overlap", "RFC 8216 4.3.2.7", Must, OfMedia(overlap)),
    rule("date-range.same", "RFC 8216 4.3.2.7", Must, OfMedia(same)),
    rule("date-range.client-attribute", "RFC 8216 4.3.2.7", Must, OfMedia(client_attribute)),
    rule("date-range.section", "RFC 8216 4.3.2.7.1", Must, OfMedia(section)),
];

/// Ranges need a clock.
fn date_time(media: &Media, report: &mut Report) {
    if let Some((line, _)) = media.ranges.first()
        && !media.segments.is_empty()
        && media.with_open().all(|segment| segment.own_date.is_none())
    {
        report.say(*line, "no EXT-X-PROGRAM-DATE-TIME in the playlist");
    }
}

/// A range's attributes out of all its tags, in the order of their first one.
pub fn merged(media: &Media) -> Vec<(usize, Attributes)> {
    let mut all: Vec<(usize, Attributes)> = Vec::new();
    for (line, range) in &media.ranges {
        match all.iter_mut().find(|(_, other)| other.get("ID") == range.get("ID")) {
            None => all.push((*line, range.clone())),
            Some((_, other)) => {
                let new = range.0.iter().filter(|one| other.find(&one.name).is_none()).cloned().collect::<Vec<_>>();
                other.0.extend(new);
            }
        }
    }
    all
}

fn start(media: &Media, report: &mut Report) {
    for (line, range) in merged(media) {
        if range.get("START-DATE").is_none() {
            report.say(line, "no START-DATE");
        }
    }
}

fn dates(media: &Media, report: &mut Report) {
    for (line, range) in &media.ranges {
        for name in ["START-DATE", "END-DATE"] {
            if range.get(name).is_some_and(|date| instant(date).is_none()) {
                report.say(*line, format!("{name} is no date"));
            }
        }
    }
}

fn at(range: &Attributes, name: &str) -> Option<i64> {
    range.get(name).and_then(instant)
}

fn end(media: &Media, report: &mut Report) {
    for (line, range) in merged(media) {
        if let (Some(start), Some(end)) = (at(&range, "START-DATE"), at(&range, "END-DATE"))
            && start > end
        {
            report.say(line, "END-DATE before START-DATE");
        }
    }
}

/// To the millisecond, which is what dates have.
fn duration(media: &Media, report: &mut Report) {
    for (line, range) in merged(media) {
        let (Some(start), Some(end)) = (at(&range, "START-DATE"), at(&range, "END-DATE")) else { continue };
        let Some(seconds) = range.float("DURATION") else { continue };
        if (start + (seconds * 1e6).round() as i64 - end).abs() > 1000 && start <= end {
            report.say(line, "DURATION is not END-DATE less START-DATE");
        }
    }
}

fn end_on_next(media: &Media, report: &mut Report) {
    for (line, range) in merged(media).into_iter().filter(|(_, range)| range.is_yes("END-ON-NEXT")) {
        if range.find("CLASS").is_none() {
            report.say(line, "END-ON-NEXT without CLASS");
        }
        if range.find("DURATION").is_some() || range.find("END-DATE").is_some() {
            report.say(line, "END-ON-NEXT with an end");
        }
    }
}

/// Of a class in which ranges end where the next one starts no two start at once.
fn overlap(media: &Media, report: &mut Report) {
    let all = merged(media);
    let ends = |range: &Attributes| range.is_yes("END-ON-NEXT") && range.find("CLASS").is_some();
    for (n, (line, range)) in all.iter().enumerate().filter(|(_, (_, range))| ends(range)) {
        let earlier = all.iter().take(n).filter(|(_, other)| other.get("CLASS") == range.get("CLASS"));
        for _ in earlier.filter(|(_, other)| at(other, "START-DATE") == at(range, "START-DATE")) {
            report.say(*line, "two of a class at once");
        }
    }
}

/// Every tag of a range says the same of what it says.
fn same(media: &Media, report: &mut Report) {
    let all = merged(media);
    for (line, range) in &media.ranges {
        let Some((_, whole)) = all.iter().find(|(_, other)| other.get("ID") == range.get("ID")) else { continue };
        for one in range.0.iter().filter(|one| whole.get(&one.name) != Some(&one.value)) {
            report.say(*line, format!("{} is another one than before", one.name));
        }
    }
}

/// What is of nobody else begins with X-.
fn client_attribute(media: &Media, report: &mut Report) {
    let known = super::tags::TAGS.iter().find(|tag| tag.name == "EXT-X-DATERANGE").map(|tag| tag.form);
    let Some(super::tags::Form::List(known)) = known else { return };
    for (line, range) in &media.ranges {
        let is_known = |name: &str| name.starts_with("X-") || known.iter().any(|known| known.name == name);
        for one in range.0.iter().filter(|one| !is_known(&one.name)) {
            report.say(*line, format!("{} is of nobody", one.name));
        }
    }
}

/// A whole `splice_info_section` (SCTE 35 clause 9.6): its table, and its length in bytes, of which three stand before it.
fn section(media: &Media, report: &mut Report) {
    for (line, range) in &media.ranges {
        for name in ["SCTE35-CMD", "SCTE35-OUT", "SCTE35-IN"] {
            let Some(hex) = range.get(name).and_then(|value| value.get(2..)) else { continue };
            let length = hex.get(3..6).and_then(|length| usize::from_str_radix(length, 16).ok());
            if !hex.starts_with("FC") || length.map(|length| 2 * (length + 3)) != Some(hex.len()) {
                report.say(*line, format!("{name} is no splice_info_section"));
            }
        }
    }
}
