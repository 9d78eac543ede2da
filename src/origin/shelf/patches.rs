//! Patches of an asset's MPD.

use std::time::Duration;

use super::Shelf;
use crate::{
    media::Body,
    origin::{
        request::Request,
        response::{Reply, Response, Wait},
        views::DASH_PATCH,
    },
    package::dash::Patch,
    time::Now,
};

impl Shelf {
    /// What leads to the MPD from the one that listed these segments. dash.js never asks again for what was refused, so that who has none
    /// to come gets one that fits nothing, and asks for the whole MPD; and it waits ten seconds for an answer.
    pub(super) fn patch(&self, from: (u64, u64), request: &Request<'_>, now: Now) -> Reply {
        let answer = |body: Body| {
            let etag = format!("\"{:x}-{:x}-{:x}\"", from.0, from.1, self.timeline.version());
            Response::manifest(DASH_PATCH, Some(1), &etag, body).conditioned(request)
        };
        match self.views.mpd().patch(from) {
            Patch::Ready(body) if !self.timeline.is_ended() => Reply::Response(answer(body)),
            Patch::Current if !self.timeline.is_ended() => {
                let most = self.timeline.segment_duration().times(2).to_std().min(PATIENCE);
                let otherwise = answer(self.views.mpd().unfit());
                Reply::Wait(Wait { until: now.monotonic.saturating_add(most), otherwise })
            }
            _ => Reply::Response(answer(self.views.mpd().unfit())),
        }
    }
}

/// How long a request for a patch waits for the next segment at most.
const PATIENCE: Duration = Duration::from_secs(8);
