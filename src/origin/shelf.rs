//! One asset as an origin sees it: its timeline, and every manifest of it.

use std::sync::{Arc, OnceLock};

use super::{
    error::OriginError,
    request::Request,
    response::{Need, Reply, Response, Wait},
    url::Resource,
};
use crate::{
    archive::{AssetName, ObjectName, Timeline, TimelineError, linger},
    media::{Body, CaptionService, Presentation, Segment, Span, TrackSpec},
    package::{
        dash::{Flavour, Mpd},
        hls::{self, MediaPlaylist},
    },
    time::{MediaDuration, Now},
};

/// One asset's timeline and its manifests, each rendered at most once per change.
#[derive(Debug)]
pub(super) struct Shelf {
    asset: AssetName,
    window: Option<MediaDuration>,
    timeline: Timeline,
    playlists: Vec<MediaPlaylist>,
    mpd: Mpd,
    rendered: Rendered,
}

/// Answers since the last change.
#[derive(Debug, Default)]
struct Rendered {
    master: OnceLock<Option<Response>>,
    playlists: Vec<OnceLock<Option<Response>>>,
    cmaf: OnceLock<Option<Response>>,
    csf: OnceLock<Option<Response>>,
}

const HLS: &str = "application/vnd.apple.mpegurl";
const DASH: &str = "application/dash+xml";

impl Shelf {
    pub(super) fn new(
        asset: AssetName,
        presentation: &Arc<Presentation>,
        window: Option<MediaDuration>,
        segment_duration: MediaDuration,
    ) -> Self {
        let playlist = |track| MediaPlaylist::new(Arc::clone(presentation), track, segment_duration);
        let playlists: Vec<_> = (0..presentation.tracks.len()).map(playlist).collect();
        Self {
            asset,
            window,
            timeline: Timeline::new(Arc::clone(presentation), segment_duration),
            rendered: Rendered::of(playlists.len()),
            playlists,
            mpd: Mpd::new(Arc::clone(presentation), window, segment_duration),
        }
    }

    pub(super) fn append(&mut self, segment: &Segment) -> Result<(), TimelineError> {
        self.timeline.append(segment.clone())?;
        self.playlists.iter_mut().for_each(|playlist| playlist.append(segment));
        self.mpd.append(segment);
        self.rendered.forget();
        Ok(())
    }

    pub(super) fn trim(&mut self, before: u64) {
        while let Some(segment) = self.timeline.trim(before) {
            self.playlists.iter_mut().for_each(|playlist| playlist.remove(&segment));
            self.mpd.remove(&segment);
        }
        self.rendered.forget();
    }

    pub(super) fn offer(&mut self, offered: &[bool]) {
        if self.timeline.offer(offered) {
            self.mpd.offer(self.timeline.offered());
            self.rendered.forget();
        }
    }

    pub(super) fn caption(&mut self, services: &[CaptionService]) {
        if self.timeline.caption(services) {
            self.mpd.caption(self.timeline.captions());
            self.rendered.forget();
        }
    }

    pub(super) fn drift(&mut self, by: MediaDuration) {
        if self.timeline.drift(by) {
            self.mpd.drift(by);
            self.rendered.forget();
        }
    }

    pub(super) fn end(&mut self) {
        self.timeline.end();
        self.rendered.forget();
    }

    pub(super) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub(super) fn answer(&self, resource: Resource<'_>, request: &Request<'_>, now: Now) -> Result<Reply, OriginError> {
        let manifest = |cache: &OnceLock<Option<Response>>| match cache.get_or_init(|| self.manifest(resource)) {
            Some(response) => Ok(Reply::Response(response.conditioned(request))),
            None if self.timeline.is_ended() => Err(OriginError::NoLiveEntries),
            None => Ok(self.wait(OriginError::NoLiveEntries, request, now)),
        };
        match resource {
            Resource::Master => manifest(&self.rendered.master),
            Resource::Mpd(Flavour::Cmaf) => manifest(&self.rendered.cmaf),
            Resource::Mpd(Flavour::Csf) => manifest(&self.rendered.csf),
            Resource::Playlist { track, bitrate } => {
                let (position, _) = self.track(track, bitrate)?;
                manifest(self.rendered.playlists.get(position).ok_or(OriginError::TrackNotFound)?)
            }
            Resource::Init { track, bitrate } => {
                let (_, track) = self.track(track, bitrate)?;
                Ok(need(ObjectName::init(&self.asset, track), track, request))
            }
            Resource::Fragment { track, bitrate, ticks } => {
                let (position, track) = self.track(track, bitrate)?;
                if self.is_due_next(position, ticks) {
                    return Ok(self.wait(OriginError::FragmentNotReady, request, now));
                }
                self.check_fragment(position, track, ticks)?;
                Ok(need(ObjectName::fragment(&self.asset, track, ticks), track, request))
            }
        }
    }

    fn track(&self, name: &str, bitrate: u32) -> Result<(usize, &TrackSpec), OriginError> {
        let presentation = self.timeline.presentation();
        let position = presentation.position(name, bitrate).ok_or(OriginError::TrackNotFound)?;
        Ok((position, presentation.tracks.get(position).ok_or(OriginError::TrackNotFound)?))
    }

    /// Whether the fragment that starts at `ticks` is the one that comes next at the live edge.
    fn is_due_next(&self, position: usize, ticks: u64) -> bool {
        let edge = self.timeline.last().and_then(|last| last.spans.get(position)).map(Span::end);
        let is_offered = self.timeline.offered().get(position).copied().unwrap_or_default();
        is_offered && !self.timeline.is_ended() && edge == Some(ticks)
    }

    fn wait(&self, error: OriginError, request: &Request<'_>, now: Now) -> Reply {
        // A segment is due within its duration, and late where the GOPs of a contribution differ.
        let most = self.timeline.segment_duration().times(2).to_std();
        let otherwise = Response::refusal(error, request);
        Reply::Wait(Wait { until: now.monotonic.saturating_add(most), otherwise })
    }

    /// Whether a fragment of this track may start at `ticks`: one in the window, or one that left it so lately that a
    /// player still has the playlist.
    fn check_fragment(&self, position: usize, track: &TrackSpec, ticks: u64) -> Result<(), OriginError> {
        let span = |segment: &Segment| segment.spans.get(position).copied().unwrap_or_default();
        let (Some(first), Some(last)) = (self.timeline.first(), self.timeline.last()) else {
            return Err(OriginError::FragmentNotReady);
        };
        let in_ticks = |span: MediaDuration| u64::try_from(span.ticks(track.timescale)).unwrap_or(0);
        let (start, edge) = (span(first).start, span(last).end());
        if ticks >= edge {
            let ahead = in_ticks(self.window.unwrap_or(NEAR));
            let is_near = !self.timeline.is_ended() && ticks < edge.saturating_add(ahead);
            return Err(if is_near { OriginError::FragmentNotReady } else { OriginError::FragmentTimestampNotFound });
        }
        let is_there = if ticks < start {
            let lingers = self.window.map(|window| in_ticks(linger(window, self.timeline.segment_duration())));
            lingers.is_some_and(|lingers| ticks >= start.saturating_sub(lingers))
        } else {
            self.timeline.find(position, ticks).is_some_and(|segment| !span(segment).is_missing())
        };
        if is_there { Ok(()) } else { Err(OriginError::FragmentTimestampNotFound) }
    }

    /// Renders a manifest; `None` before the first segment.
    fn manifest(&self, resource: Resource<'_>) -> Option<Response> {
        let (first, last) = (self.timeline.first()?, self.timeline.last()?);
        let is_ended = self.timeline.is_ended();
        let (content_type, body) = match resource {
            Resource::Master => {
                let tracks = 0..self.timeline.presentation().tracks.len();
                let rates: Vec<_> = tracks.map(|track| self.timeline.bitrates(track)).collect();
                let captions = self.timeline.captions();
                let text = hls::master(self.timeline.presentation(), &rates, self.timeline.offered(), captions)?;
                (HLS, Body::from(text))
            }
            Resource::Mpd(flavour) => (DASH, self.mpd.render(flavour, (first, last), is_ended)),
            Resource::Playlist { track, bitrate } => {
                let position = self.timeline.presentation().position(track, bitrate)?;
                (HLS, self.playlists.get(position)?.render(Some(first), is_ended))
            }
            Resource::Init { .. } | Resource::Fragment { .. } => return None,
        };
        // What it lists says which version it is, on every host that has the same timeline.
        let (from, to) = (first.start.flicks(), last.end().flicks());
        let end = if is_ended { "-end" } else { "" };
        let drift = self.drifted();
        let etag = format!("\"{from:x}-{to:x}{}{}{drift}{end}\"", self.withdrawn(), self.captioned());
        let half = self.timeline.segment_duration().to_std().as_secs() / 2;
        Some(Response::manifest(content_type, if is_ended { 60 } else { half.max(1) }, &etag, body))
    }

    /// The positions of the tracks that manifests do not list, as a part of an entity tag.
    fn withdrawn(&self) -> String {
        let withdrawn = self.timeline.offered().iter().enumerate().filter(|(_, is_offered)| !**is_offered);
        withdrawn.map(|(track, _)| format!("-{track}")).collect()
    }

    /// How far media time is from the wall clock, in the same place.
    fn drifted(&self) -> String {
        let drift = self.timeline.drifted();
        if drift == MediaDuration::ZERO { String::new() } else { format!("-{:x}", drift.flicks()) }
    }

    /// The caption services that manifests name, in the same place.
    fn captioned(&self) -> String {
        self.timeline.captions().iter().map(|service| format!("-{service}")).collect()
    }
}

/// How far ahead of the live edge a fragment is "not ready" where the window is endless.
const NEAR: MediaDuration = MediaDuration::from_secs(60);

impl Rendered {
    fn of(playlists: usize) -> Self {
        Self { playlists: (0..playlists).map(|_| OnceLock::new()).collect(), ..Self::default() }
    }

    fn forget(&mut self) {
        self.master.take();
        self.cmaf.take();
        self.csf.take();
        self.playlists.iter_mut().for_each(|rendered| drop(rendered.take()));
    }
}

fn need(name: ObjectName, track: &TrackSpec, request: &Request<'_>) -> Reply {
    Reply::Need(Need::new(name, track.content_type(), request))
}
