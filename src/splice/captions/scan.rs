//! The caption services of pictures that are passed through, in whose samples the captions stay.

use std::sync::Arc;

use super::{field, services::Services};
use crate::{
    codec::captions::{CcKind, CcPair, CcReader},
    media::{CaptionService, Segment, TrackFormat},
    time::MediaTime,
};

/// Notes which services are there; what they say is not looked at. Of H.264, as of what is encoded here.
#[derive(Debug, Default)]
pub struct CaptionScan {
    reader: CcReader,
    services: Services,
}

impl CaptionScan {
    /// Looks into an access unit that shows at `at`.
    pub fn push(&mut self, format: &TrackFormat, data: &[u8], at: MediaTime) {
        self.reader.read(format, data);
        for pair in self.reader.pairs() {
            if let Some(service) = service_of(*pair) {
                self.services.note(service, at);
            }
        }
    }

    /// The services that were seen up to the end of a segment, sorted. Ask in order.
    pub fn services_in(&mut self, segment: &Segment) -> &Arc<[CaptionService]> {
        self.services.in_segment(segment)
    }
}

/// The service that a byte pair alone tells: by a mode of CEA-608, by the first block of a DTVCC packet.
fn service_of(pair: CcPair) -> Option<CaptionService> {
    let [first, second] = pair.bytes;
    match pair.kind {
        CcKind::Field1 | CcKind::Field2 => field::service_of(pair.kind, pair.bytes),
        CcKind::PacketStart => {
            let (code, number, size) = (first & 0x3F, second >> 5, second & 0x1F);
            let is_sound = code != 0 && (1..7).contains(&number) && (1..2 * code).contains(&size);
            is_sound.then_some(CaptionService::Cea708(number))
        }
        CcKind::PacketData => None,
    }
}
