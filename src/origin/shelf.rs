//! One asset as an origin sees it: its timeline, and every manifest of it.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use super::{
    error::OriginError,
    need::Need,
    rendered::Rendered,
    request::Request,
    response::{Reply, Response, Wait},
    url::{Rendition, Resource},
};
use crate::{
    archive::{AssetName, ObjectName, Timeline, TimelineError, linger},
    media::{Body, CaptionService, Presentation, Segment, Span, TrackSpec},
    package::{
        dash::Mpd,
        hls::{self, HlsFormat, MediaPlaylist},
    },
    time::{MediaDuration, Now},
};

/// One asset's timeline and its manifests, each rendered at most once per change.
#[derive(Debug)]
pub(super) struct Shelf {
    asset: AssetName,
    window: Option<MediaDuration>,
    timeline: Timeline,
    /// Segments that have left the window, and that players may still ask for.
    left: VecDeque<Segment>,
    /// In fragmented MP4.
    playlists: Vec<MediaPlaylist>,
    /// In transport streams and packed audio; of the tracks that these hold.
    transport: Vec<Option<MediaPlaylist>>,
    mpd: Mpd,
    rendered: Rendered,
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
        let of = |format, track| MediaPlaylist::new(format, Arc::clone(presentation), track, segment_duration);
        let tracks = presentation.tracks.iter().enumerate();
        let transport = tracks.map(|(n, track)| HlsFormat::V4.lists(track).then(|| of(HlsFormat::V4, n))).collect();
        let playlists: Vec<_> = (0..presentation.tracks.len()).map(|n| of(HlsFormat::Cmaf, n)).collect();
        Self {
            asset,
            window,
            timeline: Timeline::new(Arc::clone(presentation), segment_duration),
            left: VecDeque::new(),
            rendered: Rendered::of(playlists.len()),
            playlists,
            transport,
            mpd: Mpd::new(Arc::clone(presentation), window, segment_duration),
        }
    }

    pub(super) fn append(&mut self, segment: &Segment) -> Result<(), TimelineError> {
        self.timeline.append(segment.clone())?;
        self.every_playlist().for_each(|playlist| playlist.append(segment));
        self.mpd.append(segment);
        self.rendered.forget();
        Ok(())
    }

    pub(super) fn trim(&mut self, before: u64) {
        while let Some(segment) = self.timeline.trim(before) {
            self.every_playlist().for_each(|playlist| playlist.remove(&segment));
            self.mpd.remove(&segment);
            self.left.push_back(segment);
        }
        let kept = self.window.map(|window| window.plus(linger(window, self.timeline.segment_duration())));
        let from = self.timeline.last().zip(kept).map(|(last, kept)| last.end().minus(kept));
        while self.left.pop_front_if(|left| from.is_none_or(|from| left.end() <= from)).is_some() {}
        self.rendered.forget();
    }

    fn every_playlist(&mut self) -> impl Iterator<Item = &mut MediaPlaylist> {
        self.playlists.iter_mut().chain(self.transport.iter_mut().flatten())
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
            Resource::Master { format, sound, has_audio_only } => {
                let sound = sound.map(|name| self.sound(name)).transpose()?;
                if !self.timeline.presentation().tracks.iter().any(|track| format.lists(track)) {
                    return Err(OriginError::OutputFormatNotSupported);
                }
                let cell = self.rendered.master(format, sound, has_audio_only);
                manifest(cell.ok_or(OriginError::TrackNotFound)?)
            }
            Resource::Mpd(flavour) => manifest(self.rendered.mpd(flavour)),
            Resource::Playlist { rendition, format } => {
                let (position, track) = self.track(rendition)?;
                self.beside(track, rendition)?;
                if !format.lists(track) {
                    return Err(OriginError::OutputFormatNotSupported);
                }
                manifest(self.rendered.playlist(format, position).ok_or(OriginError::TrackNotFound)?)
            }
            Resource::Init(rendition) => {
                let (_, track) = self.track(rendition)?;
                Ok(Reply::Need(Need::stored(ObjectName::init(&self.asset, track), track, request)))
            }
            Resource::Fragment { rendition, ticks } => {
                let (position, track) = self.track(rendition)?;
                if self.is_due_next(position, ticks) {
                    return Ok(self.wait(OriginError::FragmentNotReady, request, now));
                }
                self.check_fragment(position, track, ticks)?;
                Ok(Reply::Need(Need::stored(ObjectName::fragment(&self.asset, track, ticks), track, request)))
            }
            Resource::Segment { rendition, ticks } => self.segment(rendition, ticks, request, now),
        }
    }

    /// A segment of HLS before version 7: of one rendition, or of a rung and its sound.
    fn segment(
        &self,
        rendition: Rendition<'_>,
        ticks: u64,
        request: &Request<'_>,
        now: Now,
    ) -> Result<Reply, OriginError> {
        let (position, track) = self.track(rendition)?;
        let sound = self.beside(track, rendition)?;
        if !hls::carries(track) {
            return Err(OriginError::OutputFormatNotSupported);
        }
        if self.is_due_next(position, ticks) {
            return Ok(self.wait(OriginError::FragmentNotReady, request, now));
        }
        self.check_fragment(position, track, ticks)?;
        let presentation = self.timeline.presentation();
        let (mut tracks, mut names) = (vec![position], vec![ObjectName::fragment(&self.asset, track, ticks)]);
        if let Some(sound) = sound {
            // What left the window is not found by its time, so that it is looked for.
            let lately =
                || self.left.iter().find(|left| left.spans.get(position).is_some_and(|span| span.start == ticks));
            let found = self.timeline.find(position, ticks).or_else(lately);
            let spans = &found.ok_or(OriginError::FragmentTimestampNotFound)?.spans;
            // Pictures without their sound are better than none.
            if let (Some(span), Some(track)) = (spans.get(sound), presentation.tracks.get(sound))
                && !span.is_missing()
            {
                tracks.push(sound);
                names.push(ObjectName::fragment(&self.asset, track, span.start));
            }
        }
        Ok(Reply::Need(Need::segment(names, presentation, tracks, request)))
    }

    fn track(&self, rendition: Rendition<'_>) -> Result<(usize, &TrackSpec), OriginError> {
        let presentation = self.timeline.presentation();
        let position = presentation.position(rendition.track, rendition.bitrate).ok_or(OriginError::TrackNotFound)?;
        Ok((position, presentation.tracks.get(position).ok_or(OriginError::TrackNotFound)?))
    }

    /// The position of the sound that a rendition of pictures is to have in its segments.
    fn beside(&self, track: &TrackSpec, rendition: Rendition<'_>) -> Result<Option<usize>, OriginError> {
        match rendition.sound {
            Some(_) if !track.format.is_video() => Err(OriginError::BadUrlSyntax),
            sound => sound.map(|name| self.sound(name)).transpose(),
        }
    }

    /// The position of the sound of this name that transport streams can hold.
    fn sound(&self, name: &str) -> Result<usize, OriginError> {
        let is_it = |track: &TrackSpec| track.url_track == name && track.format.is_audio() && hls::carries(track);
        self.timeline.presentation().tracks.iter().position(is_it).ok_or(OriginError::TrackNotFound)
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
            Resource::Master { format, sound, has_audio_only } => {
                let tracks = 0..self.timeline.presentation().tracks.len();
                let rates: Vec<_> = tracks.map(|track| self.timeline.bitrates(track)).collect();
                let master = hls::Master {
                    format,
                    presentation: self.timeline.presentation(),
                    rates: &rates,
                    offered: self.timeline.offered(),
                    captions: self.timeline.captions(),
                    segment_duration: self.timeline.segment_duration(),
                    sound: sound.and_then(|name| self.sound(name).ok()),
                    has_audio_only,
                };
                (HLS, Body::from(master.render()?))
            }
            Resource::Mpd(flavour) => (DASH, self.mpd.render(flavour, (first, last), is_ended)),
            Resource::Playlist { rendition, format } => {
                let (position, _) = self.track(rendition).ok()?;
                let playlist = match format {
                    HlsFormat::Cmaf => self.playlists.get(position)?,
                    HlsFormat::V4 | HlsFormat::V3 => self.transport.get(position)?.as_ref()?,
                };
                (HLS, playlist.render(format, Some(first), is_ended))
            }
            Resource::Init(_) | Resource::Fragment { .. } | Resource::Segment { .. } => return None,
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
