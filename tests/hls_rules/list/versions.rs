//! The lowest EXT-X-VERSION of what a playlist uses (RFC 8216 clause 7, bis clause 8).

use super::{Check::Text, Level::Must, Report, Rule, lines::Document, rule, tags::Form};

pub const RULES: &[Rule] = &[
    rule("version.iv", "RFC 8216 7: 2", Must, Text(iv)),
    rule("version.decimal", "RFC 8216 7: 3", Must, Text(decimal)),
    rule("version.byte-range", "RFC 8216 7: 4", Must, Text(byte_range)),
    rule("version.i-frames-only", "RFC 8216 7: 4", Must, Text(i_frames_only)),
    rule("version.key-format", "RFC 8216 7: 5", Must, Text(key_format)),
    rule("version.sample-aes", "bis 8: 5", Must, Text(sample_aes)),
    rule("version.map", "RFC 8216 7: 5 and 6", Must, Text(map)),
    rule("version.service", "RFC 8216 7: 7", Must, Text(service)),
    rule("version.variables", "bis 8: 8", Must, Text(variables)),
    rule("version.skip", "bis 8: 9", Must, Text(skip)),
    rule("version.skip-date-ranges", "bis 8: 10", Must, Text(skip_date_ranges)),
    rule("version.query-parameter", "bis 8: 11", Must, Text(query_parameter)),
    rule("version.required-attribute", "bis 8: 12", Must, Text(required_attribute)),
    rule("version.removed", "RFC 8216 7: 6 and 7", Must, Text(removed)),
];

fn version(document: &Document) -> u64 {
    document.number("EXT-X-VERSION").unwrap_or(1)
}

/// Complains of what is found in a version that is too low for it.
fn needs(document: &Document, lowest: u64, found: impl IntoIterator<Item = usize>, report: &mut Report) {
    let version = version(document);
    if version < lowest
        && let Some(line) = found.into_iter().next()
    {
        report.say(line, format!("version {version}, and this came with {lowest}"));
    }
}

/// Lines of tags of this name that have this attribute.
fn having<'a>(document: &'a Document, tags: &'a [&str], name: &'a str) -> impl Iterator<Item = usize> {
    let tags = tags.iter().flat_map(|tag| document.named(tag));
    tags.filter(move |(_, tagged)| tagged.attributes.find(name).is_some()).map(|(line, _)| line)
}

fn lines<'a>(document: &'a Document, tag: &'a str) -> impl Iterator<Item = usize> {
    document.named(tag).map(|(line, _)| line)
}

const KEYS: &[&str] = &["EXT-X-KEY", "EXT-X-SESSION-KEY"];

fn iv(document: &Document, report: &mut Report) {
    needs(document, 2, having(document, KEYS, "IV"), report);
}

fn decimal(document: &Document, report: &mut Report) {
    let infs = document.named("EXTINF");
    let whole = |value: &str| !value.split(',').next().unwrap_or("").contains('.');
    let found = infs.filter(|(_, tagged)| tagged.value.as_deref().is_some_and(|value| !whole(value)));
    needs(document, 3, found.map(|(line, _)| line), report);
}

fn byte_range(document: &Document, report: &mut Report) {
    needs(document, 4, lines(document, "EXT-X-BYTERANGE"), report);
}

fn i_frames_only(document: &Document, report: &mut Report) {
    needs(document, 4, lines(document, "EXT-X-I-FRAMES-ONLY"), report);
}

fn key_format(document: &Document, report: &mut Report) {
    let found = having(document, KEYS, "KEYFORMAT").chain(having(document, KEYS, "KEYFORMATVERSIONS"));
    needs(document, 5, found, report);
}

fn sample_aes(document: &Document, report: &mut Report) {
    let keys = KEYS.iter().flat_map(|tag| document.named(tag));
    let is_sample = |method: &str| method.starts_with("SAMPLE-AES");
    let found = keys.filter(|(_, key)| key.attributes.get("METHOD").is_some_and(is_sample));
    needs(document, 5, found.map(|(line, _)| line), report);
}

/// With I-frames alone it came a version earlier.
fn map(document: &Document, report: &mut Report) {
    let lowest = if document.has("EXT-X-I-FRAMES-ONLY") { 5 } else { 6 };
    needs(document, lowest, lines(document, "EXT-X-MAP"), report);
}

fn service(document: &Document, report: &mut Report) {
    let is_service = |id: &str| id.starts_with("SERVICE");
    let found = document.named("EXT-X-MEDIA");
    let found = found.filter(|(_, one)| one.attributes.get("INSTREAM-ID").is_some_and(is_service));
    needs(document, 7, found.map(|(line, _)| line), report);
}

fn variables(document: &Document, report: &mut Report) {
    let uses = document.lines.iter().filter(|line| line.text.contains("{$")).map(|line| line.number);
    needs(document, 8, lines(document, "EXT-X-DEFINE").chain(uses), report);
}

fn skip(document: &Document, report: &mut Report) {
    needs(document, 9, lines(document, "EXT-X-SKIP"), report);
}

fn skip_date_ranges(document: &Document, report: &mut Report) {
    needs(document, 10, having(document, &["EXT-X-SKIP"], "RECENTLY-REMOVED-DATERANGES"), report);
}

fn query_parameter(document: &Document, report: &mut Report) {
    needs(document, 11, having(document, &["EXT-X-DEFINE"], "QUERYPARAM"), report);
}

fn required_attribute(document: &Document, report: &mut Report) {
    let is_needed = |one: &super::attributes::Attribute| one.name.starts_with("REQ-");
    let lists = document.tags().filter(|(_, tagged)| matches!(tagged.tag.form, Form::List(_)));
    let found = lists.filter(|(_, tagged)| tagged.attributes.0.iter().any(is_needed));
    needs(document, 12, found.map(|(line, _)| line.number), report);
}

fn removed(document: &Document, report: &mut Report) {
    let version = version(document);
    let cache = lines(document, "EXT-X-ALLOW-CACHE").filter(|_| version >= 7);
    let program =
        having(document, &["EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF"], "PROGRAM-ID").filter(|_| version >= 6);
    for line in cache.chain(program) {
        report.say(line, format!("version {version} has this no more"));
    }
}
