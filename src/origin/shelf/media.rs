//! Media of an asset: which fragments there are, and what a request needs of them.

use super::Shelf;
use crate::{
    archive::{ObjectName, linger},
    media::{Segment, Span, TrackSpec},
    origin::{error::OriginError, growing::Growing, need::Need, request::Request, response::Reply, url::Rendition},
    package::{hds, hls, smooth},
    time::{MediaDuration, Now},
};

impl Shelf {
    /// A fragment as it is stored.
    pub(super) fn fragment(
        &self,
        rendition: Rendition<'_>,
        ticks: u64,
        request: &Request<'_>,
        now: Now,
    ) -> Result<Reply, OriginError> {
        let (position, track) = self.track(rendition)?;
        if let Some(wait) = self.early((position, track), ticks, request, now)? {
            return Ok(wait);
        }
        Ok(Reply::Need(Need::stored(ObjectName::fragment(&self.asset, track, ticks), track, request)))
    }

    /// A part of a fragment, which may be whole while the fragment is not. Players ask for the next one before it is.
    pub(super) fn part(
        &self,
        rendition: Rendition<'_>,
        (ticks, index): (u64, usize),
        request: &Request<'_>,
        now: Now,
    ) -> Result<Reply, OriginError> {
        let (position, track) = self.track(rendition)?;
        let early = || self.wait(OriginError::FragmentNotReady, request, now);
        let Some(parts) = self.timeline.find_parts(position, ticks) else {
            let is_next = index == 0 && self.timeline.part_length().is_some() && self.is_due_next(position, ticks);
            return if is_next { Ok(early()) } else { Err(OriginError::FragmentTimestampNotFound) };
        };
        let is_open = self.timeline.parts().first().is_some_and(|open| parts.first() == Some(open));
        match parts.get(index).and_then(|part| part.spans.get(position)) {
            Some(span) if !span.is_missing() => {
                let name = ObjectName::fragment(&self.asset, track, ticks);
                Ok(Reply::Need(Need::part(name, *span, track, request)))
            }
            None if is_open && index == parts.len() => Ok(early()),
            _ => Err(OriginError::FragmentTimestampNotFound),
        }
    }

    /// The key frame of a rung's fragment alone, in a transport stream or in fragmented MP4.
    pub(super) fn key_frame(
        &self,
        rendition: Rendition<'_>,
        (ticks, is_transport): (u64, bool),
        request: &Request<'_>,
        now: Now,
    ) -> Result<Reply, OriginError> {
        let (position, track) = self.rung(rendition)?;
        if is_transport && !hls::carries(track) {
            return Err(OriginError::OutputFormatNotSupported);
        }
        if let Some(wait) = self.early((position, track), ticks, request, now)? {
            return Ok(wait);
        }
        let span = self.segment_at(position, ticks)?.spans.get(position).copied().filter(|span| !span.is_missing());
        let span = span.ok_or(OriginError::FragmentTimestampNotFound)?;
        let pictures = (ObjectName::fragment(&self.asset, track, ticks), position);
        Ok(Reply::Need(Need::key_frame(pictures, span, is_transport, self.timeline.presentation(), request)))
    }

    /// A fragment of Smooth Streaming, which tells of those behind it. Live, it is not ready before they are.
    pub(super) fn timed_fragment(
        &self,
        rendition: Rendition<'_>,
        ticks: u64,
        request: &Request<'_>,
        now: Now,
    ) -> Result<Reply, OriginError> {
        let (position, track) = self.track(rendition)?;
        if !smooth::carries(&track.format) {
            return Err(OriginError::OutputFormatNotSupported);
        }
        if let Some(wait) = self.early((position, track), ticks, request, now)? {
            return Ok(wait);
        }
        let segment = self.segment_at(position, ticks)?;
        let span_in = |segment: &Segment| segment.spans.get(position).copied().filter(|span| !span.is_missing());
        let behind = self.segments_after(segment.sequence).filter_map(span_in);
        let ahead = behind.map(|span| smooth::Next { start: span.start, duration: span.duration });
        let ahead: Vec<_> = ahead.take(smooth::look_ahead(&track.format)).collect();
        if ahead.len() < smooth::look_ahead(&track.format) && !self.timeline.is_ended() {
            return Ok(self.wait(OriginError::FragmentNotReady, request, now));
        }
        let span = span_in(segment).ok_or(OriginError::FragmentTimestampNotFound)?;
        let name = ObjectName::fragment(&self.asset, track, ticks);
        Ok(Reply::Need(Need::timed((name, position), span, ahead, self.timeline.presentation(), request)))
    }

    /// A fragment of HDS: of one rendition, or of a rung and its sound.
    pub(super) fn f4f(
        &self,
        rendition: Rendition<'_>,
        number: u32,
        request: &Request<'_>,
        now: Now,
    ) -> Result<Reply, OriginError> {
        let (position, track) = self.track(rendition)?;
        let sound = self.beside(track, rendition, hds::carries)?;
        if !hds::carries(track) {
            return Err(OriginError::OutputFormatNotSupported);
        }
        let sequence = hds::sequence_of(number).ok_or(OriginError::FragmentIndexNotFound)?;
        let Some(segment) = self.by_number(sequence)? else {
            return Ok(self.wait(OriginError::FragmentNotReady, request, now));
        };
        let span = segment.spans.get(position).filter(|span| !span.is_missing());
        let span = span.ok_or(OriginError::FragmentIndexNotFound)?;
        let pictures = (ObjectName::fragment(&self.asset, track, span.start), position);
        let beside = sound.and_then(|sound| self.sound_of(segment, sound));
        Ok(Reply::Need(Need::f4f(pictures, beside, self.timeline.presentation(), segment, request)))
    }

    /// A fragment as it is stored, by the number of its segment.
    pub(super) fn numbered(
        &self,
        rendition: Rendition<'_>,
        number: u64,
        request: &Request<'_>,
        now: Now,
    ) -> Result<Reply, OriginError> {
        let (position, track) = self.track(rendition)?;
        let Some(segment) = self.by_number(number)? else {
            // Players ask for it when its first part is due.
            let open = self.timeline.parts().iter().filter(|part| part.sequence == number);
            let mut spans = open.filter_map(|part| part.spans.get(position)).filter(|span| !span.is_missing());
            if let Some(begun) = spans.next() {
                let of = (begun.fragment, number);
                let growing =
                    Growing::new(&self.asset, (position, track), of, self.timeline.segment_duration(), request);
                return Ok(Reply::Growing(growing));
            }
            return Ok(self.wait(OriginError::FragmentNotReady, request, now));
        };
        let span = segment.spans.get(position).filter(|span| !span.is_missing());
        let ticks = span.ok_or(OriginError::FragmentIndexNotFound)?.start;
        Ok(Reply::Need(Need::stored(ObjectName::fragment(&self.asset, track, ticks), track, request)))
    }

    /// The segment with this number; `None` for the one that comes next at the live edge. Where it comes in parts, players reckon when the
    /// ones behind it are due by a clock: an encoder that is late must not have them refused.
    fn by_number(&self, sequence: u64) -> Result<Option<&Segment>, OriginError> {
        let next = self.timeline.last().map_or(0, |last| last.sequence.saturating_add(1));
        if sequence >= next && !self.timeline.is_ended() {
            let behind = if self.timeline.part_length().is_some() { 2 } else { 0 };
            return match sequence {
                due if due <= next.saturating_add(behind) => Ok(None),
                near if near < next.saturating_add(MANY) => Err(OriginError::FragmentNotReady),
                _ => Err(OriginError::FragmentIndexNotFound),
            };
        }
        let lately = || self.left.iter().find(|left| left.sequence == sequence);
        self.timeline.get(sequence).or_else(lately).map(Some).ok_or(OriginError::FragmentIndexNotFound)
    }

    /// To wait, where the fragment that starts at `ticks` is the next at the live edge; `None` where it is there.
    fn early(
        &self,
        (position, track): (usize, &TrackSpec),
        ticks: u64,
        request: &Request<'_>,
        now: Now,
    ) -> Result<Option<Reply>, OriginError> {
        if self.is_due_next(position, ticks) {
            return Ok(Some(self.wait(OriginError::FragmentNotReady, request, now)));
        }
        self.check_fragment(position, track, ticks).map(|()| None)
    }

    /// The sound of a segment; pictures without theirs are better than none.
    fn sound_of(&self, segment: &Segment, sound: usize) -> Option<(ObjectName, usize)> {
        let (span, track) = (segment.spans.get(sound)?, self.timeline.presentation().tracks.get(sound)?);
        (!span.is_missing()).then(|| (ObjectName::fragment(&self.asset, track, span.start), sound))
    }

    /// The segment whose fragment of the track at this position starts at `ticks`.
    pub(super) fn segment_at(&self, position: usize, ticks: u64) -> Result<&Segment, OriginError> {
        // What left the window is not found by its time, so that it is looked for.
        let lately = || self.left.iter().find(|left| left.spans.get(position).is_some_and(|span| span.start == ticks));
        self.timeline.find(position, ticks).or_else(lately).ok_or(OriginError::FragmentTimestampNotFound)
    }

    /// Segments behind the one with this number, oldest first.
    pub(super) fn segments_after(&self, sequence: u64) -> impl Iterator<Item = &Segment> {
        let lately = self.left.iter().filter(move |left| left.sequence > sequence);
        lately.chain(self.timeline.since(sequence.saturating_add(1)))
    }

    /// The position of the sound that a rendition of pictures is to have in its segments.
    pub(super) fn beside(
        &self,
        track: &TrackSpec,
        rendition: Rendition<'_>,
        carries: fn(&TrackSpec) -> bool,
    ) -> Result<Option<usize>, OriginError> {
        match rendition.sound {
            Some(_) if !track.format.is_video() => Err(OriginError::BadUrlSyntax),
            sound => sound.map(|name| self.sound(name, carries)).transpose(),
        }
    }

    /// The position of the sound of this name that the format carries.
    pub(super) fn sound(&self, name: &str, carries: fn(&TrackSpec) -> bool) -> Result<usize, OriginError> {
        let is_it = |track: &TrackSpec| track.url_track == name && track.format.is_audio() && carries(track);
        self.timeline.presentation().tracks.iter().position(is_it).ok_or(OriginError::TrackNotFound)
    }

    /// Whether the fragment that starts at `ticks` is the one that comes next at the live edge.
    pub(super) fn is_due_next(&self, position: usize, ticks: u64) -> bool {
        let edge = self.timeline.last().and_then(|last| last.spans.get(position)).map(Span::end);
        let is_offered = self.timeline.offered().get(position).copied().unwrap_or_default();
        is_offered && !self.timeline.is_ended() && edge == Some(ticks)
    }

    /// Whether a fragment of this track may start at `ticks`: one in the window, or one that left it so lately that a
    /// player still has the playlist.
    pub(super) fn check_fragment(&self, position: usize, track: &TrackSpec, ticks: u64) -> Result<(), OriginError> {
        let span = |segment: &Segment| segment.spans.get(position).copied().unwrap_or_default();
        let (Some(first), Some(last)) = (self.timeline.first(), self.timeline.last()) else {
            return Err(OriginError::FragmentNotReady);
        };
        let in_ticks = |span: MediaDuration| u64::try_from(span.ticks(track.timescale)).unwrap_or(0);
        let (start, edge) = (span(first).start, span(last).end());
        if ticks >= edge {
            let ahead = in_ticks(self.windows.archive.unwrap_or(NEAR));
            let is_near = !self.timeline.is_ended() && ticks < edge.saturating_add(ahead);
            return Err(if is_near { OriginError::FragmentNotReady } else { OriginError::FragmentTimestampNotFound });
        }
        let is_there = if ticks < start {
            let lingers = self.windows.archive.map(|window| in_ticks(linger(window, self.timeline.longest_pack())));
            lingers.is_some_and(|lingers| ticks >= start.saturating_sub(lingers))
        } else {
            self.timeline.find(position, ticks).is_some_and(|segment| !span(segment).is_missing())
        };
        if is_there { Ok(()) } else { Err(OriginError::FragmentTimestampNotFound) }
    }
}

/// How far ahead of the live edge a fragment is "not ready" where the window is endless.
const NEAR: MediaDuration = MediaDuration::from_secs(60);

/// The same in fragments.
const MANY: u64 = 30;
