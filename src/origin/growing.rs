//! A fragment that is sent while it grows: chunked transfer of low latency DASH (ISO/IEC 23009-1 annex A.3.2).

use std::{ops::Range, time::Duration};

use super::{
    request::{Method, Request},
    response::Response,
};
use crate::{
    archive::{AssetName, ObjectName, Timeline},
    media::{Body, Span, TrackSpec},
    time::MediaDuration,
};

/// The answer to a request for the segment at the live edge, of which something is whole.
///
/// Send the head of the response, and then what [`Origin::grow`](super::Origin::grow) says until there is nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growing {
    /// Its head; nobody knows yet how long it gets, so that there is no `Content-Length`.
    pub response: Response,
    /// How long it may stand still before it is given up: a segment is no longer on its way then.
    pub patience: Duration,
    pub(super) asset: AssetName,
    name: ObjectName,
    track: usize,
    ticks: u64,
    sequence: u64,
    sent: usize,
    is_head: bool,
}

/// What comes next of a fragment that grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grown {
    /// Send these bytes of this object.
    More(ObjectName, Range<usize>),
    /// All that there is was sent: ask again after the next update of a timeline.
    Later,
    /// All was sent.
    Whole,
    /// It does not become whole any more, or is gone: cut the connection off, so that nobody takes it for whole.
    Lost,
}

impl Growing {
    /// The fragment of this track that starts at `ticks` in the segment with this sequence number.
    pub(super) fn new(
        asset: &AssetName,
        (track, spec): (usize, &TrackSpec),
        (ticks, sequence): (u64, u64),
        segment_duration: MediaDuration,
        request: &Request<'_>,
    ) -> Self {
        // Of a cache that has half of it nobody should get that half later: what it keeps is for those who come meanwhile.
        let headers = vec![("content-type", spec.content_type().into()), ("cache-control", "max-age=1".into())];
        Self {
            response: Response::new(200, headers, Body::new()),
            patience: segment_duration.times(3).to_std(),
            asset: asset.clone(),
            name: ObjectName::fragment(asset, spec, ticks),
            track,
            ticks,
            sequence,
            sent: 0,
            is_head: request.method == Method::Head,
        }
    }

    /// What comes next, by this timeline of the asset.
    pub(super) fn grow(&mut self, timeline: Option<&Timeline>) -> Grown {
        if self.is_head {
            return Grown::Whole;
        }
        let Some(timeline) = timeline else { return Grown::Lost };
        let span = |spans: &[Span]| spans.get(self.track).copied().filter(|span| span.start == self.ticks);
        let whole = timeline.get(self.sequence).map(|segment| span(&segment.spans));
        let there = match whole {
            Some(Some(span)) => span.bytes,
            Some(None) => return Grown::Lost,
            None => {
                let parts = timeline.parts().iter().filter(|part| part.sequence == self.sequence);
                let spans = parts
                    .filter_map(|part| part.spans.get(self.track))
                    .filter(|span| !span.is_missing() && span.fragment == self.ticks);
                let Some(end) = spans.map(|span| span.end()).max() else { return Grown::Lost };
                end
            }
        };
        let there = usize::try_from(there).unwrap_or(usize::MAX);
        if there > self.sent {
            let range = self.sent..there;
            self.sent = there;
            return Grown::More(self.name.clone(), range);
        }
        match whole {
            Some(_) => Grown::Whole,
            None if timeline.is_ended() => Grown::Lost,
            None => Grown::Later,
        }
    }
}
