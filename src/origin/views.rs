//! Every manifest of one span of a timeline: kept up segment by segment, and rendered at most once per change.

mod lists;
mod playlists;

use std::sync::Arc;

use self::lists::Lists;
pub(super) use self::playlists::{i_frames, list, longest, oldest, playlist};
use super::{
    rendered::{Manifest, Rendered},
    response::Response,
};
use crate::{
    archive::Timeline,
    media::{Bitrates, Body, Segment},
    package::{
        dash::Mpd,
        hds,
        hls::{self, HlsFormat},
        smooth,
    },
    time::MediaDuration,
};

/// Manifests of the segments that they were told of, and what they were rendered to since the last change.
#[derive(Debug)]
pub(super) struct Views {
    lists: Lists,
    /// It remembers what its periods and versions began with, and so is always kept up.
    mpd: Mpd,
    /// Whether Smooth Streaming has a manifest of this at all, and whether HDS carries anything of it.
    has_smooth: bool,
    has_hds: bool,
    /// Sequence numbers of the oldest and the newest segment that they list.
    ends: Option<(u64, u64)>,
    is_ended: bool,
    /// No segment ever leaves.
    keeps_all: bool,
    rendered: Rendered,
}

pub(super) const HLS: &str = "application/vnd.apple.mpegurl";
pub(super) const DASH: &str = "application/dash+xml";
pub(super) const DASH_PATCH: &str = "application/dash-patch+xml";
pub(super) const SMOOTH: &str = "application/vnd.ms-sstr+xml";

impl Views {
    /// Of a timeline, without its segments; `window` is what live manifests say of how far they go back.
    pub(super) fn new(timeline: &Timeline, window: Option<MediaDuration>) -> Self {
        let (presentation, longest, past) = (timeline.presentation(), timeline.segment_duration(), timeline.past());
        let mut mpd = Mpd::new(Arc::clone(presentation), window, longest, past);
        mpd.keep_versions();
        Self {
            lists: Lists::new(presentation, window),
            mpd,
            has_smooth: smooth::Manifest::new(Arc::clone(presentation), window).is_playable(),
            has_hds: hds::Manifest::new(Arc::clone(presentation)).is_playable(),
            ends: None,
            is_ended: false,
            keeps_all: window.is_none(),
            rendered: Rendered::of(presentation.tracks.len()),
        }
    }

    /// Of all that a timeline holds.
    pub(super) fn of(timeline: &Timeline, window: Option<MediaDuration>) -> Self {
        let mut views = Self::new(timeline, window);
        views.follow(timeline);
        if let Some(length) = timeline.part_length() {
            views.show_parts(length);
        }
        timeline.segments().for_each(|segment| views.append(segment, timeline));
        views
    }

    pub(super) fn append(&mut self, segment: &Segment, timeline: &Timeline) {
        let first = self.ends.map_or(segment.sequence, |(first, _)| first);
        self.ends = Some((first, segment.sequence));
        self.lists.append(segment, (timeline, (first, segment.sequence)));
        self.mpd.append(segment);
        self.rendered.forget();
    }

    /// A part joined at the live edge.
    pub(super) fn append_part(&mut self, timeline: &Timeline) {
        timeline.part_length().into_iter().for_each(|length| self.show_parts(length));
        self.rendered.forget_edge();
    }

    fn show_parts(&mut self, length: MediaDuration) {
        if self.lists.show_parts(length) {
            self.mpd.parts(Some(length));
            self.rendered.forget();
        }
    }

    /// The oldest segment, which is this one, is listed no more.
    pub(super) fn remove(&mut self, segment: &Segment, timeline: &Timeline) {
        let next = segment.sequence.saturating_add(1);
        self.ends = self.ends.map(|(_, last)| (next, last)).filter(|(first, last)| first <= last);
        self.lists.remove(segment, timeline);
        self.mpd.remove(segment);
        self.rendered.forget();
    }

    /// What is offered, said of captions or known of the drift has changed.
    pub(super) fn follow(&mut self, timeline: &Timeline) {
        self.mpd.offer(timeline.offered());
        self.mpd.caption(timeline.captions());
        self.mpd.drift(timeline.drifted());
        self.lists.offer(timeline.offered());
        self.rendered.forget();
    }

    /// The store has lost some of what is listed. Ropes only grow, so that playlists and bootstraps are made anew when they are asked
    /// for. MPDs and client manifests say when segments are, and not whether each rendition has something there: they stay.
    pub(super) fn lose(&mut self, timeline: &Timeline) {
        self.ends.into_iter().for_each(|ends| self.lists.lose((timeline, ends)));
        self.rendered.forget();
    }

    /// Nothing follows.
    pub(super) fn end(&mut self, timeline: &Timeline) {
        self.is_ended = true;
        self.lists.end(self.ends.map(|ends| (timeline, ends)));
        self.rendered.forget();
    }

    /// Sequence number of the oldest segment that is listed.
    pub(super) fn first(&self) -> Option<u64> {
        self.ends.map(|(first, _)| first)
    }

    /// Whether the playlist of this track shows the parts of the live edge.
    pub(super) fn has_parts(&self, track: usize, timeline: &Timeline) -> bool {
        self.lists.has_parts(track, timeline)
    }

    /// The MPD that is kept up.
    pub(super) const fn mpd(&self) -> &Mpd {
        &self.mpd
    }

    /// Whether Smooth Streaming has a manifest of this at all.
    pub(super) const fn has_smooth(&self) -> bool {
        self.has_smooth
    }

    /// Whether HDS carries anything of this.
    pub(super) const fn has_hds(&self) -> bool {
        self.has_hds
    }

    /// A manifest as it was rendered last; `None` while there is nothing to list.
    pub(super) fn manifest(&self, manifest: Manifest, timeline: &Timeline) -> Option<&Response> {
        self.rendered.cell(manifest)?.get_or_init(|| self.render(manifest, timeline)).as_ref()
    }

    fn render(&self, manifest: Manifest, timeline: &Timeline) -> Option<Response> {
        let listed = (timeline, self.ends?);
        let (first, last) = (timeline.get(listed.1.0)?, timeline.get(listed.1.1)?);
        let (content_type, body) = match manifest {
            Manifest::Master { format, sound, has_audio_only } => {
                // Players go on to its playlists at once.
                oldest(format, listed)?;
                let rates = rates(timeline);
                (HLS, Body::from(master(timeline, &rates, format, sound, has_audio_only).render()?))
            }
            Manifest::Mpd(flavour) => (DASH, self.mpd.render(flavour, (first, last), self.is_ended)),
            Manifest::Smooth(version) => (SMOOTH, self.lists.smooth(listed).render(version, (first, last))?),
            Manifest::F4m => (hds::MANIFEST_TYPE, self.lists.hds(listed).render((first, last), "")?),
            Manifest::Bootstrap { track } => (hds::BOOTSTRAP_TYPE, self.lists.hds(listed).bootstrap(track)?),
            Manifest::Update { track } => (HLS, self.edge(track, (first, last), timeline, true)?),
            Manifest::Playlist { format: HlsFormat::Cmaf, track } if self.has_parts(track, timeline) => {
                (HLS, self.edge(track, (first, last), timeline, false)?)
            }
            Manifest::Playlist { format, track } => {
                let playlist = self.lists.playlist(format, track, listed)?;
                (HLS, playlist.render(format, Some(&oldest(format, listed)?), self.is_ended))
            }
            Manifest::KeyFrames { format, track } => {
                let discontinuities = timeline.past_at(first.sequence)?.discontinuities;
                let playlist = i_frames(timeline, (format, track), (first, last), discontinuities);
                (HLS, playlist.keeping_all(self.keeps_all).render(format, Some(first), self.is_ended))
            }
        };
        let edge = match manifest {
            Manifest::Update { .. } | Manifest::Playlist { format: HlsFormat::Cmaf, .. } if !self.is_ended => {
                timeline.part_length().map(|_| format!("-p{}", timeline.parts().len())).unwrap_or_default()
            }
            _ => String::new(),
        };
        let listed = (timeline, &**timeline.offered(), edge.as_str());
        Some(manifest_response(content_type, body, (first, last), listed, self.is_ended))
    }

    /// A playlist with the parts of its live edge.
    fn edge(
        &self,
        track: usize,
        (first, last): (&Segment, &Segment),
        timeline: &Timeline,
        skips: bool,
    ) -> Option<Body> {
        let newest = (last, timeline.parts_of(last.sequence).len());
        let edge = hls::Edge { open: timeline.parts(), offered: timeline.offered(), newest: Some(newest) };
        let listed = (timeline, (first.sequence, last.sequence));
        let playlist = self.lists.playlist(HlsFormat::Cmaf, track, listed)?;
        Some(playlist.render_edge(track, Some(first), &edge, |sequence| timeline.parts_of(sequence), skips))
    }
}

/// Measured bit rates, in the order of the tracks.
pub(super) fn rates(timeline: &Timeline) -> Vec<Bitrates> {
    (0..timeline.presentation().tracks.len()).map(|track| timeline.bitrates(track)).collect()
}

/// The master playlist of all that a timeline offers.
pub(super) fn master<'a>(
    timeline: &'a Timeline,
    rates: &'a [Bitrates],
    format: HlsFormat,
    sound: Option<usize>,
    has_audio_only: bool,
) -> hls::Master<'a> {
    hls::Master {
        format,
        presentation: timeline.presentation(),
        rates,
        offered: timeline.offered(),
        captions: timeline.captions(),
        segment_duration: timeline.segment_duration(),
        sound,
        has_audio_only,
        first_quality: None,
        filter: "",
    }
}

/// The answer with a manifest that lists these tracks from the one segment to the other.
pub(super) fn manifest_response(
    content_type: &'static str,
    body: Body,
    (first, last): (&Segment, &Segment),
    (timeline, offered, edge): (&Timeline, &[bool], &str),
    is_ended: bool,
) -> Response {
    // What it lists says which version it is, on every host that has the same timeline.
    let (from, to) = (first.start.flicks(), last.end().flicks());
    let end = if is_ended { "-end" } else { "" };
    let etag = format!("\"{from:x}-{to:x}{}{edge}{end}\"", tags(timeline, offered));
    let half = timeline.segment_duration().to_std().as_secs() / 2;
    Response::manifest(content_type, (!is_ended).then(|| half.max(1)), &etag, body)
}

/// What else makes manifests differ, as a part of an entity tag: tracks that are not listed, captions that are, and the drift.
fn tags(timeline: &Timeline, offered: &[bool]) -> String {
    let withdrawn = offered.iter().enumerate().filter(|(_, is_offered)| !**is_offered);
    let mut tags: String = withdrawn.map(|(track, _)| format!("-{track}")).collect();
    tags.extend(timeline.captions().iter().map(|service| format!("-{service}")));
    if timeline.lost() > 0 {
        tags.push_str(&format!("-l{}", timeline.lost()));
    }
    if timeline.drifted() != MediaDuration::ZERO {
        tags.push_str(&format!("-{:x}", timeline.drifted().flicks()));
    }
    tags
}
