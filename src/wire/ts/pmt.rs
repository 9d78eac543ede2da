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
    /// Its stream type is that of cues, and its program or itself is registered for them (SCTE 35 clause 8).
    pub(crate) is_cue: bool,
}

/// `stream_type` (table 2-34); the code space is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamType(pub(crate) u8);

impl StreamType {
    /// MPEG-1 video.
    pub(crate) const MPEG1_VIDEO: Self = Self(0x01);
    /// MPEG-2 video.
    pub(crate) const MPEG2_VIDEO: Self = Self(0x02);
    /// MPEG-1 audio.
    pub(crate) const MPEG1_AUDIO: Self = Self(0x03);
    /// MPEG-2 audio at the low sampling rates.
    pub(crate) const MPEG2_AUDIO: Self = Self(0x04);
    /// Sections of a kind that is not said.
    pub(crate) const PRIVATE_SECTIONS: Self = Self(0x05);
    /// PES packets of a kind that descriptors say.
    pub(crate) const PRIVATE_PES: Self = Self(0x06);
    /// AAC with ADTS transport syntax.
    pub(crate) const AAC_ADTS: Self = Self(0x0F);
    /// AAC with LATM transport syntax.
    pub(crate) const AAC_LATM: Self = Self(0x11);
    /// H.264.
    pub(crate) const H264: Self = Self(0x1B);
    /// AC-3 as ATSC has it, called System A.
    pub(crate) const AC3: Self = Self(0x81);
    /// SCTE 35 where that is registered, DTS-HD elsewhere.
    pub(crate) const SCTE_35: Self = Self(0x86);
}

impl Stream {
    /// A stream about which nothing more is said.
    pub(crate) const fn of(stream_type: StreamType) -> Self {
        Self { stream_type, pid: PID_NULL, language: None, registration: None, dvb_tag: None, is_cue: false }
    }

    /// Whether it is AC-3, of System A or, in private PES packets, of System B.
    pub(crate) const fn is_ac3(&self) -> bool {
        match (self.stream_type, self.dvb_tag, self.registration) {
            (StreamType::AC3, ..) | (StreamType::PRIVATE_PES, Some(0x6A), _) => true,
            (StreamType::PRIVATE_PES, tag, Some(registration)) => tag.is_none() && matches!(&registration, b"AC-3"),
            _ => false,
        }
    }

    /// Whether it is private PES packets about which nothing is said.
    pub(crate) const fn is_unsaid(&self) -> bool {
        matches!((self.stream_type, self.dvb_tag, self.registration), (StreamType::PRIVATE_PES, None, None))
    }

    /// What it is, for people.
    pub(crate) fn name(&self) -> &'static str {
        match (self.stream_type, self.dvb_tag, self.registration.as_ref()) {
            _ if self.is_cue => "SCTE-35",
            (StreamType::PRIVATE_PES, ..) if self.is_ac3() => "AC-3",
            (StreamType::PRIVATE_PES, Some(0x7A), _) | (StreamType::PRIVATE_PES, _, Some(b"EAC3")) => "E-AC-3",
            (StreamType::PRIVATE_PES, Some(0x46 | 0x56), _) => "teletext",
            (StreamType::PRIVATE_PES, Some(0x45), _) => "VBI data",
            (StreamType::PRIVATE_PES, Some(0x59), _) => "DVB subtitles",
            (StreamType::PRIVATE_PES, _, Some(b"Opus")) => "Opus",
            (StreamType::PRIVATE_PES, Some(0x7B), _) | (StreamType::PRIVATE_PES, _, Some([b'D', b'T', b'S', _])) => {
                "DTS"
            }
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
        let mut is_cued = false;
        descriptors(info, |tag, data| is_cued |= tag == 0x05 && data.starts_with(CUEI))?;
        let mut streams = Vec::new();
        while let [stream_type, s1, s0, i1, i0, tail @ ..] = rest {
            let (info, tail) = split(tail, *i1, *i0, "ES_info_length")?;
            rest = tail;
            let pid = u16::from_be_bytes([s1 & 0x1F, *s0]);
            if !(PID_FIRST_FREE..PID_NULL).contains(&pid) {
                return Err(ParseErrorKind::Invalid { what: "elementary_PID", value: pid.into() });
            }
            let mut stream = stream(StreamType(*stream_type), pid, info)?;
            stream.is_cue =
                stream.stream_type == StreamType::SCTE_35 && (is_cued || stream.registration == Some(*CUEI));
            streams.push(stream);
        }
        if !rest.is_empty() {
            return Err(ParseErrorKind::Truncated { what: "ES_info_length" });
        }
        let pcr_pid = u16::from_be_bytes([p1 & 0x1F, *p0]);
        Ok(Self { program: ProgramNumber(table.extension), pcr_pid, streams })
    }
}

fn stream(stream_type: StreamType, pid: u16, info: &[u8]) -> Result<Stream, ParseErrorKind> {
    let mut stream = Stream { pid, ..Stream::of(stream_type) };
    descriptors(info, |tag, data| match (tag, data) {
        (0x0A, [a, b, c, ..]) if stream.language.is_none() => {
            stream.language = std::str::from_utf8(&[*a, *b, *c]).ok().and_then(Language::new);
        }
        (0x05, [a, b, c, d, ..]) => stream.registration = Some([*a, *b, *c, *d]),
        (0x45 | 0x46 | 0x56 | 0x59 | 0x6A | 0x7A | 0x7B, _) => stream.dvb_tag = Some(tag),
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

/// `format_identifier` of SCTE 35.
const CUEI: &[u8; 4] = b"CUEI";
const NAMES: [(u8, &str); 17] = [
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
    (0x82, "DTS"),
    (0x83, "TrueHD"),
    (0x85, "DTS-HD"),
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
        let cues: Vec<bool> = pmt.streams.iter().map(|stream| stream.is_cue).collect();
        assert_eq!(cues, [false, false, false, true]);
    }

    #[test]
    fn cues_only_where_they_are_registered_d3() {
        let is_cue = |program: &[u8]| {
            let body = [&[0xE1, 0, 0xF0, program.len() as u8], program, &[0x86, 0xE1, 3, 0xF0, 0]].concat();
            parse(&body).unwrap().streams[0].is_cue
        };
        assert!(is_cue(b"\x05\x04CUEI"));
        assert!(!is_cue(b"\x05\x04HDMV"));
        assert!(!is_cue(b""));
    }

    #[test]
    fn ac3_of_both_systems_and_what_is_none() {
        let pes = |tag: Option<u8>, registration: Option<[u8; 4]>| {
            Stream { dvb_tag: tag, registration, ..Stream::of(StreamType::PRIVATE_PES) }.is_ac3()
        };
        assert!(Stream::of(StreamType::AC3).is_ac3());
        assert!(pes(Some(0x6A), None) && pes(None, Some(*b"AC-3")));
        assert!(!pes(Some(0x7A), None) && !pes(None, Some(*b"EAC3")) && !pes(None, None) && !pes(Some(0x56), None));
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
