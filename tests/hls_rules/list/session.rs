//! Rules of session data, session keys and variables (RFC 8216 clauses 4.3.4.4 and 4.3.4.5, bis clauses 4.3 and 4.4.2.3).

use super::{
    Check::{Multivariant as OfMultivariant, Text},
    Level::Must,
    Report, Rule,
    lines::Document,
    multivariant::Multivariant,
    rule,
};

pub const RULES: &[Rule] = &[
    rule("session-data.value", "RFC 8216 4.3.4.4", Must, OfMultivariant(value)),
    rule("session-data.unique", "RFC 8216 4.3.4.4", Must, OfMultivariant(unique)),
    rule("session-key.method", "RFC 8216 4.3.4.5", Must, OfMultivariant(method)),
    rule("session-key.unique", "RFC 8216 4.3.4.5", Must, OfMultivariant(keys)),
    rule("define.one", "bis 4.4.2.3", Must, Text(define)),
    rule("define.known", "bis 4.3", Must, Text(known)),
];

fn value(playlist: &Multivariant, report: &mut Report) {
    for (line, one) in &playlist.data {
        if one.find("VALUE").is_some() == one.find("URI").is_some() {
            report.say(*line, "either VALUE or URI");
        }
    }
}

fn unique(playlist: &Multivariant, report: &mut Report) {
    let key = |one: &super::attributes::Attributes| ["DATA-ID", "LANGUAGE"].map(|name| one.get(name).map(String::from));
    for (n, (line, one)) in playlist.data.iter().enumerate() {
        if playlist.data.iter().take(n).any(|(_, other)| key(other) == key(one)) {
            report.say(*line, "the same data in the same language again");
        }
    }
}

fn method(playlist: &Multivariant, report: &mut Report) {
    for (line, _) in playlist.keys.iter().filter(|(_, key)| key.get("METHOD") == Some("NONE")) {
        report.say(*line, "METHOD=NONE");
    }
}

fn keys(playlist: &Multivariant, report: &mut Report) {
    for (n, (line, key)) in playlist.keys.iter().enumerate() {
        if playlist.keys.iter().take(n).any(|(_, other)| other == key) {
            report.say(*line, "the same key again");
        }
    }
}

const WAYS: [&str; 3] = ["NAME", "IMPORT", "QUERYPARAM"];

/// A variable comes from one place, and once; a name has a value.
fn define(document: &Document, report: &mut Report) {
    let mut names = Vec::new();
    for (line, tagged) in document.named("EXT-X-DEFINE") {
        let found: Vec<&str> = WAYS.into_iter().filter_map(|way| tagged.attributes.get(way)).collect();
        let has_value = tagged.attributes.find("NAME").is_none() || tagged.attributes.find("VALUE").is_some();
        if found.len() != 1 || !has_value || found.iter().any(|name| names.contains(name)) {
            report.say(line, "one of NAME with VALUE, IMPORT and QUERYPARAM, of a new name");
        }
        names.extend(found);
    }
}

/// A variable is defined above the line that uses it.
fn known(document: &Document, report: &mut Report) {
    let mut names: Vec<&str> = Vec::new();
    for line in &document.lines {
        for used in line.text.split("{$").skip(1).filter_map(|rest| rest.split('}').next()) {
            if !names.contains(&used) {
                report.say(line.number, format!("{used} is not defined"));
            }
        }
        if let super::lines::Kind::Tag(tagged) = &line.kind
            && tagged.tag.name == "EXT-X-DEFINE"
        {
            names.extend(WAYS.into_iter().filter_map(|way| tagged.attributes.get(way)));
        }
    }
}
