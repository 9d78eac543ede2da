//! The PES packet: its header and where it ends (ISO/IEC 13818-1 clauses 2.4.3.6 and 2.4.3.7).

use crate::error::ParseErrorKind;

/// Follows the PES packets of one PID.
#[derive(Clone, Debug)]
pub(crate) struct PesReader {
    state: State,
    header: [u8; MAX_HEADER],
    len: usize,
}

/// What one payload adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PesStep<'a> {
    /// The header of a packet that begins here.
    pub(crate) header: Option<PesHeader>,
    /// Its bytes, or more of those of the packet before.
    pub(crate) data: &'a [u8],
    /// The packet is whole: it said how long it is.
    pub(crate) is_end: bool,
}

/// What the header of a PES packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PesHeader {
    /// Presentation time, 33 bits of 90 kHz.
    pub(crate) pts: Option<u64>,
    /// Decode time, 33 bits of 90 kHz; equal to `pts` where it is not sent.
    pub(crate) dts: Option<u64>,
    /// `PES_scrambling_control` is not zero.
    pub(crate) is_scrambled: bool,
    /// Bytes that follow the header; `None` for a packet without a stated length.
    pub(crate) len: Option<usize>,
    header_len: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Header,
    Data(Option<usize>),
}

impl PesReader {
    pub(crate) const fn new() -> Self {
        Self { state: State::Idle, header: [0; MAX_HEADER], len: 0 }
    }

    /// Takes the payload of the next packet of the PID.
    ///
    /// # Errors
    /// A header that begins here cannot be read; its packet is passed over.
    pub(crate) fn push<'a>(&mut self, payload: &'a [u8], is_start: bool) -> Result<PesStep<'a>, ParseErrorKind> {
        if is_start {
            (self.state, self.len) = (State::Header, 0);
        }
        match self.state {
            State::Idle => Ok(PesStep::default()),
            State::Data(left) => Ok(self.data(None, left, payload)),
            State::Header => match self.header(payload) {
                Ok(Some((header, rest))) => Ok(self.data(Some(header), header.len, rest)),
                Ok(None) => Ok(PesStep::default()),
                Err(kind) => {
                    self.state = State::Idle;
                    Err(kind)
                }
            },
        }
    }

    /// Packets are missing: where the PES packet ends is no longer known.
    pub(crate) const fn gap(&mut self) {
        self.state = match self.state {
            State::Data(_) => State::Data(None),
            State::Header | State::Idle => State::Idle,
        };
    }

    /// Whether the packet said how long it is and all of it came.
    pub(crate) const fn is_whole(&self) -> bool {
        matches!(self.state, State::Data(Some(0)))
    }

    /// Whether more of the packet must come: it said so, or its header is not all here.
    pub(crate) const fn is_cut(&self) -> bool {
        matches!(self.state, State::Header | State::Data(Some(1..)))
    }

    fn data<'a>(&mut self, header: Option<PesHeader>, left: Option<usize>, bytes: &'a [u8]) -> PesStep<'a> {
        let data = left.and_then(|left| bytes.get(..left)).unwrap_or(bytes);
        let still = left.map(|left| left.saturating_sub(data.len()));
        self.state = State::Data(still);
        // Bytes after the end are no part of anything; they are not an end once more.
        let is_end = still == Some(0) && (header.is_some() || left != Some(0));
        PesStep { header, data, is_end }
    }

    /// Reads the header, from the payload where it is whole there, else from what was put together.
    fn header<'a>(&mut self, payload: &'a [u8]) -> Result<Option<(PesHeader, &'a [u8])>, ParseErrorKind> {
        if self.len == 0
            && let Some(header) = PesHeader::parse(payload)?
        {
            return Ok(Some((header, payload.get(header.header_len..).unwrap_or(&[]))));
        }
        let had = self.len;
        let room = self.header.get_mut(had..).unwrap_or(&mut []);
        let taken = room.len().min(payload.len());
        if let (Some(to), Some(from)) = (room.get_mut(..taken), payload.get(..taken)) {
            to.copy_from_slice(from);
        }
        self.len = had.saturating_add(taken);
        let Some(header) = PesHeader::parse(self.header.get(..self.len).unwrap_or(&[]))? else { return Ok(None) };
        Ok(Some((header, payload.get(header.header_len.saturating_sub(had)..).unwrap_or(&[]))))
    }
}

impl PesHeader {
    /// Reads a header; `None` where there are too few bytes.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, ParseErrorKind> {
        let [p2, p1, p0, stream_id, l1, l0, rest @ ..] = bytes else { return Ok(None) };
        let prefix = u32::from_be_bytes([0, *p2, *p1, *p0]);
        if prefix != 1 {
            return Err(ParseErrorKind::Invalid { what: "packet_start_code_prefix", value: prefix.into() });
        }
        if matches!(stream_id, 0xBC | 0xBE | 0xBF | 0xF0..=0xF2 | 0xF8 | 0xFF) {
            return Err(ParseErrorKind::Invalid { what: "stream_id", value: (*stream_id).into() });
        }
        let [first, flags, header_len, rest @ ..] = rest else { return Ok(None) };
        if first & 0xC0 != 0x80 {
            return Err(ParseErrorKind::Invalid { what: "PES header marker", value: (first >> 6).into() });
        }
        let Some(fields) = rest.get(..usize::from(*header_len)) else { return Ok(None) };
        let (pts, dts) = times(flags >> 6, fields)?;
        let stated = usize::from(u16::from_be_bytes([*l1, *l0]));
        let past = fields.len().saturating_add(3);
        let wrong = ParseErrorKind::Invalid { what: "PES_packet_length", value: stated as u64 };
        let len = if stated == 0 { None } else { Some(stated.checked_sub(past).ok_or(wrong)?) };
        let is_scrambled = first & 0x30 != 0;
        Ok(Some(Self { pts, dts, is_scrambled, len, header_len: past.saturating_add(6) }))
    }
}

fn times(flags: u8, fields: &[u8]) -> Result<(Option<u64>, Option<u64>), ParseErrorKind> {
    const SHORT: ParseErrorKind = ParseErrorKind::Truncated { what: "PTS" };
    match flags {
        0 => Ok((None, None)),
        2 => {
            let pts = time(fields.first_chunk().ok_or(SHORT)?)?;
            Ok((Some(pts), Some(pts)))
        }
        3 => {
            let (pts, rest) = fields.split_first_chunk().ok_or(SHORT)?;
            let dts = rest.first_chunk().ok_or(ParseErrorKind::Truncated { what: "DTS" })?;
            Ok((Some(time(pts)?), Some(time(dts)?)))
        }
        _ => Err(ParseErrorKind::Invalid { what: "PTS_DTS_flags", value: flags.into() }),
    }
}

/// `xxxx ttt1  tttttttt  ttttttt1  tttttttt  ttttttt1`
fn time(&[a, b, c, d, e]: &[u8; 5]) -> Result<u64, ParseErrorKind> {
    if a & c & e & 1 == 0 {
        return Err(ParseErrorKind::Invalid { what: "marker_bit", value: 0 });
    }
    let middle = u64::from(u16::from_be_bytes([b, c])) >> 1;
    let low = u64::from(u16::from_be_bytes([d, e])) >> 1;
    Ok(u64::from(a >> 1 & 7) << 30 | middle << 15 | low)
}

/// Nine bytes and what an eight-bit length can announce.
const MAX_HEADER: usize = 9 + 255;

#[cfg(test)]
mod tests {
    use super::*;

    /// PTS 3 600, DTS 2^33 - 1, three bytes of data.
    const BOTH: [u8; 22] =
        [0, 0, 1, 0xE0, 0, 16, 0x80, 0xC0, 10, 0x31, 0x00, 0x01, 0x1C, 0x21, 0x1F, 0xFF, 0xFF, 0xFF, 0xFF, 7, 8, 9];

    #[test]
    fn times_of_33_bits_and_a_stated_end() {
        let mut reader = PesReader::new();
        let step = reader.push(&BOTH, true).unwrap();
        let header = step.header.unwrap();
        assert_eq!((header.pts, header.dts, header.len), (Some(3600), Some((1 << 33) - 1), Some(3)));
        assert_eq!((step.data, step.is_end), (&[7, 8, 9][..], true));
        assert_eq!(reader.push(&[1, 2], false), Ok(PesStep::default()));
    }

    #[test]
    fn a_header_cut_anywhere() {
        for cut in 1..BOTH.len() {
            let mut reader = PesReader::new();
            let first = reader.push(&BOTH[..cut], true).unwrap();
            let second = reader.push(&BOTH[cut..], false).unwrap();
            assert_eq!(first.header.or(second.header).unwrap().pts, Some(3600), "{cut}");
            assert_eq!([first.data, second.data].concat(), [7, 8, 9], "{cut}");
            assert!(second.is_end && !first.is_end, "{cut}");
        }
    }

    #[test]
    fn broken_headers_are_refused_and_passed_over() {
        let broken = |at: usize, value: u8| {
            let mut bytes = BOTH;
            bytes[at] = value;
            let mut reader = PesReader::new();
            assert!(reader.push(&bytes, true).is_err(), "{at} {value}");
            assert_eq!(reader.push(&[1], false), Ok(PesStep::default()));
        };
        broken(2, 0);
        broken(3, 0xBE);
        broken(5, 12);
        broken(6, 0x40);
        broken(7, 0x40);
        broken(8, 9);
        broken(9, 0x30);
        broken(18, 0xFE);
    }

    #[test]
    fn no_length_and_no_data() {
        let mut reader = PesReader::new();
        let step = reader.push(&[0, 0, 1, 0xE0, 0, 0, 0x80, 0, 0, 5], true).unwrap();
        assert_eq!((step.header.unwrap().len, step.data, step.is_end), (None, &[5][..], false));
        assert_eq!(reader.push(&[6], false).unwrap().data, [6]);
        let step = reader.push(&[0, 0, 1, 0xE0, 0, 3, 0x80, 0, 0], true).unwrap();
        assert!(step.is_end && step.data.is_empty() && reader.is_whole());
        assert!(!reader.is_cut());
        reader.push(&BOTH[..21], true).unwrap();
        assert!(reader.is_cut());
        reader.push(&BOTH[..9], true).unwrap();
        assert!(reader.is_cut());
    }
}
