//! The program map table and the descriptors that are read (ISO/IEC 13818-1 clauses 2.4.4.9, 2.6.8 and 2.6.18).

use super::{PID_FIRST_FREE, PID_NULL, ProgramNumber, Table};
use crate::{error::ParseErrorKind, media::Language};

/// What a program is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pmt {
    /// Its number.
    pub(crate) program: ProgramNumber,
    /// The PID that carries its clock; 0x1FFF where none does.
    pub(crate) pcr_pid: u16,
    /// Elementary streams in the order of the table.
    pub(crate) streams: Vec<Stream>,
}

/// One elementary stream of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    /// What it carries.
    pub(crate) stream_type: StreamType,
    /// Where it comes.
    pub(crate) pid: u16,
    /// Its first language, by an ISO_639_language_descriptor.
    pub(crate) language: Option<Language>,
    /// `format_identifier` of a registration_descriptor.
    pub(crate) registration: Option<[u8; 4]>,
    /// The tag of the DVB descriptor that says what a private stream is (EN 300 468 table 12).
    pub(crate) dvb_tag: Option<u8>,
}

/// `stream_type` (table 2-34); the code space is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamType(pub(crate) u8);

impl StreamType {
    /// AAC with ADTS transport syntax.
    pub(crate) const AAC_ADTS: Self = Self(0x0F);
    /// H.264.
    pub(crate) const H264: Self = Self(0x1B);
    const PRIVATE_PES: Self = Self(0x06);
}

impl Stream {
    /// What it is, for people.
    pub(crate) fn name(&self) -> &'static str {
        match (self.stream_type, self.dvb_tag, self.registration.as_ref()) {
            (StreamType::PRIVATE_PES, Some(0x6A), _) | (StreamType::PRIVATE_PES, _, Some(b"AC-3")) => "AC-3",
            (StreamType::PRIVATE_PES, Some(0x7A), _) | (StreamType::PRIVATE_PES, _, Some(b"EAC3")) => "E-AC-3",
            (StreamType::PRIVATE_PES, Some(0x56), _) => "teletext",
            (StreamType::PRIVATE_PES, Some(0x59), _) => "DVB subtitles",
            (StreamType::PRIVATE_PES, _, Some(b"Opus")) => "Opus",
            (StreamType(0x86), _, Some(b"CUEI")) => "SCTE-35",
            (StreamType(code), ..) => {
                NAMES.iter().find(|(known, _)| *known == code).map_or("unknown", |(_, name)| name)
            }
        }
    }
}

impl Pmt {
    /// Reads the one section of a PMT.
    ///
    /// # Errors
    /// A loop runs past the section or a descriptor past its loop, or a stream is on a PID that cannot carry one.
    pub(crate) fn parse(table: &Table<'_>) -> Result<Self, ParseErrorKind> {
        let [p1, p0, i1, i0, rest @ ..] = table.body else {
            return Err(ParseErrorKind::Truncated { what: "program_info_length" });
        };
        let (info, mut rest) = split(rest, *i1, *i0, "program_info_length")?;
        descriptors(info, |_, _| {})?;
        let mut streams = Vec::new();
        while let [stream_type, s1, s0, i1, i0, tail @ ..] = rest {
            let (info, tail) = split(tail, *i1, *i0, "ES_info_length")?;
            rest = tail;
            let pid = u16::from_be_bytes([s1 & 0x1F, *s0]);
            if !(PID_FIRST_FREE..PID_NULL).contains(&pid) {
                return Err(ParseErrorKind::Invalid { what: "elementary_PID", value: pid.into() });
            }
            streams.push(stream(StreamType(*stream_type), pid, info)?);
        }
        if !rest.is_empty() {
            return Err(ParseErrorKind::Truncated { what: "ES_info_length" });
        }
        let pcr_pid = u16::from_be_bytes([p1 & 0x1F, *p0]);
        Ok(Self { program: ProgramNumber(table.extension), pcr_pid, streams })
    }
}

fn stream(stream_type: StreamType, pid: u16, info: &[u8]) -> Result<Stream, ParseErrorKind> {
    let mut stream = Stream { stream_type, pid, language: None, registration: None, dvb_tag: None };
    descriptors(info, |tag, data| match (tag, data) {
        (0x0A, [a, b, c, ..]) if stream.language.is_none() => {
            stream.language = std::str::from_utf8(&[*a, *b, *c]).ok().and_then(Language::new);
        }
        (0x05, [a, b, c, d, ..]) => stream.registration = Some([*a, *b, *c, *d]),
        (0x56 | 0x59 | 0x6A | 0x7A, _) => stream.dvb_tag = Some(tag),
        _ => {}
    })?;
    Ok(stream)
}

fn split<'a>(bytes: &'a [u8], high: u8, low: u8, what: &'static str) -> Result<(&'a [u8], &'a [u8]), ParseErrorKind> {
    let len = u16::from_be_bytes([high & 0x0F, low]);
    bytes.split_at_checked(len.into()).ok_or(ParseErrorKind::Invalid { what, value: len.into() })
}

fn descriptors<'a>(mut bytes: &'a [u8], mut each: impl FnMut(u8, &'a [u8])) -> Result<(), ParseErrorKind> {
    while let [tag, len, rest @ ..] = bytes {
        let past = ParseErrorKind::Invalid { what: "descriptor_length", value: (*len).into() };
        let (data, rest) = rest.split_at_checked((*len).into()).ok_or(past)?;
        each(*tag, data);
        bytes = rest;
    }
    if bytes.is_empty() { Ok(()) } else { Err(ParseErrorKind::Truncated { what: "descriptor_length" }) }
}

const NAMES: [(u8, &str); 15] = [
    (0x01, "MPEG-1 video"),
    (0x02, "MPEG-2 video"),
    (0x03, "MPEG-1 audio"),
    (0x04, "MPEG-2 audio"),
    (0x05, "private sections"),
    (0x06, "private data"),
    (0x0F, "AAC"),
    (0x11, "AAC in LATM"),
    (0x15, "timed metadata"),
    (0x1B, "H.264"),
    (0x24, "HEVC"),
    (0x81, "AC-3"),
    (0x83, "TrueHD"),
    (0x87, "E-AC-3"),
    (0x86, "SCTE-35 or DTS-HD"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &[u8]) -> Result<Pmt, ParseErrorKind> {
        let head = Table { id: 2, extension: 7, version: 0, is_current: true, number: 0, last_number: 0, body };
        Pmt::parse(&head)
    }

    #[test]
    fn languages_registrations_and_names() {
        let mut body = vec![0xE1, 0, 0xF0, 6, 5, 4, b'C', b'U', b'E', b'I', 0x1B, 0xE1, 0, 0xF0, 0];
        body.extend([0x0F, 0xE1, 1, 0xF0, 6, 0x0A, 4, b'F', b'r', b'A', 0]);
        body.extend([0x06, 0xE1, 2, 0xF0, 3, 0x6A, 1, 0]);
        body.extend([0x86, 0xE1, 3, 0xF0, 6, 5, 4, b'C', b'U', b'E', b'I']);
        let pmt = parse(&body).unwrap();
        assert_eq!((pmt.program, pmt.pcr_pid), (ProgramNumber(7), 0x100));
        let names: Vec<_> = pmt.streams.iter().map(|stream| (stream.pid, stream.name())).collect();
        assert_eq!(names, [(0x100, "H.264"), (0x101, "AAC"), (0x102, "AC-3"), (0x103, "SCTE-35")]);
        assert_eq!(pmt.streams[1].language, Language::new("fra"));
    }

    #[test]
    fn loops_that_run_over_are_refused() {
        assert!(parse(&[0xE1, 0, 0xFF, 0xFF]).is_err());
        assert!(parse(&[0xE1, 0, 0xF0, 2, 5, 4]).is_err());
        assert!(parse(&[0xE1, 0, 0xF0, 0, 0x1B, 0xE1, 0, 0xF0, 5, 1]).is_err());
        assert!(parse(&[0xE1, 0, 0xF0, 0, 0x1B, 0xE0, 0, 0xF0, 0]).is_err());
        assert!(parse(&[0xE1, 0, 0xF0, 0, 0x1B]).is_err());
        assert!(parse(&[0xE1]).is_err());
    }
}
