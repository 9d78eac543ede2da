//! What the HLS Authoring Specification for Apple Devices asks for and neither RFC 8216 nor its successor does. Playlists of
//! I-frames are among that and are no rule here, as they are media of their own.

use super::{
    Check::{Media as OfMedia, Multivariant as OfMultivariant},
    Level::Apple,
    Report, Rule,
    media::Media,
    multivariant::{Multivariant, PICTURES},
    rule,
};

pub const RULES: &[Rule] = &[
    rule("apple.average-bandwidth", "Apple 9: master playlist", Apple, OfMultivariant(average)),
    rule("apple.frame-rate", "Apple 9: master playlist", Apple, OfMultivariant(frame_rate)),
    rule("apple.live-date-time", "Apple 8: media playlist", Apple, OfMedia(live_date_time)),
    rule("apple.vod-ended", "Apple 8: media playlist", Apple, OfMedia(vod_ended)),
];

fn average(playlist: &Multivariant, report: &mut Report) {
    for variant in playlist.variants.iter().filter(|one| one.attributes.find("AVERAGE-BANDWIDTH").is_none()) {
        report.say(variant.line, "no AVERAGE-BANDWIDTH");
    }
}

fn frame_rate(playlist: &Multivariant, report: &mut Report) {
    let variants = playlist.variants.iter().filter(|one| one.has_codec(PICTURES));
    for variant in variants.filter(|one| one.attributes.find("FRAME-RATE").is_none()) {
        report.say(variant.line, "pictures without FRAME-RATE");
    }
}

fn live_date_time(media: &Media, report: &mut Report) {
    let has_date = media.with_open().any(|segment| segment.own_date.is_some());
    if !media.is_ended && media.kind.is_none() && !media.segments.is_empty() && !has_date && media.ranges.is_empty() {
        report.say(0, "live without EXT-X-PROGRAM-DATE-TIME");
    }
}

fn vod_ended(media: &Media, report: &mut Report) {
    if media.kind.as_deref() == Some("VOD") && !media.is_ended {
        report.say(0, "VOD without EXT-X-ENDLIST");
    }
}
