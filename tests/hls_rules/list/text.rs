//! Rules of lines, tags and attribute lists (RFC 8216 clauses 4.1, 4.2 and 4.3.1).

use super::{
    Check::Text,
    Level::{Must, Should},
    Report, Rule,
    attributes::{is_float, is_integer},
    date::instant,
    lines::{Document, Kind},
    rule,
    tags::{Form, Place},
};

pub const RULES: &[Rule] = &[
    rule("text.utf8", "RFC 8216 4.1", Must, Text(utf8)),
    rule("text.control", "RFC 8216 4.1", Must, Text(control)),
    rule("text.white-space", "RFC 8216 4.1", Must, Text(white_space)),
    rule("text.uri", "RFC 8216 4.1", Must, Text(uri)),
    rule("text.extm3u", "RFC 8216 4.3.1.1", Must, Text(extm3u)),
    rule("tag.mixed", "RFC 8216 4.1", Must, Text(mixed)),
    rule("tag.once", "RFC 8216 4.3.3, bis 4.4.3", Must, Text(once)),
    rule("tag.value", "RFC 8216 4.3", Must, Text(value)),
    rule("tag.date", "RFC 8216 4.3.2.6", Should, Text(date)),
    rule("attribute.syntax", "RFC 8216 4.2", Must, Text(syntax)),
    rule("attribute.twice", "RFC 8216 4.2", Must, Text(twice)),
    rule("attribute.type", "RFC 8216 4.2", Must, Text(kind)),
    rule("attribute.required", "RFC 8216 4.3", Must, Text(required)),
];

fn utf8(document: &Document, report: &mut Report) {
    if let Some(at) = document.bad_utf8 {
        report.say(0, format!("byte {at} is no UTF-8"));
    }
    if document.starts_with_bom {
        report.say(1, "a byte order mark");
    }
}

fn control(document: &Document, report: &mut Report) {
    for line in document.lines.iter().filter(|line| line.text.contains(char::is_control)) {
        report.say(line.number, format!("a control character in {:?}", line.text));
    }
}

/// A title and what is no tag of the standard may hold it.
fn white_space(document: &Document, report: &mut Report) {
    for line in &document.lines {
        let is_spaced = match &line.kind {
            Kind::Uri => line.text.contains(char::is_whitespace),
            Kind::Tag(tagged) if !matches!(tagged.tag.form, Form::Inf) => line.text.trim() != line.text,
            _ => false,
        };
        if is_spaced && !line.text.contains(char::is_control) {
            report.say(line.number, format!("white space in {:?}", line.text));
        }
    }
}

/// The characters of RFC 3986, and of variables.
fn uri(document: &Document, report: &mut Report) {
    let is_known = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%{}".contains(c);
    let in_tags = document.tags().filter_map(|(line, tagged)| Some((line.number, tagged.attributes.get("URI")?)));
    let by_themselves = document.lines.iter().filter(|line| matches!(line.kind, Kind::Uri));
    let all = in_tags.chain(by_themselves.map(|line| (line.number, line.text.trim())));
    for (number, uri) in all.filter(|(_, uri)| uri.is_empty() || !uri.chars().all(|c| is_known(c) || c.is_whitespace()))
    {
        report.say(number, format!("{uri:?} is no URI"));
    }
}

fn extm3u(document: &Document, report: &mut Report) {
    if document.lines.first().is_none_or(|line| line.text.trim_end() != "#EXTM3U") {
        report.say(1, "the first line is not #EXTM3U");
    }
}

/// A playlist is of one kind: what has tags of both must not be taken.
fn mixed(document: &Document, report: &mut Report) {
    let first = |wanted: &[Place]| document.tags().find(|(_, tagged)| wanted.contains(&tagged.tag.place));
    let media = first(&[Place::Media, Place::Segment]);
    if let (Some(_), Some((line, tagged))) = (media, first(&[Place::Multivariant])) {
        report.say(line.number, format!("{} in a media playlist", tagged.tag.name));
    }
}

fn once(document: &Document, report: &mut Report) {
    for (line, tagged) in document.tags().filter(|(_, tagged)| tagged.tag.is_once) {
        let first = document.named(tagged.tag.name).next().map(|(number, _)| number);
        if first != Some(line.number) {
            report.say(line.number, format!("{} again", tagged.tag.name));
        }
    }
}

fn value(document: &Document, report: &mut Report) {
    for (line, tagged) in document.tags() {
        let value = tagged.value.as_deref().map(str::trim_end);
        let fits = match tagged.tag.form {
            Form::Nothing => value.is_none(),
            Form::Integer => value.is_some_and(is_integer),
            Form::Word(words) => value.is_some_and(|value| words.contains(&value)),
            Form::Inf => value.and_then(|value| value.split_once(',')).is_some_and(|(seconds, _)| is_float(seconds)),
            Form::Range => value.is_some_and(is_range),
            Form::Date | Form::List(_) => value.is_some(),
        };
        if !fits {
            report.say(line.number, format!("{:?} of {}", tagged.value, tagged.tag.name));
        }
    }
}

/// A length, and where the range begins.
pub fn is_range(text: &str) -> bool {
    text.split_once('@').map_or_else(|| is_integer(text), |(length, offset)| is_integer(length) && is_integer(offset))
}

/// A date without a zone is an instant for nobody.
fn date(document: &Document, report: &mut Report) {
    let tags = document.tags().filter(|(_, tagged)| matches!(tagged.tag.form, Form::Date));
    for (line, tagged) in
        tags.filter(|(_, tagged)| tagged.value.as_deref().is_some_and(|value| instant(value).is_none()))
    {
        report.say(line.number, format!("{:?} is no date with a zone", tagged.value));
    }
}

fn syntax(document: &Document, report: &mut Report) {
    for (line, tagged) in document.tags() {
        if let Some(error) = &tagged.broken {
            report.say(line.number, format!("{}: {error}", tagged.tag.name));
        }
    }
}

fn twice(document: &Document, report: &mut Report) {
    for (line, tagged) in document.tags() {
        let all = &tagged.attributes.0;
        for (n, one) in all.iter().enumerate() {
            if all.iter().take(n).any(|other| other.name == one.name) {
                report.say(line.number, format!("{} twice", one.name));
            }
        }
    }
}

/// Of the attributes that the standard knows; clients ignore others.
fn kind(document: &Document, report: &mut Report) {
    for (line, tagged) in document.tags() {
        let Form::List(known) = tagged.tag.form else { continue };
        for one in &tagged.attributes.0 {
            if let Some(known) = known.iter().find(|known| known.name == one.name && !known.kind.fits(one)) {
                report.say(line.number, format!("{}={:?} is no {:?}", one.name, one.value, known.kind));
            }
        }
    }
}

fn required(document: &Document, report: &mut Report) {
    for (line, tagged) in document.tags().filter(|(_, tagged)| tagged.broken.is_none()) {
        let Form::List(known) = tagged.tag.form else { continue };
        for known in known.iter().filter(|known| known.is_required && tagged.attributes.find(known.name).is_none()) {
            report.say(line.number, format!("{} without {}", tagged.tag.name, known.name));
        }
    }
}
