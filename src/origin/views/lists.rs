//! Lists of segments that need no memory of those that are gone: each is made of the timeline when it is first asked for, and kept up
//! from then on, so that formats that nobody plays cost nothing.

use std::sync::{Arc, OnceLock};

use super::playlists::{Listed, list, playlist, segments};
use crate::{
    archive::Timeline,
    media::{Presentation, Segment, TrackSpec},
    package::{
        hds,
        hls::{self, HlsFormat, MediaPlaylist},
        smooth,
    },
    time::MediaDuration,
};

/// The playlists of HLS, and the manifests of Smooth Streaming and HDS.
#[derive(Debug)]
pub(super) struct Lists {
    /// In fragmented MP4.
    playlists: Vec<OnceLock<MediaPlaylist>>,
    /// In transport streams and packed audio.
    transport: Vec<OnceLock<MediaPlaylist>>,
    /// For each track the one whose playlists are the same text: the rungs of a ladder have the same segments, under the same names
    /// within their folders, as long as none lacks one.
    alike: Vec<usize>,
    smooth: OnceLock<smooth::Manifest>,
    hds: OnceLock<hds::Manifest>,
    /// What live manifests say of how far they go back.
    window: Option<MediaDuration>,
    /// How long parts are to be, where there are any.
    part_length: Option<MediaDuration>,
    is_ended: bool,
}

impl Lists {
    pub(super) fn new(presentation: &Presentation, window: Option<MediaDuration>) -> Self {
        let each = || presentation.tracks.iter().map(|_| OnceLock::new()).collect();
        Self {
            playlists: each(),
            transport: each(),
            alike: alike(presentation),
            smooth: OnceLock::new(),
            hds: OnceLock::new(),
            window,
            part_length: None,
            is_ended: false,
        }
    }

    /// This segment joined, the newest of the ones that are listed.
    pub(super) fn append(&mut self, segment: &Segment, listed: Listed<'_>) {
        self.note_alike(segment);
        made(&mut self.playlists).for_each(|playlist| playlist.append(segment));
        self.complete(segment, listed);
        self.smooth.get_mut().into_iter().for_each(|smooth| smooth.append(segment));
        self.hds.get_mut().into_iter().for_each(|hds| hds.append(segment));
    }

    /// The oldest segment, which is this one, is listed no more.
    pub(super) fn remove(&mut self, segment: &Segment, timeline: &Timeline) {
        made(&mut self.playlists).for_each(|playlist| playlist.remove(segment));
        if segment.pack.place == 0 && made(&mut self.transport).next().is_some() {
            let pack = timeline.pack(segment);
            made(&mut self.transport).for_each(|playlist| match &pack {
                Some(pack) => playlist.remove(pack),
                None => playlist.pass(segment),
            });
        }
        self.smooth.get_mut().into_iter().for_each(|smooth| smooth.remove(segment));
        self.hds.get_mut().into_iter().for_each(|hds| hds.remove(segment));
    }

    /// Other renditions are offered.
    pub(super) fn offer(&mut self, offered: &Arc<[bool]>) {
        self.smooth.get_mut().into_iter().for_each(|smooth| smooth.offer(offered));
        self.hds.get_mut().into_iter().for_each(|hds| hds.offer(offered));
    }

    /// The live edge is shown in parts from here on; whether it was not.
    pub(super) fn show_parts(&mut self, length: MediaDuration) -> bool {
        let is_new = self.part_length.replace(length) != Some(length);
        if is_new {
            self.playlists.iter_mut().filter_map(OnceLock::get_mut).for_each(|playlist| playlist.show_parts(length));
        }
        is_new
    }

    /// Some of what is listed is gone: what says so is made anew.
    pub(super) fn lose(&mut self, listed: Listed<'_>) {
        self.playlists.iter_mut().chain(&mut self.transport).for_each(|playlist| drop(playlist.take()));
        drop(self.hds.take());
        self.alike = alike(listed.0.presentation());
        segments(listed).for_each(|segment| self.note_alike(segment));
    }

    pub(super) fn end(&mut self, listed: Option<Listed<'_>>) {
        if std::mem::replace(&mut self.is_ended, true) {
            return;
        }
        if let Some((timeline, (first, last))) = listed
            && let Some(newest) = timeline.get(last)
            && !timeline.presentation().packing.is_full(newest.pack)
        {
            self.list_pack(newest, (timeline, (first, last)));
        }
        self.smooth.get_mut().into_iter().for_each(smooth::Manifest::end);
        self.hds.get_mut().into_iter().for_each(hds::Manifest::end);
    }

    /// The media playlist of a track. Versions 3 and 4 list the same.
    pub(super) fn playlist(&self, format: HlsFormat, track: usize, listed: Listed<'_>) -> Option<&MediaPlaylist> {
        let (timeline, (first, _)) = listed;
        let (playlists, format) = match format {
            HlsFormat::Cmaf => (&self.playlists, HlsFormat::Cmaf),
            HlsFormat::V4 | HlsFormat::V3 => (&self.transport, HlsFormat::V4),
        };
        timeline.presentation().tracks.get(track).filter(|track| format.lists(track))?;
        let track = *self.alike.get(track)?;
        let made = || {
            let mut playlist = playlist(timeline, (format, track), first).keeping_all(self.window.is_none());
            self.part_length.into_iter().for_each(|length| playlist.show_parts(length));
            list(&mut playlist, format, listed);
            playlist
        };
        Some(playlists.get(track)?.get_or_init(made))
    }

    /// The client manifest of Smooth Streaming.
    pub(super) fn smooth(&self, listed: Listed<'_>) -> &smooth::Manifest {
        self.smooth.get_or_init(|| {
            let mut smooth = smooth::Manifest::new(Arc::clone(listed.0.presentation()), self.window);
            smooth.offer(listed.0.offered());
            segments(listed).for_each(|segment| smooth.append(segment));
            if self.is_ended {
                smooth.end();
            }
            smooth
        })
    }

    /// The manifest of HDS and its bootstraps.
    pub(super) fn hds(&self, listed: Listed<'_>) -> &hds::Manifest {
        self.hds.get_or_init(|| {
            let mut hds = hds::Manifest::new(Arc::clone(listed.0.presentation()));
            hds.offer(listed.0.offered());
            segments(listed).for_each(|segment| hds.append(segment));
            if self.is_ended {
                hds.end();
            }
            hds
        })
    }

    /// Whether the playlist of this track shows the parts of the live edge.
    pub(super) fn has_parts(&self, track: usize, timeline: &Timeline) -> bool {
        let is_parted = timeline.presentation().tracks.get(track).is_some_and(hls::has_parts);
        is_parted && self.part_length.is_some() && !self.is_ended
    }

    fn note_alike(&mut self, segment: &Segment) {
        (0..self.alike.len()).for_each(|track| self.tell_apart(track, segment));
    }

    /// A rung that is not as the others in this segment has playlists of its own from here on.
    fn tell_apart(&mut self, track: usize, segment: &Segment) {
        let Some(alike) = self.alike.get_mut(track).filter(|alike| **alike != track) else { return };
        let of = |track: usize| segment.spans.get(track).map(|span| (span.start, span.duration, span.is_missing()));
        if of(track) != of(*alike) {
            *alike = track;
        }
    }

    /// Lists the packs that are whole now that this segment has joined: the one that it fills, and before that the one that it ends.
    fn complete(&mut self, segment: &Segment, listed: Listed<'_>) {
        let packing = listed.0.presentation().packing;
        let before = segment.sequence.checked_sub(1).and_then(|before| listed.0.get(before));
        if let Some(before) = before.filter(|before| segment.pack.place == 0 && !packing.is_full(before.pack)) {
            self.list_pack(before, listed);
        }
        if packing.is_full(segment.pack) {
            self.list_pack(segment, listed);
        }
    }

    /// Lists the pack whose last segment this is, unless it began before what is listed.
    fn list_pack(&mut self, last: &Segment, (timeline, (from, _)): Listed<'_>) {
        if made(&mut self.transport).next().is_none() {
            return;
        }
        let first = last.sequence.checked_sub(last.pack.place.into()).filter(|first| *first >= from);
        if let Some(pack) = first.and_then(|first| timeline.pack(timeline.get(first)?)) {
            made(&mut self.transport).for_each(|playlist| playlist.append(&pack));
        }
    }
}

fn made(playlists: &mut [OnceLock<MediaPlaylist>]) -> impl Iterator<Item = &mut MediaPlaylist> {
    playlists.iter_mut().filter_map(OnceLock::get_mut)
}

/// For each track the first one of which the playlists may be the same text.
fn alike(presentation: &Presentation) -> Vec<usize> {
    let is_alike = |one: &TrackSpec, other: &TrackSpec| {
        one.url_track == other.url_track
            && one.timescale == other.timescale
            && one.nominal_unit() == other.nominal_unit()
            && one.format.codec_name() == other.format.codec_name()
    };
    let tracks = &presentation.tracks;
    tracks.iter().map(|track| tracks.iter().position(|other| is_alike(track, other)).unwrap_or_default()).collect()
}
