//! What a cue of a contribution says, in a few words.

use headend::{
    media::{CueCarriage, CueSignal},
    splice::{
        AdSignal, OnAdCue,
        scte35::{SpliceCommand, SpliceDescriptor, SpliceInfoSection},
    },
};

use crate::events::{round, seconds};

/// Where a sparse track's section begins.
const SPARSE_HEADER: usize = 12;

pub(crate) fn cue_text(cue: &CueSignal) -> String {
    match cue.carriage {
        CueCarriage::OnAdCue => on_ad_cue(&cue.payload),
        CueCarriage::SparseTrack => section(cue.payload.get(SPARSE_HEADER..).unwrap_or_default()),
        _ => section(&cue.payload),
    }
}

fn on_ad_cue(payload: &[u8]) -> String {
    let Ok(cue) = OnAdCue::parse(payload) else { return "cannot be read".into() };
    let id = &cue.id;
    match &cue.signal {
        AdSignal::SpliceOut if cue.duration.flicks() > 0 => {
            format!("SpliceOut {id} for {} s", seconds(cue.duration.flicks()))
        }
        AdSignal::SpliceOut => format!("SpliceOut {id}"),
        AdSignal::SpliceIn => format!("SpliceIn {id}"),
        AdSignal::Scte35(bytes) => section(bytes),
        AdSignal::Other => format!("{id}, of another scheme"),
    }
}

fn section(bytes: &[u8]) -> String {
    let Ok(section) = SpliceInfoSection::parse(bytes) else { return "cannot be read".into() };
    match &section.command {
        SpliceCommand::Insert(insert) => {
            let id = insert.event_id;
            match &insert.event {
                None => format!("splice_insert {id}, cancelled"),
                Some(event) if event.is_out => {
                    let length = event.duration.map(|duration| round(duration.ticks as f64 / 90_000.0));
                    let length = length.map(|length| format!(" for {length} s")).unwrap_or_default();
                    format!("splice_insert {id}, out{length}")
                }
                Some(_) => format!("splice_insert {id}, back"),
            }
        }
        SpliceCommand::TimeSignal(_) => {
            let kinds = section.descriptors.iter().filter_map(|descriptor| match descriptor {
                SpliceDescriptor::Segmentation(it) => {
                    it.event.as_ref().map(|event| format!(" 0x{:02X}", event.type_id))
                }
                _ => None,
            });
            format!("time_signal{}", kinds.collect::<String>())
        }
        SpliceCommand::Null => "splice_null".into(),
        _ => "another command".into(),
    }
}
