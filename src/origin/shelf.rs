//! One asset as an origin sees it: its timeline, every manifest of it, and its media.

mod losses;
mod media;
mod packs;
mod patches;

use std::{collections::VecDeque, sync::Arc};

use super::{
    error::OriginError,
    filter::{Clip, Filter, Filters, Selection},
    filtered::Filtered,
    need::Need,
    query::clip,
    reload::{Directives, Readiness},
    rendered::Manifest,
    request::Request,
    response::{Reply, Response, Wait},
    url::{Rendition, Resource, Target},
    views::{Views, longest},
};
use crate::{
    archive::{AssetName, ObjectName, Past, Timeline, TimelineError, linger},
    media::{CaptionService, Part, Presentation, Segment, TrackSpec},
    package::{
        dash::Flavour,
        hds,
        hls::{self, HlsFormat},
    },
    time::{MediaDuration, MediaTime, Now},
};

/// One asset's timeline and its manifests, each rendered at most once per change.
#[derive(Debug)]
pub(super) struct Shelf {
    asset: AssetName,
    windows: Windows,
    timeline: Timeline,
    /// Segments that have left the timeline, and that players may still ask for.
    left: VecDeque<Segment>,
    views: Views,
    filters: Filters,
    filtered: Filtered,
}

impl Shelf {
    pub(super) fn new(
        asset: AssetName,
        presentation: &Arc<Presentation>,
        windows: Windows,
        segment_duration: MediaDuration,
    ) -> Self {
        let timeline = Timeline::new(Arc::clone(presentation), segment_duration);
        Self {
            asset,
            windows,
            left: VecDeque::new(),
            views: Views::new(&timeline, windows.shown()),
            timeline,
            filters: Filters::default(),
            filtered: Filtered::default(),
        }
    }

    /// What stood before the first segment, which is still to come, is gone.
    pub(super) fn resume(&mut self, past: Past) {
        self.timeline.go_on(past);
        self.views = Views::new(&self.timeline, self.windows.shown());
    }

    pub(super) fn append(&mut self, segment: &Segment) -> Result<(), TimelineError> {
        self.timeline.append(segment.clone())?;
        self.timeline.last().into_iter().for_each(|newest| self.views.append(newest, &self.timeline));
        self.filtered.forget();
        if let Some(rewind) = self.windows.rewind {
            self.rewind_to(segment.end().minus(rewind));
        }
        Ok(())
    }

    pub(super) fn append_part(&mut self, part: &Part) -> Result<(), TimelineError> {
        self.timeline.append_part(part.clone())?;
        self.views.append_part(&self.timeline);
        Ok(())
    }

    pub(super) fn trim(&mut self, before: u64) {
        while let Some(segment) = self.timeline.trim(before) {
            if self.views.first() == Some(segment.sequence) {
                self.views.remove(&segment, &self.timeline);
            }
            self.left.push_back(segment);
        }
        let longest = self.timeline.longest_pack();
        let kept = self.windows.archive.map(|window| window.plus(linger(window, longest)));
        let from = self.timeline.last().zip(kept).map(|(last, kept)| last.end().minus(kept));
        while self.left.pop_front_if(|left| from.is_none_or(|from| left.end() <= from)).is_some() {}
        self.filtered.forget();
    }

    /// Live manifests list nothing that is over by then (A17.14); the newest segment always stays.
    fn rewind_to(&mut self, from: MediaTime) {
        while let Some(oldest) = self.views.first().and_then(|first| self.timeline.get(first))
            && oldest.end() <= from
            && self.timeline.last().is_some_and(|last| last.sequence > oldest.sequence)
        {
            self.views.remove(oldest, &self.timeline);
        }
    }

    pub(super) fn offer(&mut self, offered: &[bool]) {
        if self.timeline.offer(offered) {
            self.follow();
        }
    }

    pub(super) fn caption(&mut self, services: &[CaptionService]) {
        if self.timeline.caption(services) {
            self.follow();
        }
    }

    pub(super) fn drift(&mut self, by: MediaDuration) {
        if self.timeline.drift(by) {
            self.follow();
        }
    }

    fn follow(&mut self) {
        self.views.follow(&self.timeline);
        self.filtered.forget();
    }

    pub(super) const fn filters(&mut self) -> &mut Filters {
        &mut self.filters
    }

    pub(super) fn filter(&self, name: &str) -> Option<&Filter> {
        self.filters.get(name)
    }

    /// The asset is on demand now, with everything that the archive holds.
    pub(super) fn end(&mut self) {
        self.timeline.end();
        if self.views.first() != self.timeline.first().map(|first| first.sequence) {
            self.views = Views::of(&self.timeline, self.windows.archive);
        }
        self.views.end(&self.timeline);
        self.filtered.forget();
    }

    pub(super) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The answer to a request for this target, whose filters these are.
    pub(super) fn answer(
        &self,
        target: &Target<'_>,
        filters: &[&Filter],
        request: &Request<'_>,
        now: Now,
    ) -> Result<Reply, OriginError> {
        match target.resource {
            Resource::Init(rendition) => {
                let (_, track) = self.track(rendition)?;
                Ok(Reply::Need(Need::stored(ObjectName::init(&self.asset, track), track, request)))
            }
            Resource::Fragment { rendition, ticks } => self.fragment(rendition, ticks, request, now),
            Resource::Part { rendition, ticks, part } => self.part(rendition, (ticks, part), request, now),
            Resource::Segment { rendition, ticks } => self.segment(rendition, ticks, request, now),
            Resource::KeyFrame { rendition, ticks, is_transport } => {
                self.key_frame(rendition, (ticks, is_transport), request, now)
            }
            Resource::TimedFragment { rendition, ticks } => self.timed_fragment(rendition, ticks, request, now),
            Resource::F4f { rendition, number } => self.f4f(rendition, number, request, now),
            Resource::Numbered { rendition, number } => self.numbered(rendition, number, request, now),
            Resource::Patch(from) => Ok(self.patch(from, request, now)),
            Resource::Time => Ok(Reply::Response(Response::time(now.utc, request))),
            resource => {
                let manifest = self.manifest(resource)?;
                let (clip, query) = clip(request.query, self.timeline.presentation())?;
                let response = if filters.is_empty() && clip == Clip::default() {
                    let manifest = match self.reloaded(manifest, request, now)? {
                        Ok(manifest) => manifest,
                        Err(wait) => return Ok(wait),
                    };
                    self.views.manifest(manifest, &self.timeline).map(|response| response.conditioned(request))
                } else {
                    let suffix = target.filter.map(|names| format!(",filter={names}")).unwrap_or_default() + &query;
                    self.filtered(manifest, (filters, &clip), suffix)?.map(|response| response.conditioned(request))
                };
                match response {
                    Some(response) => Ok(Reply::Response(response)),
                    None if self.timeline.is_ended() => Err(OriginError::NoLiveEntries),
                    None => Ok(self.wait(OriginError::NoLiveEntries, request, now)),
                }
            }
        }
    }

    /// A manifest of a part of the timeline; `None` before the first segment.
    fn filtered(
        &self,
        manifest: Manifest,
        (filters, clip): (&[&Filter], &Clip),
        suffix: String,
    ) -> Result<Option<Response>, OriginError> {
        if self.timeline.first().is_none() {
            return Ok(None);
        }
        // Its patches lead to the whole of it.
        let manifest =
            if manifest == Manifest::Mpd(Flavour::Patched) { Manifest::Mpd(Flavour::Cmaf) } else { manifest };
        let hls = match manifest {
            Manifest::Master { format, .. }
            | Manifest::Playlist { format, .. }
            | Manifest::KeyFrames { format, .. } => Some(longest(&self.timeline, format)),
            _ => None,
        };
        let selection = Selection::of(&self.timeline, self.windows, filters, clip, hls)?;
        if let Manifest::Playlist { track, .. } | Manifest::KeyFrames { track, .. } | Manifest::Bootstrap { track } =
            manifest
            && selection.offered.get(track) == Some(&false)
            && self.timeline.offered().get(track) == Some(&true)
        {
            return Err(OriginError::TrackNotFound);
        }
        Ok(self.filtered.manifest((manifest, selection, suffix), &self.timeline, self.views.mpd()))
    }

    /// Which manifest a URL means.
    fn manifest(&self, resource: Resource<'_>) -> Result<Manifest, OriginError> {
        match resource {
            Resource::Master { format, sound, has_audio_only } => {
                if !self.timeline.presentation().tracks.iter().any(|track| format.lists(track)) {
                    return Err(OriginError::OutputFormatNotSupported);
                }
                let sound = sound.map(|name| self.sound(name, hls::carries)).transpose()?;
                Ok(Manifest::Master { format, sound, has_audio_only })
            }
            Resource::Mpd(flavour) => Ok(Manifest::Mpd(flavour)),
            Resource::Smooth(version) if self.views.has_smooth() => Ok(Manifest::Smooth(version)),
            Resource::F4m if self.views.has_hds() => Ok(Manifest::F4m),
            Resource::Bootstrap(rendition) => {
                let (track, spec) = self.track(rendition)?;
                if hds::carries(spec) {
                    Ok(Manifest::Bootstrap { track })
                } else {
                    Err(OriginError::OutputFormatNotSupported)
                }
            }
            Resource::Playlist { rendition, format } => {
                let (track, spec) = self.track(rendition)?;
                self.beside(spec, rendition, hls::carries)?;
                if !format.lists(spec) {
                    return Err(OriginError::OutputFormatNotSupported);
                }
                Ok(Manifest::Playlist { format, track })
            }
            Resource::KeyFrames { rendition, format } => {
                let (track, spec) = self.rung(rendition)?;
                if !format.has_i_frames() || !format.lists(spec) {
                    return Err(OriginError::OutputFormatNotSupported);
                }
                Ok(Manifest::KeyFrames { format, track })
            }
            _ => Err(OriginError::OutputFormatNotSupported),
        }
    }

    /// What a request for this manifest gets of its forms; or it waits, where it asks for what is not there yet.
    fn reloaded(
        &self,
        manifest: Manifest,
        request: &Request<'_>,
        now: Now,
    ) -> Result<Result<Manifest, Reply>, OriginError> {
        let Manifest::Playlist { format: HlsFormat::Cmaf, track } = manifest else { return Ok(Ok(manifest)) };
        let directives = Directives::parse(request.query)?;
        if !self.views.has_parts(track, &self.timeline) {
            return Ok(Ok(manifest));
        }
        Ok(match directives.readiness(&self.timeline)? {
            Readiness::Early => Err(self.wait(OriginError::PlaylistNotReady, request, now)),
            Readiness::Ready if directives.skips => Ok(Manifest::Update { track }),
            Readiness::Ready => Ok(manifest),
        })
    }

    /// A rendition of pictures: nothing else has key frames.
    fn rung(&self, rendition: Rendition<'_>) -> Result<(usize, &TrackSpec), OriginError> {
        let (position, track) = self.track(rendition)?;
        if track.format.is_video() { Ok((position, track)) } else { Err(OriginError::TrackNotFound) }
    }

    fn track(&self, rendition: Rendition<'_>) -> Result<(usize, &TrackSpec), OriginError> {
        let presentation = self.timeline.presentation();
        let position = presentation.position(rendition.track, rendition.bitrate).ok_or(OriginError::TrackNotFound)?;
        Ok((position, presentation.tracks.get(position).ok_or(OriginError::TrackNotFound)?))
    }

    fn wait(&self, error: OriginError, request: &Request<'_>, now: Now) -> Reply {
        // A segment is due within its duration, and late where the GOPs of a contribution differ. RFC 8216bis clause 6.2.5.2 wants
        // playlists to be waited for for three of them.
        let segment = self.timeline.segment_duration();
        let most = match error {
            OriginError::PlaylistNotReady => segment.times(3),
            // The first pack, or as many as a client manifest of Smooth Streaming stays behind.
            OriginError::NoLiveEntries => self.timeline.longest_pack().max(segment.times(3)).plus(segment),
            _ => segment.times(2),
        };
        let most = most.to_std();
        let otherwise = Response::refusal(error, request);
        Reply::Wait(Wait { until: now.monotonic.saturating_add(most), otherwise })
    }
}

/// How far back an asset goes; `None` for all of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    /// What is kept.
    pub(super) archive: Option<MediaDuration>,
    /// What live manifests show of that, where it is less.
    pub(super) rewind: Option<MediaDuration>,
}

impl Windows {
    pub(super) const fn shown(self) -> Option<MediaDuration> {
        match self.rewind {
            Some(rewind) => Some(rewind),
            None => self.archive,
        }
    }
}
