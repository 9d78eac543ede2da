//! Rules of a multivariant playlist with all that it leads to (RFC 8216 clause 6.2.4).

use std::collections::BTreeMap;

use super::{
    Check::Set as OfSet,
    Level::{Must, Should},
    Report, Rule,
    date_ranges::merged,
    lines::Document,
    media::{Media, Segment},
    multivariant::Multivariant,
    rule,
};

pub const RULES: &[Rule] = &[
    rule("set.media", "RFC 8216 4.3.4.2", Must, OfSet(media)),
    rule("set.target-duration", "RFC 8216 6.2.4", Must, OfSet(target)),
    rule("set.discontinuity", "RFC 8216 6.2.4", Must, OfSet(discontinuity)),
    rule("set.date-time", "bis 6.2.4", Must, OfSet(date_time)),
    rule("set.type", "bis 6.2.4", Should, OfSet(kind)),
    rule("set.date-range", "RFC 8216 4.3.2.7", Must, OfSet(date_range)),
    rule("set.report", "bis 4.4.5.4", Must, OfSet(reports)),
];

/// Playlists of one moment.
pub struct Set {
    pub multivariant: Multivariant,
    /// By the URI that the multivariant playlist has.
    pub playlists: BTreeMap<String, Listed>,
}

/// A playlist that a multivariant playlist leads to.
pub struct Listed {
    pub media: Media,
    /// It is a multivariant playlist again.
    pub is_nested: bool,
    pub facts: Option<Facts>,
}

/// What a caller measured of a playlist's media.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Of each segment that it lists, in its order.
    pub bytes: Vec<u64>,
    /// RFC 6381.
    pub codecs: Vec<String>,
    /// Of the pictures.
    pub size: Option<(u64, u64)>,
}

impl Set {
    pub fn new(multivariant: &[u8]) -> Self {
        Self { multivariant: Multivariant::read(&Document::read(multivariant)), playlists: BTreeMap::new() }
    }

    pub fn add(&mut self, uri: &str, playlist: &[u8], facts: Option<Facts>) {
        let document = Document::read(playlist);
        let listed = Listed { media: Media::read(&document), is_nested: document.is_multivariant(), facts };
        self.playlists.insert(uri.into(), listed);
    }

    /// Every URI of a media playlist, each once.
    pub fn uris(&self) -> Vec<&str> {
        let i_frames = self.multivariant.i_frames.iter().filter_map(|(_, one)| one.get("URI"));
        let mut all: Vec<&str> = self.steady().into_iter().map(|(_, uri)| uri).chain(i_frames).collect();
        let text = self.multivariant.renditions.iter().filter(|(_, one)| one.get("TYPE") == Some("SUBTITLES"));
        all.extend(text.filter_map(|(_, one)| one.get("URI")));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Lines and URIs of all but text and I-frames, whose segments may be longer ones.
    fn steady(&self) -> Vec<(usize, &str)> {
        let variants = self.multivariant.variants.iter().filter_map(|one| Some((one.line, one.uri.as_deref()?)));
        let renditions = self.multivariant.renditions.iter().filter(|(_, one)| one.get("TYPE") != Some("SUBTITLES"));
        variants.chain(renditions.filter_map(|(line, one)| Some((*line, one.get("URI")?)))).collect()
    }

    /// Of these those that are there.
    pub fn found(&self) -> impl Iterator<Item = (usize, &str, &Media)> {
        let all = self.steady().into_iter();
        all.filter_map(|(line, uri)| Some((line, uri, &self.playlists.get(uri)?.media)))
    }
}

fn media(set: &Set, report: &mut Report) {
    for uri in set.uris() {
        if set.playlists.get(uri).is_none_or(|listed| listed.is_nested) {
            report.say(0, format!("{uri} is no media playlist"));
        }
    }
}

fn target(set: &Set, report: &mut Report) {
    let first = set.found().next().map(|(_, _, media)| media.target);
    for (line, uri, media) in set.found().filter(|(_, _, media)| Some(media.target) != first) {
        report.say(line, format!("{:?} of {uri} is not {first:?}", media.target));
    }
}

/// Segments of two playlists that begin at the same instant, to a tenth of a second.
pub fn matching<'a>(one: &'a Media, other: &'a Media) -> impl Iterator<Item = (&'a Segment, &'a Segment)> {
    one.segments.iter().filter_map(|segment| {
        let at = segment.date?;
        let off = |other: &&Segment| other.date.map_or(i64::MAX, |date| (date - at).abs());
        Some((segment, other.segments.iter().min_by_key(off).filter(|other| off(other) < 100_000)?))
    })
}

/// The same content has the same discontinuity sequence number everywhere.
fn discontinuity(set: &Set, report: &mut Report) {
    let Some((_, _, first)) = set.found().next() else { return };
    for (line, uri, media) in set.found().skip(1) {
        if let Some((a, b)) = matching(first, media).find(|(a, b)| a.discontinuity != b.discontinuity) {
            let what = format!("{} of {uri} is of {}, and {} of {}", b.uri, b.discontinuity, a.uri, a.discontinuity);
            report.say(line, what);
        }
    }
}

pub fn has_dates(media: &Media) -> bool {
    media.segments.iter().any(|segment| segment.own_date.is_some())
}

/// In all or in none.
fn date_time(set: &Set, report: &mut Report) {
    if set.found().any(|(_, _, media)| has_dates(media)) {
        for (line, uri, _) in set.found().filter(|(_, _, media)| !has_dates(media) && !media.segments.is_empty()) {
            report.say(line, format!("{uri} has no dates"));
        }
    }
}

fn kind(set: &Set, report: &mut Report) {
    let i_frames = set.multivariant.i_frames.iter().filter_map(|(line, one)| Some((*line, one.get("URI")?)));
    let i_frames = i_frames.filter_map(|(line, uri)| Some((line, uri, &set.playlists.get(uri)?.media)));
    let first = set.found().next().map(|(_, _, media)| media.kind.as_deref());
    for (line, uri, media) in set.found().chain(i_frames).filter(|(_, _, media)| Some(media.kind.as_deref()) != first) {
        report.say(line, format!("{uri} is {:?}, and the first {first:?}", media.kind));
    }
}

/// A range is the same one in every playlist.
fn date_range(set: &Set, report: &mut Report) {
    let mut known: BTreeMap<String, super::attributes::Attributes> = BTreeMap::new();
    for (line, uri, media) in set.found() {
        for (_, range) in merged(media) {
            let Some(id) = range.get("ID") else { continue };
            let first = known.entry(id.into()).or_insert_with(|| range.clone());
            if range.0.iter().any(|one| first.get(&one.name).is_some_and(|was| was != one.value)) {
                report.say(line, format!("range {id} of {uri} is another one"));
            }
        }
    }
}

/// A report is of the moment of the playlist that has it. Both being of one folder here, names do.
fn reports(set: &Set, report: &mut Report) {
    let name = |uri: &str| uri.rsplit('/').next().unwrap_or(uri).to_owned();
    for (line, _, media) in set.found() {
        for (_, one) in &media.reports {
            let told = one.get("URI").map(name);
            let of = set.playlists.iter().find(|(uri, _)| Some(name(uri)) == told).map(|(_, listed)| &listed.media);
            let last =
                of.map(|media| if media.open.parts.is_empty() { media.end().saturating_sub(1) } else { media.end() });
            if last.is_none() || one.integer("LAST-MSN") != last {
                report.say(line, format!("{told:?} is at {last:?}, and a report says {:?}", one.get("LAST-MSN")));
            }
        }
    }
}
