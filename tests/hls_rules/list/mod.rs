//! A list of rules of HLS of our own: RFC 8216, its successor (draft-pantos-hls-rfc8216bis, "bis" here) and, where neither
//! says anything, Apple's authoring specification.
//!
//! Each rule is a line of a table: its name, its clause, how strict it is, what it looks at. Media behind URIs is none of its business,
//! but for what a caller measured ([`Facts`]). To add a rule: a line in the table of its file, and a test that breaks it in
//! `breaks/`; without one `every_rule_is_broken` fails.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of the list")]

pub mod apple;
pub mod attributes;
pub mod captions;
pub mod date;
pub mod date_ranges;
pub mod i_frames;
pub mod lines;
pub mod low_latency;
pub mod media;
pub mod multivariant;
pub mod playlist;
pub mod reload;
pub mod renditions;
pub mod segments;
pub mod session;
pub mod set;
pub mod set_rates;
pub mod tags;
pub mod text;
pub mod variants;
pub mod versions;

use lines::Document;
use media::Media;
use multivariant::Multivariant;
pub use set::{Facts, Set};

#[derive(Debug)]
pub struct Rule {
    pub name: &'static str,
    pub clause: &'static str,
    pub level: Level,
    pub check: Check,
}

/// How strict a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Must,
    Should,
    /// Apple's alone.
    Apple,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Any playlist, line by line.
    Text(fn(&Document, &mut Report)),
    Media(fn(&Media, &mut Report)),
    Multivariant(fn(&Multivariant, &mut Report)),
    /// A media playlist and the same one later.
    Reload(fn(&Media, &Media, &mut Report)),
    /// A multivariant playlist with all that it leads to.
    Set(fn(&Set, &mut Report)),
}

pub const fn rule(name: &'static str, clause: &'static str, level: Level, check: Check) -> Rule {
    Rule { name, clause, level, check }
}

/// Every rule.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        text::RULES,
        versions::RULES,
        playlist::RULES,
        segments::RULES,
        date_ranges::RULES,
        low_latency::RULES,
        variants::RULES,
        renditions::RULES,
        captions::RULES,
        session::RULES,
        reload::RULES,
        set::RULES,
        set_rates::RULES,
        i_frames::RULES,
        apple::RULES,
    ]
    .into_iter()
    .flatten()
}

/// Something that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub rule: &'static str,
    pub clause: &'static str,
    pub level: Level,
    /// From 1 on; 0 where it is no line's fault.
    pub line: usize,
    pub what: String,
}

/// Where rules say what they found.
pub struct Report {
    rule: &'static Rule,
    complaints: Vec<Complaint>,
}

impl Report {
    pub fn say(&mut self, line: usize, what: impl Into<String>) {
        let Rule { name, clause, level, .. } = *self.rule;
        self.complaints.push(Complaint { rule: name, clause, level, line, what: what.into() });
    }
}

fn run(check: impl Fn(&Check, &mut Report)) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for rule in rules() {
        let mut report = Report { rule, complaints };
        check(&rule.check, &mut report);
        complaints = report.complaints;
    }
    complaints
}

/// What is wrong with one playlist of either kind.
pub fn check(bytes: &[u8]) -> Vec<Complaint> {
    let document = Document::read(bytes);
    let multivariant = document.is_multivariant().then(|| Multivariant::read(&document));
    let media = multivariant.is_none().then(|| Media::read(&document));
    run(|check, report| match (check, &media, &multivariant) {
        (Check::Text(rule), ..) => rule(&document, report),
        (Check::Media(rule), Some(media), _) => rule(media, report),
        (Check::Multivariant(rule), _, Some(multivariant)) => rule(multivariant, report),
        _ => {}
    })
}

/// What is wrong between a media playlist and the same one later; neither is checked by itself.
pub fn check_reload(before: &[u8], after: &[u8]) -> Vec<Complaint> {
    let [before, after] = [before, after].map(|bytes| Media::read(&Document::read(bytes)));
    run(|check, report| {
        if let Check::Reload(rule) = check {
            rule(&before, &after, report);
        }
    })
}

/// What is wrong between a multivariant playlist and those that it leads to; none is checked by itself.
pub fn check_set(set: &Set) -> Vec<Complaint> {
    run(|check, report| {
        if let Check::Set(rule) = check {
            rule(set, report);
        }
    })
}

/// One line for each complaint.
pub fn told(complaints: &[Complaint]) -> String {
    let one =
        |one: &Complaint| format!("{} ({}, {:?}) line {}: {}\n", one.rule, one.clause, one.level, one.line, one.what);
    complaints.iter().map(one).collect()
}
