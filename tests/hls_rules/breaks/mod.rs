//! Every rule broken once: a good playlist, an edit, and the rules that complain of it then, which is that one alone where
//! nothing else is said. The good ones are in `good.rs`; a case is a line of the table of its file.

mod apple;
mod date_ranges;
mod good;
mod i_frames;
mod low_latency;
mod media;
mod multivariant;
mod reload;
mod set;
mod text;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use crate::list::{self, Complaint, Facts, Set};

/// A file, what stands in it, and what stands there instead.
type Edit = (&'static str, &'static str, &'static str);

/// One way to break a rule.
struct Break {
    rule: &'static str,
    kind: Kind,
    /// Names and texts of what breaks no rule.
    good: &'static [(&'static str, &'static str)],
    edits: &'static [Edit],
    /// Other rules that complain of the same.
    also: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Kind {
    /// Each file by itself.
    One,
    /// `before` and `after`.
    Reload,
    /// `multivariant`, `facts`, and playlists by their URIs.
    Set,
}

const fn one(rule: &'static str, good: &'static [(&'static str, &'static str)], edits: &'static [Edit]) -> Break {
    Break { rule, kind: Kind::One, good, edits, also: &[] }
}

const fn reload(rule: &'static str, good: &'static [(&'static str, &'static str)], edits: &'static [Edit]) -> Break {
    Break { rule, kind: Kind::Reload, good, edits, also: &[] }
}

const fn set(rule: &'static str, edits: &'static [Edit]) -> Break {
    Break { rule, kind: Kind::Set, good: good::SET, edits, also: &[] }
}

impl Break {
    const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// What complains of the good files, and of the edited ones.
    fn run(&self) -> (Vec<Complaint>, Vec<Complaint>) {
        let good: Files = self.good.iter().map(|(name, text)| (*name, String::from(*text))).collect();
        let mut bad = good.clone();
        for (name, from, to) in self.edits {
            let text = bad.get_mut(name).unwrap_or_else(|| panic!("{}: no file {name}", self.rule));
            assert!(text.contains(from), "{}: {from:?} is not in {name}", self.rule);
            *text = text.replacen(from, to, 1);
        }
        (complaints(self.kind, &good), complaints(self.kind, &bad))
    }
}

type Files = BTreeMap<&'static str, String>;

fn complaints(kind: Kind, files: &Files) -> Vec<Complaint> {
    let playlists = || files.iter().filter(|(name, _)| **name != "facts");
    let mut all: Vec<Complaint> = playlists().flat_map(|(_, text)| list::check(text.as_bytes())).collect();
    all.extend(match kind {
        Kind::One => Vec::new(),
        Kind::Reload => list::check_reload(files["before"].as_bytes(), files["after"].as_bytes()),
        Kind::Set => {
            let mut set = Set::new(files["multivariant"].as_bytes());
            for (uri, text) in playlists().filter(|(name, _)| **name != "multivariant") {
                set.add(uri, text.as_bytes(), facts(&files["facts"], uri));
            }
            list::check_set(&set)
        }
    });
    all
}

/// A line of facts: URI, codecs, size or `-`, bytes of each segment.
fn facts(text: &str, uri: &str) -> Option<Facts> {
    let mut words = text.lines().find_map(|line| line.strip_prefix(uri)?.strip_prefix(' '))?.split(' ');
    let codecs = words.next()?.split(',').map(String::from).collect();
    let size = words.next()?.split_once('x').map(|(w, h)| (w.parse().unwrap(), h.parse().unwrap()));
    Some(Facts { codecs, size, bytes: words.map(|bytes| bytes.parse().unwrap()).collect() })
}

fn breaks() -> impl Iterator<Item = &'static Break> {
    [
        text::BREAKS,
        versions::BREAKS,
        media::BREAKS,
        date_ranges::BREAKS,
        low_latency::BREAKS,
        multivariant::BREAKS,
        reload::BREAKS,
        set::BREAKS,
        i_frames::BREAKS,
        apple::BREAKS,
    ]
    .into_iter()
    .flatten()
}

/// A rule without a test that breaks it fails here; so does a test of no rule.
#[test]
fn every_rule_is_broken() {
    let rules: Vec<&str> = list::rules().map(|rule| rule.name).collect();
    let named: BTreeSet<&str> = rules.iter().copied().collect();
    assert_eq!(named.len(), rules.len(), "names are unique");
    assert_eq!(breaks().map(|case| case.rule).collect::<BTreeSet<_>>(), named);
}

#[test]
fn a_break_is_of_its_rule_and_of_no_other() {
    let mut wrong = String::new();
    for case in breaks() {
        let (good, bad) = case.run();
        let found: BTreeSet<&str> = bad.iter().map(|one| one.rule).collect();
        let wanted: BTreeSet<&str> = case.also.iter().copied().chain([case.rule]).collect();
        if !good.is_empty() || found != wanted {
            let (good, bad) = (list::told(&good), list::told(&bad));
            wrong += &format!("{} {:?}\n good: {good}\n bad: {bad}\n", case.rule, case.edits);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_no_utf_8_is_said() {
    let complaints = list::check(&[good::LIVE[0].1.as_bytes(), b"# \xFF\n"].concat());
    assert_eq!(complaints.iter().map(|one| one.rule).collect::<Vec<_>>(), ["text.utf8"]);
}
