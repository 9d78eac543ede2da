//! One asset as an origin sees it: its timeline, every manifest of it, and its media.

mod media;

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
    media::{Body, CaptionService, Presentation, Segment, TrackSpec},
    package::{
        dash::Mpd,
        hls::{self, HlsFormat, MediaPlaylist},
    },
    time::{MediaDuration, MediaTime, Now},
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

    /// What stood before the first segment, which is still to come, is gone.
    pub(super) fn resume(&mut self, discontinuities: u64, period: MediaTime) {
        self.every_playlist().for_each(|playlist| playlist.resume(discontinuities));
        self.mpd.resume(period);
        self.rendered.forget();
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
            Resource::Fragment { rendition, ticks } => self.fragment(rendition, ticks, request, now),
            Resource::Segment { rendition, ticks } => self.segment(rendition, ticks, request, now),
        }
    }

    fn track(&self, rendition: Rendition<'_>) -> Result<(usize, &TrackSpec), OriginError> {
        let presentation = self.timeline.presentation();
        let position = presentation.position(rendition.track, rendition.bitrate).ok_or(OriginError::TrackNotFound)?;
        Ok((position, presentation.tracks.get(position).ok_or(OriginError::TrackNotFound)?))
    }

    fn wait(&self, error: OriginError, request: &Request<'_>, now: Now) -> Reply {
        // A segment is due within its duration, and late where the GOPs of a contribution differ.
        let most = self.timeline.segment_duration().times(2).to_std();
        let otherwise = Response::refusal(error, request);
        Reply::Wait(Wait { until: now.monotonic.saturating_add(most), otherwise })
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
