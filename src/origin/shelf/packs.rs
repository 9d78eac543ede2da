//! Segments of HLS before version 7, each made of the fragments of a pack.

use super::Shelf;
use crate::{
    archive::ObjectName,
    media::{Segment, Span},
    origin::{error::OriginError, need::Need, request::Request, response::Reply, url::Rendition},
    package::hls,
    time::Now,
};

impl Shelf {
    /// A segment of HLS before version 7: of one rendition, or of a rung and its sound.
    pub(super) fn segment(
        &self,
        rendition: Rendition<'_>,
        ticks: u64,
        request: &Request<'_>,
        now: Now,
    ) -> Result<Reply, OriginError> {
        let (position, track) = self.track(rendition)?;
        let sound = self.beside(track, rendition, hls::carries)?;
        if !hls::carries(track) {
            return Err(OriginError::OutputFormatNotSupported);
        }
        if self.is_due_next(position, ticks) {
            return Ok(self.wait(OriginError::FragmentNotReady, request, now));
        }
        let Ok(first) = self.segment_at(position, ticks) else {
            self.check_fragment(position, track, ticks)?;
            return Err(OriginError::FragmentTimestampNotFound);
        };
        let Some(pack) = self.pack(first)? else {
            return Ok(self.wait(OriginError::FragmentNotReady, request, now));
        };
        let names = |of| self.pieces(&pack, of, of == position).filter(|(names, _)| !names.is_empty());
        let pieces = names(position).ok_or(OriginError::FragmentTimestampNotFound)?;
        // Pictures without their sound are better than none.
        let beside = sound.and_then(names);
        let is_there =
            |track: usize| pack.iter().all(|one| one.spans.get(track).is_some_and(|span| !span.is_missing()));
        let is_partial = !is_there(position) || sound.is_some_and(|sound| !is_there(sound));
        let of = (first.pack.number, is_partial);
        Ok(Reply::Need(Need::segment(of, pieces, beside, self.timeline.presentation(), request)))
    }

    /// The segments of the pack that begins with this one; `None` while it is not whole.
    fn pack<'a>(&'a self, first: &'a Segment) -> Result<Option<Vec<&'a Segment>>, OriginError> {
        if first.pack.place > 0 {
            return Err(OriginError::FragmentTimestampNotFound);
        }
        let (packing, behind) = (self.timeline.presentation().packing, self.segments_after(first.sequence));
        Ok(packing.whole(first, behind, self.timeline.is_ended()))
    }

    /// The fragments of a pack that the track at this position has, which is by itself or with pictures.
    fn pieces(&self, pack: &[&Segment], position: usize, is_alone: bool) -> Option<(Vec<ObjectName>, usize)> {
        let track = self.timeline.presentation().tracks.get(position)?;
        let spans = pack.iter().map(|segment| segment.spans.get(position).filter(|span| !span.is_missing()));
        let name = |span: &Span| ObjectName::fragment(&self.asset, track, span.start);
        let names = if is_alone && track.format.is_audio() {
            // Packed audio has one time stamp, and goes on without a gap from there.
            spans.skip_while(Option::is_none).map_while(|span| span.map(name)).collect()
        } else {
            spans.flatten().map(name).collect()
        };
        Some((names, position))
    }
}
