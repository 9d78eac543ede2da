//! Rules of captions that the pictures carry (RFC 8216 clauses 4.3.4.1 and 4.3.4.2).

use super::{Check::Multivariant as OfMultivariant, Level::Must, Report, Rule, multivariant::Multivariant, rule};

pub const RULES: &[Rule] = &[
    rule("captions.instream-id", "RFC 8216 4.3.4.1", Must, OfMultivariant(instream_id)),
    rule("captions.instream-id-form", "RFC 8216 4.3.4.1", Must, OfMultivariant(form)),
    rule("captions.none", "RFC 8216 4.3.4.2", Must, OfMultivariant(none)),
];

/// Captions have one, and nothing else has.
fn instream_id(playlist: &Multivariant, report: &mut Report) {
    for (line, one) in &playlist.renditions {
        let is_captions = one.get("TYPE") == Some("CLOSED-CAPTIONS");
        if is_captions != one.find("INSTREAM-ID").is_some() {
            report.say(*line, "INSTREAM-ID is of captions, and captions have it");
        }
    }
}

/// A channel of CEA-608, or a service of CEA-708.
fn form(playlist: &Multivariant, report: &mut Report) {
    let is_service =
        |number: &str| number.parse::<u8>().is_ok_and(|n| (1..=63).contains(&n)) && !number.starts_with(['0', '+']);
    let is_good =
        |id: &str| ["CC1", "CC2", "CC3", "CC4"].contains(&id) || id.strip_prefix("SERVICE").is_some_and(is_service);
    for (line, one) in playlist.renditions.iter().filter(|(_, one)| one.get("TYPE") == Some("CLOSED-CAPTIONS")) {
        if one.get("INSTREAM-ID").is_some_and(|id| !is_good(id)) {
            report.say(*line, "INSTREAM-ID");
        }
    }
}

/// No captions at all is said by every variant or by none.
fn none(playlist: &Multivariant, report: &mut Report) {
    let says = |variant: &super::multivariant::Variant| {
        variant.attributes.find("CLOSED-CAPTIONS").is_some_and(|one| !one.is_quoted)
    };
    let other = playlist.variants.iter().find(|variant| !says(variant));
    if let Some(variant) = other.filter(|_| playlist.variants.iter().any(says)) {
        report.say(variant.line, "CLOSED-CAPTIONS=NONE in other variants");
    }
}
