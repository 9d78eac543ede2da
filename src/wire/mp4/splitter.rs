//! Cuts a stream into its top-level boxes, however its bytes come (ISO/IEC 14496-12 clause 4.2.2).
//!
//! A box shares the memory of the input that it lies in; small pieces are joined, in buffers that grow with what came
//! and not with what was announced. Refused: boxes of size 0 (to the end of the file), and sizes that can only be a loss
//! of step. A box over its ceiling is stepped over and told.

use bytes::{Bytes, BytesMut};

use super::reader::invalid;
use crate::{
    error::{LimitError, ParseError},
    media::Body,
};

/// One top-level box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopBox {
    pub(crate) kind: [u8; 4],
    /// Bytes of the stream before it.
    pub(crate) offset: u64,
    /// Bytes of its header, 8 or 16.
    pub(crate) header: u64,
    pub(crate) payload: Body,
}

/// What a splitter found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A box of a kind that is wanted.
    Kept(TopBox),
    /// One that is wanted and too long: it is stepped over.
    TooLong { kind: [u8; 4], error: ParseError },
}

/// Reads boxes in the order of the stream.
#[derive(Debug, Default)]
pub(crate) struct BoxSplitter {
    position: u64,
    head: [u8; 16],
    head_len: usize,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Head,
    Keep {
        kind: [u8; 4],
        offset: u64,
        header: u64,
        payload: Gathering,
    },
    Skip {
        left: u64,
    },
}

/// A payload that comes piece by piece.
#[derive(Debug)]
struct Gathering {
    missing: usize,
    parts: Vec<Bytes>,
    /// What came last, in pieces that are not worth a part of their own.
    small: BytesMut,
}

impl BoxSplitter {
    /// The next box that is wanted, from what came before and the start of `input`; `None` where more is needed.
    ///
    /// `ceiling` says how long the payload of a kind may be, and nothing for kinds that are stepped over.
    pub(crate) fn read(
        &mut self,
        input: &mut Bytes,
        ceiling: impl Fn([u8; 4]) -> Option<usize>,
    ) -> Result<Option<Piece>, ParseError> {
        loop {
            match &mut self.state {
                State::Head => {
                    if !self.fill_head(input) {
                        return Ok(None);
                    }
                    if let Some(too_long) = self.begin(&ceiling)? {
                        return Ok(Some(too_long));
                    }
                }
                State::Skip { left } => {
                    let step = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left = left.saturating_sub(count(step));
                    let is_over = *left == 0;
                    drop(self.take(input, step));
                    if !is_over {
                        return Ok(None);
                    }
                    self.state = State::Head;
                }
                State::Keep { .. } => return Ok(self.fill(input).map(Piece::Kept)),
            }
        }
    }

    /// Whether the stream is between two boxes.
    pub(crate) const fn is_between(&self) -> bool {
        matches!(self.state, State::Head) && self.head_len == 0
    }

    /// Bytes that were read.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    fn take(&mut self, input: &mut Bytes, len: usize) -> Bytes {
        let piece = input.split_to(len.min(input.len()));
        self.position = self.position.saturating_add(count(piece.len()));
        piece
    }

    /// Gathers the header; whether it is whole.
    fn fill_head(&mut self, input: &mut Bytes) -> bool {
        loop {
            let is_large = self.head_len >= SHORT && self.head.starts_with(&[0, 0, 0, 1]);
            let missing = if is_large { LARGE } else { SHORT }.saturating_sub(self.head_len);
            if missing == 0 {
                return true;
            }
            let piece = self.take(input, missing);
            if piece.is_empty() {
                return false;
            }
            let end = self.head_len.saturating_add(piece.len());
            if let Some(place) = self.head.get_mut(self.head_len..end) {
                place.copy_from_slice(&piece);
            }
            self.head_len = end;
        }
    }

    /// Begins the box whose header was read.
    fn begin(&mut self, ceiling: impl Fn([u8; 4]) -> Option<usize>) -> Result<Option<Piece>, ParseError> {
        let header = count(std::mem::take(&mut self.head_len));
        let offset = self.position.saturating_sub(header);
        let [s0, s1, s2, s3, k0, k1, k2, k3, large @ ..] = self.head;
        let kind = [k0, k1, k2, k3];
        let size = match u32::from_be_bytes([s0, s1, s2, s3]) {
            1 => u64::from_be_bytes(large),
            size => size.into(),
        };
        let len = size.checked_sub(header).ok_or_else(|| invalid("box size", size, offset))?;
        if len > MAX_SKIPPED {
            return Err(limit("box bytes", MAX_SKIPPED, len, offset));
        }
        match ceiling(kind) {
            Some(most) if len <= count(most) => {
                let len = usize::try_from(len).unwrap_or(most);
                self.state = State::Keep { kind, offset, header, payload: Gathering::new(len) };
                Ok(None)
            }
            Some(most) => {
                self.state = State::Skip { left: len };
                Ok(Some(Piece::TooLong { kind, error: limit(name(kind), count(most), len, offset) }))
            }
            None => {
                self.state = State::Skip { left: len };
                Ok(None)
            }
        }
    }

    /// Gathers the payload of the box that is being kept.
    fn fill(&mut self, input: &mut Bytes) -> Option<TopBox> {
        let State::Keep { kind, offset, header, payload } = &mut self.state else { return None };
        let (kind, offset, header) = (*kind, *offset, *header);
        let piece = input.split_to(payload.missing.min(input.len()));
        self.position = self.position.saturating_add(count(piece.len()));
        let payload = payload.push(piece)?;
        self.state = State::Head;
        Some(TopBox { kind, offset, header, payload })
    }
}

impl Gathering {
    fn new(len: usize) -> Self {
        Self { missing: len, parts: Vec::new(), small: BytesMut::new() }
    }

    /// Takes the next piece; everything, once nothing is missing.
    fn push(&mut self, piece: Bytes) -> Option<Body> {
        let is_last = piece.len() >= self.missing;
        let is_only = is_last && self.parts.is_empty() && self.small.is_empty();
        if is_only || piece.len() >= SHARED {
            self.close();
            self.missing = self.missing.saturating_sub(piece.len());
            self.parts.push(piece);
        } else {
            self.join(&piece);
        }
        if !is_last {
            return None;
        }
        self.close();
        Some(Body::from(std::mem::take(&mut self.parts)))
    }

    fn join(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            if self.small.len() == self.small.capacity() {
                self.close();
                // As much again as came so far: a length that was only announced takes no memory.
                let came = self.parts.iter().map(Bytes::len).sum::<usize>();
                self.small.reserve(came.clamp(LEAST, JOINED).min(self.missing));
            }
            let room = self.small.capacity().saturating_sub(self.small.len());
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.small.extend_from_slice(now);
            self.missing = self.missing.saturating_sub(now.len());
            piece = later;
        }
    }

    /// Makes a part of what was joined. Room that a large piece cut short is given back: a few bytes must not keep much.
    fn close(&mut self) {
        let small = std::mem::take(&mut self.small);
        if small.is_empty() {
            return;
        }
        if small.len() < small.capacity() / 2 {
            self.parts.push(Bytes::copy_from_slice(&small));
        } else {
            self.parts.push(small.freeze());
        }
    }
}

/// What is told of a box that is too long.
const fn name(kind: [u8; 4]) -> &'static str {
    match &kind {
        b"moof" => "moof bytes",
        b"mdat" => "mdat bytes",
        b"moov" => "moov bytes",
        b"uuid" => "uuid bytes",
        _ => "box bytes",
    }
}

fn limit(what: &'static str, ceiling: u64, asked: u64, offset: u64) -> ParseError {
    ParseError::new(LimitError { what, ceiling, asked }.into(), "mp4", None, offset)
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// From this size on a piece is a part by itself. Samples that cross two parts are copied, and a smaller piece is still in
/// the processor's cache: copying it costs less than keeping the host's memory.
const SHARED: usize = 256 << 10;
/// Smaller ones are joined to parts of at least the second of these sizes and at most the first.
const JOINED: usize = 1 << 20;
const LEAST: usize = 4 << 10;
const SHORT: usize = 8;
const LARGE: usize = 16;
/// A longer box is no box: the stream has lost its step.
const MAX_SKIPPED: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn ceiling(kind: [u8; 4]) -> Option<usize> {
        matches!(&kind, b"moof" | b"mdat").then_some(100)
    }

    fn split(stream: &Bytes, cut: usize) -> Result<Vec<Piece>, ParseError> {
        let (mut splitter, mut found) = (BoxSplitter::default(), Vec::new());
        for at in (0..stream.len()).step_by(cut) {
            let mut input = stream.slice(at..stream.len().min(at + cut));
            while let Some(piece) = splitter.read(&mut input, ceiling)? {
                found.push(piece);
            }
            assert!(input.is_empty());
        }
        assert!(splitter.is_between());
        Ok(found)
    }

    #[test]
    fn any_cut_gives_the_same_boxes_and_a_whole_one_shares_memory() {
        let stream = Bytes::from_static(
            b"\0\0\0\x0Bmoofabc\0\0\0\x0Dfreexxxxx\0\0\0\x01mdat\0\0\0\0\0\0\0\x13def\0\0\0\x08mdat\0\0\0\x75moof\
              0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678\
              \0\0\0\x09mdatz",
        );
        let whole = split(&stream, stream.len()).unwrap();
        let kept: Vec<_> = whole
            .iter()
            .map(|piece| match piece {
                Piece::Kept(kept) => (&kept.kind, kept.offset, kept.header, kept.payload.to_bytes()),
                Piece::TooLong { kind, error } => (kind, error.at.offset, 0, Bytes::from_static(b"over")),
            })
            .collect();
        let expected: [(&[u8; 4], u64, u64, &[u8]); 5] = [
            (b"moof", 0, 8, b"abc"),
            (b"mdat", 24, 16, b"def"),
            (b"mdat", 43, 8, b""),
            (b"moof", 51, 0, b"over"),
            (b"mdat", 168, 8, b"z"),
        ];
        assert_eq!(kept, expected.map(|(kind, at, header, bytes)| (kind, at, header, Bytes::from_static(bytes))));
        let Piece::Kept(first) = &whole[0] else { panic!() };
        assert_eq!(first.payload.to_bytes().as_ptr(), stream[8..].as_ptr());
        for cut in 1..stream.len() {
            assert_eq!(split(&stream, cut).unwrap(), whole, "{cut}");
        }
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for head in [
            &b"\0\0\0\0mdat"[..],
            b"\0\0\0\x07mdat",
            b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0F",
            b"\0\0\0\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
            b"GET / HTTP/1.1",
        ] {
            let mut input = Bytes::from_static(head);
            assert!(BoxSplitter::default().read(&mut input, ceiling).is_err(), "{head:?}");
        }
    }

    #[test]
    fn memory_grows_with_what_came() {
        let mut splitter = BoxSplitter::default();
        let mut input = Bytes::from_static(b"\x01\0\0\0mdat----");
        assert!(splitter.read(&mut input, |_| Some(32 << 20)).unwrap().is_none());
        let State::Keep { payload, .. } = &splitter.state else { panic!() };
        assert_eq!((payload.small.len(), payload.small.capacity()), (4, 4096));
    }

    #[test]
    fn large_pieces_are_shared_and_small_ones_joined() {
        let pieces = [300, 320_000, 5, 670_000, 1000, 299_000, 330_000].map(|len| Bytes::from(vec![7; len]));
        let len: usize = pieces.iter().map(Bytes::len).sum();
        let head = [u32::try_from(len + 8).unwrap().to_be_bytes(), *b"mdat"].concat();
        let mut splitter = BoxSplitter::default();
        assert!(splitter.read(&mut head.into(), |_| Some(2 << 20)).unwrap().is_none());
        let mut found = pieces.iter().filter_map(|piece| splitter.read(&mut piece.clone(), |_| Some(2 << 20)).unwrap());
        let Some(Piece::Kept(mdat)) = found.next() else { panic!() };
        let parts: Vec<_> = mdat.payload.parts().iter().map(|part| (part.as_ptr(), part.len())).collect();
        assert_eq!(parts.iter().map(|part| part.1).collect::<Vec<_>>(), pieces.each_ref().map(Bytes::len));
        for shared in [1, 3, 5, 6] {
            assert_eq!(parts[shared].0, pieces[shared].as_ptr());
        }
        assert!(splitter.is_between());
        // Nothing is kept in pieces of a datagram's size.
        let mut splitter = BoxSplitter::default();
        let stream = Bytes::from([&[0, 4, 0, 8][..], b"mdat", &vec![7; 1 << 18]].concat());
        let cuts = (0..stream.len()).step_by(1460).map(|at| stream.slice(at..stream.len().min(at + 1460)));
        let whole = cuts.filter_map(|mut cut| splitter.read(&mut cut, |_| Some(1 << 20)).unwrap()).next();
        let Some(Piece::Kept(mdat)) = whole else { panic!() };
        assert!(mdat.payload.parts().len() <= 8, "{:?}", mdat.payload);
        assert_eq!(mdat.payload.to_bytes(), stream.slice(8..));
    }
}
