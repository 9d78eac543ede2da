//! Writes the two tables of a stream of one program, each in a packet of its own (ISO/IEC 13818-1 clauses 2.4.4.4 and 2.4.4.9).

use super::{PACKET_LEN, PID_NULL, PID_PAT, ProgramNumber, StreamType, crc::crc32};
use crate::media::Language;

/// What a program is made of, to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) number: ProgramNumber,
    /// The PID of its map.
    pub(crate) pid: u16,
    /// `version_number` of both tables, 0 to 31.
    pub(crate) version: u8,
    /// The PID that carries its clock.
    pub(crate) pcr_pid: u16,
    /// Eight at most: one section in one packet holds no more.
    pub(crate) streams: Vec<ProgramStream>,
}

/// One elementary stream of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProgramStream {
    pub(crate) stream_type: StreamType,
    pub(crate) pid: u16,
    /// Written as an ISO_639_language_descriptor (clause 2.6.18) where it is known.
    pub(crate) language: Language,
}

impl Program {
    /// Appends a packet with the PAT and one with the PMT, both with this `continuity_counter`, of which four bits count.
    pub(crate) fn write(&self, counter: u32, out: &mut Vec<u8>) {
        let mut body = Vec::with_capacity(64);
        body.extend(self.number.0.to_be_bytes());
        body.extend(with_ones(self.pid, 0xE000));
        self.section(out, (PID_PAT, counter), 0x00, TRANSPORT_STREAM, &body);
        body.clear();
        body.extend(with_ones(self.pcr_pid, 0xE000));
        body.extend([0xF0, 0]); // program_info_length
        for stream in self.streams.iter().take(MAX_STREAMS) {
            body.push(stream.stream_type.0);
            body.extend(with_ones(stream.pid, 0xE000));
            if stream.language == Language::UND {
                body.extend([0xF0, 0]);
            } else {
                body.extend([0xF0, 6, 0x0A, 4]);
                body.extend(stream.language.as_str().bytes());
                body.push(0);
            }
        }
        self.section(out, (self.pid, counter), 0x02, self.number.0, &body);
    }

    fn section(&self, out: &mut Vec<u8>, (pid, counter): (u16, u32), id: u8, extension: u16, body: &[u8]) {
        let end = out.len().saturating_add(PACKET_LEN);
        let [high, low] = with_ones(pid, 0x4000); // payload_unit_start_indicator
        // Payload alone, which begins with a pointer_field.
        out.extend([0x47, high, low, 0x10 | (counter & 0x0F) as u8, 0]);
        let start = out.len();
        let length = u16::try_from(body.len().saturating_add(9)).unwrap_or(0);
        out.push(id);
        out.extend(with_ones(length, 0xB000));
        out.extend(extension.to_be_bytes());
        out.extend([0xC1 | (self.version & 0x1F) << 1, 0, 0]);
        out.extend_from_slice(body);
        let checksum = crc32(out.get(start..).unwrap_or_default());
        out.extend(checksum.to_be_bytes());
        out.resize(end, 0xFF);
    }
}

/// Thirteen or twelve bits below reserved ones and flags.
const fn with_ones(value: u16, above: u16) -> [u8; 2] {
    (above | value & PID_NULL).to_be_bytes()
}

const MAX_STREAMS: usize = 8;
const TRANSPORT_STREAM: u16 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ts::{Packet, Pat, PatReader, Pmt, Sections, Table};

    #[test]
    fn tables_are_read_back_as_they_were_meant() {
        let stream = |stream_type, pid, language| ProgramStream { stream_type, pid, language };
        let french = Language::new("fra").unwrap();
        let mut streams = vec![stream(StreamType::H264, 0x100, Language::UND)];
        streams.extend((1..8).map(|n| stream(StreamType::AAC_ADTS, 0x100 + n, french)));
        let program = Program { number: ProgramNumber(1), pid: 0x1000, version: 3, pcr_pid: 0x100, streams };
        let mut out = Vec::new();
        program.write(0x12B, &mut out);
        let (packets, rest) = out.as_chunks::<PACKET_LEN>();
        assert_eq!((packets.len(), rest.len()), (2, 0));
        let (mut pat, mut pmt) = (None, None);
        for (bytes, pid) in packets.iter().zip([PID_PAT, 0x1000]) {
            let packet = Packet::parse(bytes).unwrap();
            assert_eq!((Packet::pid(bytes), packet.is_start, packet.counter), (pid, true, 0x0B));
            Sections::default().push(packet.payload.unwrap(), true, |section| {
                let table = Table::parse(section.unwrap()).unwrap();
                assert_eq!((table.version, table.is_current), (3, true));
                match table.id {
                    0 => pat = PatReader::default().push(&table).unwrap(),
                    _ => pmt = Some(Pmt::parse(&table).unwrap()),
                }
            });
        }
        assert_eq!(pat, Some(Pat { programs: vec![(ProgramNumber(1), 0x1000)] }));
        let pmt = pmt.unwrap();
        assert_eq!((pmt.program, pmt.pcr_pid, pmt.streams.len()), (ProgramNumber(1), 0x100, 8));
        assert_eq!((pmt.streams[0].stream_type, pmt.streams[0].language), (StreamType::H264, None));
        assert_eq!((pmt.streams[7].pid, pmt.streams[7].language), (0x107, Some(french)));
    }
}
