//! Media playlists that are made of a timeline: of its segments or, with transport streams, of packs of them.

use std::sync::Arc;

use crate::{
    archive::Timeline,
    media::Segment,
    package::hls::{HlsFormat, MediaPlaylist},
    time::MediaDuration,
};

/// The segments that are listed: a timeline, and the sequence numbers of the oldest and the newest.
pub(in crate::origin) type Listed<'a> = (&'a Timeline, (u64, u64));

/// The longest that a segment of this format may last.
pub(in crate::origin) fn longest(timeline: &Timeline, format: HlsFormat) -> MediaDuration {
    match format {
        HlsFormat::Cmaf => timeline.segment_duration(),
        HlsFormat::V4 | HlsFormat::V3 => timeline.longest_pack(),
    }
}

/// What a playlist of this format begins with: a segment, or a whole pack of them.
pub(in crate::origin) fn oldest(format: HlsFormat, (timeline, ends): Listed<'_>) -> Option<Segment> {
    match format {
        HlsFormat::Cmaf => timeline.get(ends.0).cloned(),
        HlsFormat::V4 | HlsFormat::V3 => timeline.packs(ends).next(),
    }
}

/// The playlist of the track at this position, without its segments, the oldest of which will be the one with this number or, where
/// segments are packed, one behind it.
pub(in crate::origin) fn playlist(
    timeline: &Timeline,
    (format, track): (HlsFormat, usize),
    first: u64,
) -> MediaPlaylist {
    let begins = |segment: &&Segment| format == HlsFormat::Cmaf || segment.pack.place == 0;
    let first = timeline.since(first).find(begins).map_or(first, |segment| segment.sequence);
    let behind = timeline.past_at(first).map_or(0, |past| past.discontinuities);
    let presentation = Arc::clone(timeline.presentation());
    MediaPlaylist::new(format, presentation, track, longest(timeline, format)).behind(behind)
}

/// Lists segments, or packs of them.
pub(in crate::origin) fn list(playlist: &mut MediaPlaylist, format: HlsFormat, listed: Listed<'_>) {
    match format {
        HlsFormat::Cmaf => segments(listed).for_each(|segment| playlist.append(segment)),
        HlsFormat::V4 | HlsFormat::V3 => listed.0.packs(listed.1).for_each(|pack| playlist.append(&pack)),
    }
}

/// The I-frames of a track from the one segment to the other, behind so many discontinuities. Few ask for them, so that they are not kept
/// up: the playlist costs what it lists, once per change.
pub(in crate::origin) fn i_frames(
    timeline: &Timeline,
    (format, track): (HlsFormat, usize),
    (first, last): (&Segment, &Segment),
    discontinuities: u64,
) -> MediaPlaylist {
    let presentation = Arc::clone(timeline.presentation());
    // Not packed, but all playlists of a presentation have the same target duration (RFC 8216 clause 6.2.4).
    let playlist = MediaPlaylist::new(format, presentation, track, longest(timeline, format));
    let mut playlist = playlist.behind(discontinuities).of_i_frames();
    segments((timeline, (first.sequence, last.sequence))).for_each(|segment| playlist.append(segment));
    playlist
}

pub(super) fn segments<'a>((timeline, (first, last)): Listed<'a>) -> impl Iterator<Item = &'a Segment> {
    timeline.since(first).take_while(move |segment| segment.sequence <= last)
}
