//! The channel's ad breaks with their reports: who asked for each, when, and what came of it in every rendition.

use std::collections::VecDeque;

use headend::{
    channel::{Channel, Event, SpliceReport},
    media::TrackSpec,
    splice::{BreakEnd, CueSource, SpliceKind},
    time::MediaTime,
};
use serde_json::{Value, json};

use crate::events::seconds;

/// The last breaks, the newest first.
#[derive(Debug, Default)]
pub(crate) struct Breaks(VecDeque<Break>);

#[derive(Debug)]
struct Break {
    out: SpliceReport,
    back: Option<SpliceReport>,
}

impl Breaks {
    const KEPT: usize = 50;

    pub(crate) fn see(&mut self, event: &Event) {
        let Event::Splice(report) = event else { return };
        if let SpliceKind::Out(_) = report.splice.kind {
            self.0.truncate(Self::KEPT - 1);
            self.0.push_front(Break { out: report.clone(), back: None });
        } else if let Some(open) = self.0.front_mut().filter(|it| it.back.is_none()) {
            open.back = Some(report.clone());
        }
    }

    pub(crate) fn json(&self, channel: &Channel) -> Value {
        let tracks = channel.presentation().map_or(&[][..], |presentation| &presentation.tracks);
        let epoch = channel.config().epoch;
        let one = |it: &Break| {
            let SpliceReport { splice, .. } = &it.out;
            let planned = if let SpliceKind::Out(planned) = splice.kind { planned } else { None };
            let utc = epoch.plus(splice.achieved.since(MediaTime::ZERO)).unix_nanos() / 1_000_000;
            json!({
                "cue_id": splice.id,
                "source": source_name(splice.source),
                "planned_seconds": planned.map(|planned| seconds(planned.flicks())),
                "utc_ms": utc,
                "out": report_json(&it.out, tracks),
                "back": it.back.as_ref().map(|back| report_json(back, tracks)),
                "seconds": it.back.as_ref().map(|back| seconds(back.splice.achieved.since(splice.achieved).flicks())),
                "ended_by": it.back.as_ref().and_then(|back| end_name(back)),
            })
        };
        self.0.iter().map(one).collect()
    }
}

/// One splice: off by how much, and where each rendition's segment begins beside it.
fn report_json(SpliceReport { splice, renditions }: &SpliceReport, tracks: &[TrackSpec]) -> Value {
    let off = |at: MediaTime| at.since(splice.achieved).flicks();
    let (mut rungs, mut sounds) = (Vec::new(), Vec::new());
    for (track, start) in tracks.iter().zip(renditions) {
        let one = json!({"name": track.name, "off_ms": seconds(off(*start)) * 1000.0});
        if track.format.is_video() { rungs.push((off(*start), one)) } else { sounds.push(one) }
    }
    json!({
        "asked_seconds": seconds(splice.asked.flicks()),
        "achieved_seconds": seconds(splice.achieved.flicks()),
        "late_ms": seconds(splice.achieved.since(splice.asked).flicks().max(0)) * 1000.0,
        "rungs_in_place": rungs.iter().filter(|(off, _)| *off == 0).count(),
        "rungs": rungs.into_iter().map(|(_, one)| one).collect::<Vec<_>>(),
        "sounds": sounds,
    })
}

const fn source_name(source: CueSource) -> &'static str {
    match source {
        CueSource::Api => "api",
        CueSource::Contribution => "contribution",
    }
}

const fn end_name(report: &SpliceReport) -> Option<&'static str> {
    match report.splice.kind {
        SpliceKind::Out(_) => None,
        SpliceKind::In(end) => Some(match end {
            BreakEnd::Cue => "cue",
            BreakEnd::Cancelled => "cancelled",
            BreakEnd::Duration => "duration",
            BreakEnd::Superseded => "superseded",
            BreakEnd::Ceiling => "ceiling",
        }),
    }
}
