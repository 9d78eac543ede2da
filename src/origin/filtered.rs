//! Filtered manifests: made of the timeline when they are first asked for after a change, and kept until the next.
//!
//! One costs as much as what it lists, once per change however many ask for it. What follows every segment of a live
//! presentation is the unfiltered manifest (`views`).

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use super::{
    filter::Selection,
    rendered::Manifest,
    response::Response,
    views::{DASH, HLS, SMOOTH, i_frames, list, manifest_response, master, oldest, playlist, rates},
};
use crate::{
    archive::Timeline,
    media::{Body, Segment},
    package::{
        dash::{Anchor, Flavour, Mpd},
        hds,
        hls::{self, HlsFormat},
        smooth,
    },
};

/// Manifests by what was asked for, the newest last.
#[derive(Debug, Default)]
pub(super) struct Filtered(Mutex<VecDeque<(Key, Option<Response>)>>);

/// A manifest, what it lists, and how its URL ends.
pub(super) type Key = (Manifest, Selection, String);

/// Manifests that are kept of one asset: every rung and language of a few filters.
const KEPT: usize = 64;

impl Filtered {
    pub(super) fn forget(&mut self) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The manifest, `live` being the MPD of all; `None` where there is nothing to say yet.
    pub(super) fn manifest(&self, key: Key, timeline: &Timeline, live: &Mpd) -> Option<Response> {
        let find = |kept: &VecDeque<(Key, Option<Response>)>| {
            kept.iter().find(|(held, _)| *held == key).map(|(_, response)| response.clone())
        };
        if let Some(response) = find(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return response;
        }
        let (manifest, selection, suffix) = &key;
        let response = render(*manifest, selection, suffix, (timeline, live));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((key, response.clone()));
        response
    }
}

fn render(
    manifest: Manifest,
    selection: &Selection,
    suffix: &str,
    (timeline, live): (&Timeline, &Mpd),
) -> Option<Response> {
    let Selection { offered, ends: (first, last), window, past, first_quality, .. } = selection;
    let mut is_ended = selection.is_ended;
    let presentation = timeline.presentation();
    let segments = || timeline.since(*first).take_while(|segment| segment.sequence <= *last);
    let ends = (timeline.get(*first)?, timeline.get(*last)?);
    let (content_type, body) = match manifest {
        Manifest::Master { format, sound, has_audio_only } => {
            let (listed, _) = packed_ends(format, ends, (timeline, is_ended))?;
            oldest(format, (timeline, listed))?;
            let rates = rates(timeline);
            let all = master(timeline, &rates, format, sound, has_audio_only);
            let master = hls::Master { offered, filter: suffix, first_quality: *first_quality, ..all };
            (HLS, Body::from(master.render()?))
        }
        // What is filtered is not shown in parts.
        Manifest::Update { .. } => return None,
        Manifest::Playlist { format, track } => {
            let (listed, is_whole) = packed_ends(format, ends, (timeline, is_ended))?;
            is_ended = is_whole;
            let listed = (timeline, listed);
            let playlist = playlist(timeline, (format, track), listed.1.0);
            let mut playlist = playlist.keeping_all(window.is_none());
            list(&mut playlist, format, listed);
            (HLS, playlist.render(format, Some(&oldest(format, listed)?), is_ended))
        }
        Manifest::KeyFrames { format, track } => {
            let playlist = i_frames(timeline, (format, track), ends, past.discontinuities);
            (HLS, playlist.keeping_all(window.is_none()).render(format, Some(ends.0), is_ended))
        }
        Manifest::Mpd(flavour) => {
            let mut mpd = Mpd::new(presentation.clone(), *window, timeline.segment_duration(), Some(*past));
            mpd.offer(offered);
            mpd.caption(timeline.captions());
            mpd.drift(timeline.drifted());
            if flavour == Flavour::Number && !is_ended {
                count_as(live, &mut mpd, selection, timeline);
            }
            segments().for_each(|segment| mpd.append(segment));
            (DASH, mpd.render(flavour, ends, is_ended))
        }
        Manifest::Smooth(version) => {
            let mut manifest = smooth::Manifest::new(presentation.clone(), *window);
            manifest.offer(offered);
            segments().for_each(|segment| manifest.append(segment));
            if is_ended {
                manifest.end();
            }
            (SMOOTH, manifest.render(version, ends)?)
        }
        Manifest::F4m | Manifest::Bootstrap { .. } => {
            let mut hds = hds::Manifest::new(presentation.clone());
            hds.offer(offered);
            segments().for_each(|segment| hds.append(segment));
            if is_ended {
                hds.end();
            }
            match manifest {
                Manifest::Bootstrap { track } => (hds::BOOTSTRAP_TYPE, hds.bootstrap(track)?),
                _ => (hds::MANIFEST_TYPE, hds.render(ends, suffix)?),
            }
        }
    };
    Some(manifest_response(content_type, body, ends, (timeline, offered, ""), is_ended))
}

/// Sequence numbers of the oldest and the newest segment that a playlist lists, and whether nothing follows there; `None` where it lists
/// nothing yet.
///
/// Of those that are packed, a pack that straddles an end is listed (A22.4), once it is whole. But who stays behind the live edge is not
/// shown what is nearer.
fn packed_ends(
    format: HlsFormat,
    (first, last): (&Segment, &Segment),
    (timeline, is_ended): (&Timeline, bool),
) -> Option<((u64, u64), bool)> {
    if format == HlsFormat::Cmaf {
        return Some(((first.sequence, last.sequence), is_ended));
    }
    let begins = |segment: &Segment| segment.sequence.saturating_sub(segment.pack.place.into());
    let from = timeline.get(begins(first)).map_or(first.sequence, |begins| begins.sequence);
    let is_ended = is_ended && timeline.get(begins(last)).is_none_or(|begins| timeline.pack(begins).is_some());
    let goes_on = |next: &Segment| next.pack.place > 0;
    let is_cut = !is_ended && timeline.get(last.sequence.saturating_add(1)).is_some_and(goes_on);
    let to = if is_cut { begins(last).checked_sub(1)? } else { last.sequence };
    Some(((from, to), is_ended))
}

/// Lets numbers count from where they do without a filter, or from the segment that a viewer starts over from: players of a live
/// presentation take its first period for another when its start moves.
fn count_as(live: &Mpd, mpd: &mut Mpd, selection: &Selection, timeline: &Timeline) {
    // They go by the clock, so that what is held back must be made later.
    mpd.drift(timeline.drifted().plus(selection.backoff));
    let Some(anchor) = live.anchor(selection.ends.0) else { return };
    let asked = selection.asked.filter(|asked| *asked > anchor.number).and_then(|asked| timeline.get(asked));
    mpd.begin(asked.map_or(anchor, |asked| Anchor { start: asked.start, number: asked.sequence, ..anchor }));
}
