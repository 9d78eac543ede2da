//! Tags of avails: `EXT-X-DATERANGE` (RFC 8216 clause 4.3.2.7), and the older ones beside it or in its place.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::times::{millis_since_epoch, write_instant};
use crate::{
    media::{Avail, CueFormats, CuePhase, CueTags, Presentation, Segment, SegmentCue},
    package::hex::push_hex,
    time::{FLICKS_PER_SECOND, MediaDuration, MediaTime},
};

/// Writes the tags that stand before a segment. The same segment always gives the same ones.
pub(super) fn write_cues(text: &mut String, presentation: &Presentation, segment: &Segment) {
    for cue in segment.cues.iter() {
        if presentation.cues.date_ranges {
            write_date_range(text, presentation, cue, segment.start);
        }
        write_tags(text, presentation.cues, cue, segment.start);
    }
}

/// Writes what a player must know of an avail that began before the first segment of a playlist.
pub(super) fn write_running(text: &mut String, presentation: &Presentation, first: &Segment) {
    for cue in first.cues.iter().filter(|cue| cue.phase == CuePhase::Within) {
        if presentation.cues.date_ranges {
            write_out(text, presentation, &cue.avail);
        }
        if presentation.cues.cue_tags == CueTags::Cue {
            write_cue(text, &cue.avail, Some(first.start.since(cue.avail.start)));
        }
    }
}

fn write_date_range(text: &mut String, presentation: &Presentation, cue: &SegmentCue, start: MediaTime) {
    match &cue.phase {
        CuePhase::Out => write_out(text, presentation, &cue.avail),
        CuePhase::In(section) => {
            write_range(text, presentation, &cue.avail);
            let _ = write!(text, ",END-DATE=\"");
            write_instant(text, presentation.utc_at(start));
            let of = |at| millis_since_epoch(presentation.utc_at(at));
            // A difference of what is written: RFC 8216 wants it to agree with the dates.
            let millis = of(start).saturating_sub(of(cue.avail.start));
            let _ = write!(text, "\",DURATION={}.{:03}", millis / 1000, millis % 1000);
            if let Some(section) = section {
                write_hex(text, "SCTE35-IN", section);
            }
            text.push('\n');
        }
        CuePhase::Told => {
            write_range(text, presentation, &cue.avail);
            write_hex(text, "SCTE35-CMD", &cue.avail.section);
            text.push('\n');
        }
        CuePhase::Ahead | CuePhase::Within => {}
    }
}

fn write_out(text: &mut String, presentation: &Presentation, avail: &Avail) {
    write_range(text, presentation, avail);
    if let Some(duration) = avail.duration {
        text.push_str(",PLANNED-DURATION=");
        write_seconds(text, duration);
    }
    write_hex(text, "SCTE35-OUT", &avail.section);
    text.push('\n');
}

/// The attributes that every tag of one range has.
fn write_range(text: &mut String, presentation: &Presentation, avail: &Avail) {
    let asked = millis_since_epoch(presentation.utc_at(avail.asked));
    let _ = write!(text, "#EXT-X-DATERANGE:ID=\"{}-{asked}\",START-DATE=\"", avail.id);
    write_instant(text, presentation.utc_at(avail.start));
    text.push('"');
}

fn write_tags(text: &mut String, formats: CueFormats, cue: &SegmentCue, start: MediaTime) {
    match formats.cue_tags {
        CueTags::None => {}
        CueTags::CueOut => write_cue_out(text, cue, start),
        CueTags::Oatcls => write_oatcls(text, cue, start),
        CueTags::Cue if matches!(cue.phase, CuePhase::Out | CuePhase::In(_)) => write_cue(text, &cue.avail, None),
        CueTags::Cue => {}
    }
}

fn write_cue_out(text: &mut String, cue: &SegmentCue, start: MediaTime) {
    match &cue.phase {
        CuePhase::Out => {
            text.push_str("#EXT-X-CUE-OUT");
            write_planned(text, ":", &cue.avail);
            text.push('\n');
        }
        CuePhase::Within => {
            text.push_str("#EXT-X-CUE-OUT-CONT: ");
            write_seconds(text, start.since(cue.avail.start));
            write_planned(text, "/", &cue.avail);
            text.push('\n');
        }
        CuePhase::In(_) => text.push_str("#EXT-X-CUE-IN\n"),
        CuePhase::Ahead | CuePhase::Told => {}
    }
}

fn write_oatcls(text: &mut String, cue: &SegmentCue, start: MediaTime) {
    let section = STANDARD.encode(&cue.avail.section);
    match &cue.phase {
        CuePhase::Out => {
            let _ = writeln!(text, "#EXT-OATCLS-SCTE35:{section}");
            write_cue_out(text, cue, start);
        }
        CuePhase::Within => {
            text.push_str("#EXT-X-CUE-OUT-CONT:ElapsedTime=");
            write_seconds(text, start.since(cue.avail.start));
            write_planned(text, ",Duration=", &cue.avail);
            let _ = writeln!(text, ",SCTE35={section}");
        }
        CuePhase::Told => {
            let _ = writeln!(text, "#EXT-OATCLS-SCTE35:{section}");
        }
        CuePhase::In(_) => write_cue_out(text, cue, start),
        CuePhase::Ahead => {}
    }
}

/// `EXT-X-CUE` as Azure Media Services wrote it: at the out point, again at the in point, and with `ELAPSED` where the out point has
/// left the playlist.
fn write_cue(text: &mut String, avail: &Avail, elapsed: Option<MediaDuration>) {
    let _ = write!(text, "#EXT-X-CUE:ID=\"{}\",TYPE=\"scte35\"", avail.id);
    write_planned(text, ",DURATION=", avail);
    if let Some(elapsed) = elapsed {
        text.push_str(",ELAPSED=");
        write_seconds(text, elapsed);
    }
    text.push_str(",TIME=");
    write_seconds(text, avail.start.since(MediaTime::ZERO));
    let _ = writeln!(text, ",CUE=\"{}\"", STANDARD.encode(&avail.section));
}

/// How long the avail is to last, where that is known.
fn write_planned(text: &mut String, before: &str, avail: &Avail) {
    if let Some(duration) = avail.duration {
        text.push_str(before);
        write_seconds(text, duration);
    }
}

/// Seconds with three decimals, to the nearest.
fn write_seconds(text: &mut String, span: MediaDuration) {
    let millis = span.plus(MediaDuration::from_flicks(MILLISECOND / 2)).flicks().div_euclid(MILLISECOND).max(0);
    let _ = write!(text, "{}.{:03}", millis / 1000, millis % 1000);
}

/// RFC 8216 clause 4.3.2.7.1: the whole `splice_info_section` as a hexadecimal sequence.
fn write_hex(text: &mut String, name: &str, section: &[u8]) {
    let _ = write!(text, ",{name}=0x");
    push_hex(text, section);
}

const MILLISECOND: i64 = FLICKS_PER_SECOND / 1000;
