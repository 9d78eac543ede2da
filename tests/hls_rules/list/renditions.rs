//! Rules of renditions and their groups: EXT-X-MEDIA (RFC 8216 clause 4.3.4.1).

use super::{
    Check::Multivariant as OfMultivariant,
    Level::{Must, Should},
    Report, Rule,
    attributes::Attributes,
    multivariant::{GROUPS, Multivariant},
    rule,
};

pub const RULES: &[Rule] = &[
    rule("rendition.uri", "RFC 8216 4.3.4.1", Must, OfMultivariant(uri)),
    rule("rendition.default", "RFC 8216 4.3.4.1", Must, OfMultivariant(default)),
    rule("rendition.forced", "RFC 8216 4.3.4.1", Must, OfMultivariant(forced)),
    rule("rendition.language", "RFC 8216 4.3.4.1", Must, OfMultivariant(language)),
    rule("rendition.channels", "bis 4.4.6.1", Should, OfMultivariant(channels)),
    rule("rendition.channels-form", "RFC 8216 4.3.4.1", Must, OfMultivariant(channels_form)),
    rule("group.names", "RFC 8216 4.3.4.1.1", Must, OfMultivariant(names)),
    rule("group.default", "RFC 8216 4.3.4.1.1", Must, OfMultivariant(one_default)),
    rule("group.autoselect", "RFC 8216 4.3.4.1.1", Should, OfMultivariant(autoselect)),
    rule("group.alike", "RFC 8216 4.3.4.1.1", Must, OfMultivariant(alike)),
    rule("group.used", "RFC 8216 4.3.4.2.1", Should, OfMultivariant(used)),
];

/// Captions are in the pictures; subtitles are nowhere else.
fn uri(playlist: &Multivariant, report: &mut Report) {
    for (line, one) in &playlist.renditions {
        match (one.get("TYPE"), one.find("URI")) {
            (Some("CLOSED-CAPTIONS"), Some(_)) => report.say(*line, "captions with a URI"),
            (Some("SUBTITLES"), None) => report.say(*line, "subtitles without a URI"),
            _ => {}
        }
    }
}

fn default(playlist: &Multivariant, report: &mut Report) {
    for (line, one) in &playlist.renditions {
        if one.is_yes("DEFAULT") && one.get("AUTOSELECT") == Some("NO") {
            report.say(*line, "DEFAULT=YES with AUTOSELECT=NO");
        }
    }
}

fn forced(playlist: &Multivariant, report: &mut Report) {
    for (line, one) in &playlist.renditions {
        if one.find("FORCED").is_some() && one.get("TYPE") != Some("SUBTITLES") {
            report.say(*line, "FORCED of what are no subtitles");
        }
    }
}

/// A tag of RFC 5646: words of letters and digits, the first of two letters or more, each of eight at most.
fn language(playlist: &Multivariant, report: &mut Report) {
    let is_word = |word: &str| (1..=8).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_good = |tag: &str| {
        let first = tag.split('-').next().unwrap_or("");
        tag.split('-').all(is_word) && first.len() > 1 && first.bytes().all(|b| b.is_ascii_alphabetic())
    };
    for (line, one) in &playlist.renditions {
        for name in ["LANGUAGE", "ASSOC-LANGUAGE"] {
            if one.get(name).is_some_and(|tag| !is_good(tag)) {
                report.say(*line, format!("{name} is no tag of a language"));
            }
        }
    }
}

fn channels(playlist: &Multivariant, report: &mut Report) {
    for (line, one) in &playlist.renditions {
        if one.get("TYPE") == Some("AUDIO") && one.find("CHANNELS").is_none() {
            report.say(*line, "sound without CHANNELS");
        }
    }
}

/// A count first, then what is behind slashes.
fn channels_form(playlist: &Multivariant, report: &mut Report) {
    let is_good = |text: &str| text.split('/').next().is_some_and(|count| count.parse::<u32>().is_ok_and(|n| n > 0));
    for (line, one) in &playlist.renditions {
        if one.get("CHANNELS").is_some_and(|channels| !is_good(channels)) {
            report.say(*line, "CHANNELS has no count");
        }
    }
}

/// Calls with each group's members.
fn groups(playlist: &Multivariant, mut each: impl FnMut(&[&(usize, Attributes)])) {
    for kind in GROUPS {
        for id in playlist.ids(kind) {
            each(&playlist.group(kind, id).collect::<Vec<_>>());
        }
    }
}

fn names(playlist: &Multivariant, report: &mut Report) {
    groups(playlist, |members| {
        for (n, (line, one)) in members.iter().enumerate() {
            if members.iter().take(n).any(|(_, other)| other.get("NAME") == one.get("NAME")) {
                report.say(*line, format!("{:?} again in its group", one.get("NAME")));
            }
        }
    });
}

fn one_default(playlist: &Multivariant, report: &mut Report) {
    groups(playlist, |members| {
        if let Some((line, _)) = members.iter().filter(|(_, one)| one.is_yes("DEFAULT")).nth(1) {
            report.say(*line, "a second DEFAULT in its group");
        }
    });
}

/// What players choose by themselves differs in what they choose by.
fn autoselect(playlist: &Multivariant, report: &mut Report) {
    let key = |one: &Attributes| {
        ["LANGUAGE", "ASSOC-LANGUAGE", "FORCED", "CHARACTERISTICS"].map(|name| one.get(name).map(String::from))
    };
    groups(playlist, |members| {
        let chosen: Vec<_> = members.iter().filter(|(_, one)| one.is_yes("AUTOSELECT")).collect();
        for (n, (line, one)) in chosen.iter().enumerate() {
            if chosen.iter().take(n).any(|(_, other)| key(other) == key(one)) {
                report.say(*line, "nothing to choose it by");
            }
        }
    });
}

/// Groups of a type are the same renditions in other encodings: all but these attributes agree.
fn alike(playlist: &Multivariant, report: &mut Report) {
    let own = ["URI", "GROUP-ID", "CHANNELS", "BIT-DEPTH", "SAMPLE-RATE", "STABLE-RENDITION-ID"];
    let of = |kind: &str, id: &str| {
        let kept = |one: &Attributes| {
            let mut kept: Vec<_> = one.0.iter().filter(|one| !own.contains(&one.name.as_str())).collect();
            kept.sort_by_key(|one| &one.name);
            kept.iter().map(|one| format!("{}={}", one.name, one.value)).collect::<Vec<_>>().join(",")
        };
        let mut all: Vec<String> = playlist.group(kind, id).map(|(_, one)| kept(one)).collect();
        all.sort();
        all
    };
    for kind in GROUPS {
        let ids = playlist.ids(kind);
        for id in ids.iter().skip(1).filter(|id| ids.first().is_some_and(|first| of(kind, first) != of(kind, id))) {
            let line = playlist.group(kind, id).next().map_or(0, |(line, _)| *line);
            report.say(line, format!("group {id:?} of {kind} has other renditions than the first"));
        }
    }
}

/// A group that no variant names plays nowhere.
fn used(playlist: &Multivariant, report: &mut Report) {
    for (line, one) in &playlist.renditions {
        let (Some(kind), Some(id)) = (one.get("TYPE"), one.get("GROUP-ID")) else { continue };
        let is_first = playlist.group(kind, id).next().is_some_and(|(first, _)| first == line);
        if is_first && playlist.variants.iter().all(|variant| variant.attributes.get(kind) != Some(id)) {
            report.say(*line, format!("no variant plays group {id:?}"));
        }
    }
}
