//! The captions of a channel: out of the contribution's access units, into every rung, and named in the manifests (A13.1).

use std::sync::Arc;

use crate::{
    channel::{Channel, on_air::AirChain},
    codec::captions::CcReader,
    error::Fault,
    media::{AccessUnit, CaptionService, Segment, Track},
    splice::{CaptionDrop, CaptionLedger, CaptionTrack, Slot, Taken},
};

/// What is on its way, and the reader whose buffer is used again.
#[derive(Debug, Default)]
pub(super) struct Captions {
    track: CaptionTrack,
    reader: CcReader,
}

impl Channel {
    /// What became of every byte pair of the contribution's captions since the channel went on air. `None` off air, where
    /// the channel ignores them ([`ignore_captions`](super::ChannelConfig::ignore_captions)), and where it passes its
    /// contribution through, in whose samples they stay.
    #[must_use]
    pub fn captions(&self) -> Option<&CaptionLedger> {
        self.air.as_ref()?.captions.as_ref().map(|captions| captions.track.ledger())
    }

    /// The services that were seen up to the end of a segment. Ask in order.
    pub(super) fn caption_services(&mut self, segment: &Segment) -> Option<Arc<[CaptionService]>> {
        let services = if let Some(air) = &mut self.air {
            air.captions.as_mut()?.track.services_in(segment)
        } else {
            self.relay.as_mut().filter(|_| !self.config.ignore_captions)?.caption_services(segment)?
        };
        Some(Arc::clone(services)).filter(|services| !services.is_empty())
    }
}

impl AirChain {
    /// Takes what a picture carries, after the switcher took the picture.
    pub(super) fn take_captions(&mut self, video: Option<&Track>, unit: &AccessUnit, taken: Taken) {
        let Some((captions, video)) = self.captions.as_mut().zip(video) else { return };
        let Captions { track, reader } = captions;
        reader.read(&video.format, &unit.data);
        match taken {
            Taken::BeforeIdr => return track.refuse(reader, CaptionDrop::BeforeIdr),
            Taken::Jumped(_) => {
                if let Some(at) = self.switcher.frame_of(unit.pts.min(unit.dts)) {
                    track.jump(at);
                }
            }
            Taken::Decode => {}
        }
        track.push(unit.pts, reader);
        track.place(|at| self.switcher.frame_of(at));
    }

    /// Counts what a picture carries that no decoder takes.
    pub(super) fn refuse_captions(&mut self, video: Option<&Track>, unit: &AccessUnit) {
        let Some((Captions { track, reader }, video)) = self.captions.as_mut().zip(video) else { return };
        reader.read(&video.format, &unit.data);
        track.refuse(reader, CaptionDrop::Refused);
    }

    /// The contribution went off air, if it did.
    pub(super) fn cut_captions(&mut self, reason: CaptionDrop) {
        if let Some(captions) = self.captions.as_mut().filter(|_| !self.switcher.has_feed()) {
            captions.track.cut(reason);
        }
    }

    /// Gives the slot that was pushed last its captions.
    pub(super) fn write_captions(&mut self, slot: &Slot) {
        let rate = self.switcher.cadence().rate();
        let frame = self.captions.as_mut().and_then(|captions| captions.track.frame(slot, rate));
        if let Some(captions) = frame {
            self.pipeline.push_captions(slot.pts, captions);
        }
    }

    /// What is wrong with the contribution's captions.
    pub(super) fn pull_caption_fault(&mut self) -> Option<Fault> {
        let (reason, count) = self.captions.as_mut()?.track.pull_trouble()?;
        Some(Fault::CaptionsDropped { count, reason: reason.code() })
    }
}
