//! Rules of variants: EXT-X-STREAM-INF and EXT-X-I-FRAME-STREAM-INF (RFC 8216 clauses 4.3.4.2 and 4.3.4.3).

use super::{
    Check::Multivariant as OfMultivariant,
    Level::{Must, Should},
    Report, Rule,
    multivariant::{GROUPS, Multivariant, PICTURES, SOUND, TEXT, Variant},
    rule,
};

pub const RULES: &[Rule] = &[
    rule("variant.uri", "RFC 8216 4.3.4.2", Must, OfMultivariant(uri)),
    rule("variant.present", "RFC 8216 4.3.4", Must, OfMultivariant(present)),
    rule("variant.average", "RFC 8216 4.3.4.2", Must, OfMultivariant(average)),
    rule("variant.codecs", "RFC 8216 4.3.4.2", Should, OfMultivariant(codecs)),
    rule("variant.codecs-form", "RFC 8216 4.3.4.2", Must, OfMultivariant(codecs_form)),
    rule("variant.codecs-complete", "RFC 8216 4.3.4.2", Must, OfMultivariant(complete)),
    rule("variant.resolution", "RFC 8216 4.3.4.2", Should, OfMultivariant(resolution)),
    rule("variant.frame-rate", "RFC 8216 4.3.4.2", Must, OfMultivariant(frame_rate)),
    rule("variant.group", "RFC 8216 4.3.4.2.1", Must, OfMultivariant(group)),
    rule("variant.score", "bis 4.4.6.2", Must, OfMultivariant(score)),
    rule("variant.stable-id", "bis 4.4.6.2", Must, OfMultivariant(stable_id)),
    rule("i-frames.attributes", "RFC 8216 4.3.4.3", Must, OfMultivariant(i_frames)),
];

fn uri(playlist: &Multivariant, report: &mut Report) {
    for variant in playlist.variants.iter().filter(|variant| variant.uri.is_none()) {
        report.say(variant.line, "no URI on the line behind");
    }
    for line in &playlist.stray {
        report.say(*line, "a URI without EXT-X-STREAM-INF");
    }
}

fn present(playlist: &Multivariant, report: &mut Report) {
    if playlist.variants.is_empty() && playlist.stray.is_empty() {
        report.say(0, "nothing to play");
    }
}

/// A mean is not above its peak.
fn average(playlist: &Multivariant, report: &mut Report) {
    let variants = playlist.variants.iter().map(|variant| (variant.line, &variant.attributes));
    for (line, one) in variants.chain(playlist.i_frames.iter().map(|(line, one)| (*line, one))) {
        if one.integer("AVERAGE-BANDWIDTH") > one.integer("BANDWIDTH") && one.find("BANDWIDTH").is_some() {
            report.say(line, "AVERAGE-BANDWIDTH is above BANDWIDTH");
        }
    }
}

fn codecs(playlist: &Multivariant, report: &mut Report) {
    for variant in playlist.variants.iter().filter(|variant| variant.attributes.find("CODECS").is_none()) {
        report.say(variant.line, "no CODECS");
    }
}

/// RFC 6381: a sample entry, and what belongs to it.
fn codecs_form(playlist: &Multivariant, report: &mut Report) {
    for variant in &playlist.variants {
        let mut seen = Vec::new();
        for codec in variant.codecs() {
            let entry = codec.split('.').next().unwrap_or("");
            let is_known = [PICTURES, SOUND, TEXT].iter().any(|known| known.contains(&entry));
            let avc = codec.strip_prefix("avc1.").or_else(|| codec.strip_prefix("avc3."));
            let is_avc = avc.is_none_or(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_hexdigit()));
            if !is_known || !is_avc || seen.contains(&codec) {
                report.say(variant.line, format!("{codec:?} in CODECS"));
            }
            seen.push(codec);
        }
    }
}

/// Pictures, sound and text that the tag tells of have a format.
fn complete(playlist: &Multivariant, report: &mut Report) {
    for variant in playlist.variants.iter().filter(|variant| variant.attributes.find("CODECS").is_some()) {
        let says = |name| variant.attributes.find(name).is_some();
        let has_pictures = says("RESOLUTION") || says("FRAME-RATE") || says("VIDEO-RANGE");
        for (is_told, known, what) in [(has_pictures, PICTURES, "pictures"), (says("AUDIO"), SOUND, "sound")] {
            if is_told && !variant.has_codec(known) {
                report.say(variant.line, format!("no codec of {what}"));
            }
        }
    }
}

fn is_of_pictures(variant: &Variant) -> bool {
    variant.has_codec(PICTURES)
}

fn resolution(playlist: &Multivariant, report: &mut Report) {
    let lacks = |variant: &&Variant| is_of_pictures(variant) && variant.attributes.find("RESOLUTION").is_none();
    for variant in playlist.variants.iter().filter(lacks) {
        report.say(variant.line, "pictures without RESOLUTION");
    }
}

/// Rounded to three decimals.
fn frame_rate(playlist: &Multivariant, report: &mut Report) {
    for variant in &playlist.variants {
        let Some(rate) = variant.attributes.get("FRAME-RATE") else { continue };
        let decimals = rate.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        if decimals > 3 || rate.parse::<f64>().is_ok_and(|rate| rate <= 0.0) {
            report.say(variant.line, format!("FRAME-RATE={rate}"));
        }
    }
}

fn group(playlist: &Multivariant, report: &mut Report) {
    let variants = playlist.variants.iter().map(|variant| (variant.line, &variant.attributes));
    for (line, one) in variants.chain(playlist.i_frames.iter().map(|(line, one)| (*line, one))) {
        for kind in GROUPS {
            let Some(named) = one.find(kind).filter(|named| named.is_quoted) else { continue };
            if playlist.group(kind, &named.value).next().is_none() {
                report.say(line, format!("no group {:?} of {kind}", named.value));
            }
        }
    }
}

/// In all variants or in none.
fn score(playlist: &Multivariant, report: &mut Report) {
    let has = |variant: &&Variant| variant.attributes.find("SCORE").is_some();
    let lacks = playlist.variants.iter().find(|variant| !has(variant));
    if let Some(variant) = lacks.filter(|_| playlist.variants.iter().any(|variant| has(&variant))) {
        report.say(variant.line, "no SCORE, as others have");
    }
}

/// Letters, digits and few signs.
fn stable_id(playlist: &Multivariant, report: &mut Report) {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "+/=.-_".contains(c);
    let variants = playlist.variants.iter().map(|variant| (variant.line, &variant.attributes, "STABLE-VARIANT-ID"));
    let renditions = playlist.renditions.iter().map(|(line, one)| (*line, one, "STABLE-RENDITION-ID"));
    for (line, one, name) in variants.chain(renditions) {
        if one.get(name).is_some_and(|id| id.is_empty() || !id.chars().all(is_good)) {
            report.say(line, name);
        }
    }
}

fn i_frames(playlist: &Multivariant, report: &mut Report) {
    for (line, one) in &playlist.i_frames {
        for name in ["FRAME-RATE", "AUDIO", "SUBTITLES", "CLOSED-CAPTIONS"] {
            if one.find(name).is_some() {
                report.say(*line, format!("{name} of I-frames"));
            }
        }
    }
}
