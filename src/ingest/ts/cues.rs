//! Cues beside the pictures: SCTE 35 sections (ANSI/SCTE 35 2023 clauses 8 and 9.6), carried and not acted on.
//!
//! A section is taken whole, with its checksum, and nothing in it is looked at but its table id and when it is due: whoever
//! acts on cues parses it. On a PID that is registered for cues, what cannot be read is told; on one that only may carry them
//! (private sections, stream type 0x86 without registration, which is DTS-HD elsewhere), all but good sections is passed over
//! silently.

use bytes::Bytes;

use super::out::Out;
use crate::{
    error::{Fault, ParseErrorKind},
    ingest::Demuxed,
    media::{CueCarriage, CueSignal},
    wire::{
        scte35::{SpliceInfoSection, SpliceTime},
        ts::{Arrival, Continuity, Packet, Sections, is_intact},
    },
};

/// One PID with cues.
#[derive(Debug)]
pub(super) struct Cues {
    pid: u16,
    is_sure: bool,
    sections: Sections,
}

impl Cues {
    pub(super) fn new(pid: u16, is_sure: bool) -> Self {
        Self { pid, is_sure, sections: Sections::default() }
    }

    /// The next packet on the PID.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, continuity: &mut Continuity, out: &mut Out) {
        let Some(payload) = packet.payload else { return };
        match continuity.check(packet) {
            Arrival::Duplicate => return,
            Arrival::Next => {}
            Arrival::Jump => self.sections.reset(),
            Arrival::Lost(lost) => {
                self.sections.reset();
                if self.is_sure {
                    out.fault(Fault::Loss { lost: lost.into(), stream: Some(self.pid.into()) });
                }
            }
        }
        if packet.is_scrambled {
            return out.ignore("scrambled");
        }
        let (pid, is_sure) = (self.pid, self.is_sure);
        let mut has_good = false;
        self.sections.push(payload, packet.is_start, |found| match found {
            Ok(section) if section.first() != Some(&TABLE_ID) => {}
            Ok(section) if is_intact(section) => {
                has_good = true;
                let carriage = CueCarriage::TransportStream { pid };
                let at = out.cue_time();
                let time = SpliceInfoSection::parse(section).ok().and_then(|section| section.time());
                let due = time.map(|time| match time {
                    SpliceTime::Unspecified => at,
                    SpliceTime::At(raw) => out.due(raw),
                });
                let payload = Bytes::copy_from_slice(section);
                out.queue.push_back(Demuxed::Cue(CueSignal { carriage, at, due, payload }));
            }
            Ok(_) if is_sure => out.unreadable(ParseErrorKind::Checksum { what: "splice_info_section" }, pid),
            Err(kind) if is_sure => out.unreadable(kind, pid),
            _ => {}
        });
        self.is_sure |= has_good;
    }

    /// A packet is missing or may be broken.
    pub(super) fn reset(&mut self) {
        self.sections.reset();
    }
}

/// `table_id` of a splice_info_section.
const TABLE_ID: u8 = 0xFC;
