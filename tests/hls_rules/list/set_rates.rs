//! Rules of what variants say of their media, beside what was measured ([`super::Facts`]; RFC 8216 clauses 4.1 and 4.3.4.2).

use super::{Check::Set as OfSet, Facts, Level::Must, Report, Rule, Set, media::Media, multivariant::Variant, rule};

pub const RULES: &[Rule] = &[
    rule("set.bandwidth", "RFC 8216 4.3.4.2", Must, OfSet(bandwidth)),
    rule("set.average-bandwidth", "RFC 8216 4.3.4.2", Must, OfSet(average)),
    rule("set.codecs", "RFC 8216 4.3.4.2", Must, OfSet(codecs)),
    rule("set.resolution", "RFC 8216 4.3.4.2", Must, OfSet(resolution)),
];

/// The peak segment bit rate: of runs of segments that together last half a target duration to one and a half.
pub fn peak(media: &Media, facts: &Facts) -> f64 {
    let target = media.target.unwrap_or(0) as f64;
    let all: Vec<(f64, u64)> = media.segments.iter().map(|segment| segment.seconds).zip(facts.bytes.clone()).collect();
    let mut peak = 0.0f64;
    for first in 0..all.len() {
        let (mut seconds, mut bytes) = (0.0, 0u64);
        for (length, size) in all.iter().skip(first) {
            (seconds, bytes) = (seconds + length, bytes + size);
            if seconds > 1.5 * target {
                break;
            }
            if seconds >= 0.5 * target {
                peak = peak.max(bytes as f64 * 8.0 / seconds);
            }
        }
    }
    peak
}

fn mean(media: &Media, facts: &Facts) -> f64 {
    let seconds = media.seconds();
    if seconds > 0.0 { facts.bytes.iter().sum::<u64>() as f64 * 8.0 / seconds } else { 0.0 }
}

/// The greatest rate of what can play together with a variant: its own and the heaviest of each group.
fn greatest(set: &Set, variant: &Variant, rate: fn(&Media, &Facts) -> f64) -> Option<f64> {
    let of = |uri: &str| {
        let listed = set.playlists.get(uri)?;
        Some(rate(&listed.media, listed.facts.as_ref()?))
    };
    let uri = variant.uri.as_deref()?;
    let mut sum = of(uri)?;
    for kind in ["AUDIO", "VIDEO", "SUBTITLES"] {
        let Some(id) = variant.attributes.get(kind) else { continue };
        let uris: Vec<&str> = set.multivariant.group(kind, id).filter_map(|(_, one)| one.get("URI")).collect();
        let heaviest = uris.iter().filter_map(|uri| of(uri)).fold(0.0, f64::max);
        // A rendition plays in the place of a variant that is one of its group.
        sum = if uris.contains(&uri) { sum.max(heaviest) } else { sum + heaviest };
    }
    Some(sum)
}

fn bandwidth(set: &Set, report: &mut Report) {
    for variant in &set.multivariant.variants {
        let (Some(told), Some(peak)) = (variant.attributes.integer("BANDWIDTH"), greatest(set, variant, peak)) else {
            continue;
        };
        if peak > told as f64 + 1.0 {
            report.say(variant.line, format!("{peak:.0} bit/s, and BANDWIDTH is {told}"));
        }
    }
}

/// A tenth more is let pass: a live playlist is a window of what the average is of.
fn average(set: &Set, report: &mut Report) {
    for variant in &set.multivariant.variants {
        let told = variant.attributes.integer("AVERAGE-BANDWIDTH");
        let (Some(told), Some(mean)) = (told, greatest(set, variant, mean)) else { continue };
        if mean > told as f64 * 1.1 {
            report.say(variant.line, format!("{mean:.0} bit/s, and AVERAGE-BANDWIDTH is {told}"));
        }
    }
}

/// Formats of a variant and of every group that plays with it.
fn codecs(set: &Set, report: &mut Report) {
    for variant in set.multivariant.variants.iter().filter(|variant| variant.attributes.find("CODECS").is_some()) {
        let groups = ["AUDIO", "VIDEO", "SUBTITLES"].into_iter().filter_map(|kind| {
            let id = variant.attributes.get(kind)?;
            Some(set.multivariant.group(kind, id).filter_map(|(_, one)| one.get("URI")).collect::<Vec<_>>())
        });
        let uris: Vec<&str> = groups.flatten().chain(variant.uri.as_deref()).collect();
        for uri in uris {
            let facts = set.playlists.get(uri).and_then(|listed| listed.facts.as_ref());
            for codec in facts.into_iter().flat_map(|facts| &facts.codecs) {
                if !variant.codecs().any(|told| told.eq_ignore_ascii_case(codec)) {
                    report.say(variant.line, format!("{uri} is {codec}"));
                }
            }
        }
    }
}

fn resolution(set: &Set, report: &mut Report) {
    for variant in &set.multivariant.variants {
        let listed = variant.uri.as_deref().and_then(|uri| set.playlists.get(uri));
        let Some((width, height)) = listed.and_then(|listed| listed.facts.as_ref()?.size) else { continue };
        if let Some(told) = variant.attributes.get("RESOLUTION").filter(|told| *told != format!("{width}x{height}")) {
            report.say(variant.line, format!("{width}x{height}, and RESOLUTION is {told}"));
        }
    }
}
