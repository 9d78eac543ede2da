//! Aggregate messages: several messages in the body of one (RTMP 1.0 clause 7.1.6).
//!
//! ```text
//! | type 8 | length 24 | time 24 | time, top 8 | stream id 24 | body | back pointer 32 | …
//! ```
//!
//! The bodies share the memory of the aggregate. Their times count from that of the first, which is the aggregate's own; its
//! message stream is that of all. An aggregate in an aggregate is handed out like any other message and not opened.

use bytes::{Buf, Bytes};

use super::{Message, MessageType};
use crate::error::{ParseError, ParseErrorKind};

/// The messages of one aggregate, read one at a time; nothing comes after an error.
#[derive(Debug)]
pub(crate) struct Aggregate {
    csid: u32,
    stream_id: u32,
    timestamp: u32,
    /// Time of the first message.
    first: Option<u32>,
    rest: Bytes,
}

impl Aggregate {
    /// The messages in `message`.
    pub(crate) fn new(message: Message) -> Self {
        let Message { csid, stream_id, timestamp, payload, .. } = message;
        Self { csid, stream_id, timestamp, first: None, rest: payload }
    }

    fn read(&mut self) -> Result<Message, ParseError> {
        let csid = self.csid;
        let cut = |what| ParseError::new(ParseErrorKind::Truncated { what }, "rtmp", Some(csid), 0);
        let mut head = self.rest.split_to(self.rest.len().min(HEAD));
        let &[kind, a, b, c, d, e, f, top, _, _, _] = head.first_chunk().ok_or_else(|| cut("aggregate header"))?;
        head.clear();
        let len = u32::from_be_bytes([0, a, b, c]) as usize;
        if len > self.rest.len() {
            return Err(cut("message in an aggregate"));
        }
        let payload = self.rest.split_to(len);
        // Some leave the last back pointer out.
        self.rest.advance(self.rest.len().min(BACK_POINTER));
        let time = u32::from_be_bytes([top, d, e, f]);
        let first = *self.first.get_or_insert(time);
        let timestamp = self.timestamp.wrapping_add(time.wrapping_sub(first));
        Ok(Message { csid, kind: MessageType(kind), stream_id: self.stream_id, timestamp, payload })
    }
}

impl Iterator for Aggregate {
    type Item = Result<Message, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let message = self.read();
        if message.is_err() {
            self.rest.clear();
        }
        Some(message)
    }
}

const HEAD: usize = 11;
const BACK_POINTER: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn aggregate(body: Vec<u8>) -> Aggregate {
        let kind = MessageType::AGGREGATE;
        Aggregate::new(Message { csid: 6, kind, stream_id: 1, timestamp: 5000, payload: body.into() })
    }

    fn part(kind: u8, ms: u32, body: &[u8]) -> Vec<u8> {
        let [top, time @ ..] = ms.to_be_bytes();
        let len = (body.len() as u32).to_be_bytes();
        let back = (body.len() as u32 + 11).to_be_bytes();
        [&[kind], &len[1..], &time, &[top, 0, 0, 9], body, &back].concat()
    }

    #[test]
    fn times_count_from_the_aggregates_own() {
        let body = [part(9, 0xFF_FFFF, b"video"), part(8, 0x0100_0016, b"sound")].concat();
        // The last back pointer is missing.
        let messages: Vec<_> = aggregate(body[..body.len() - 4].to_vec()).map(Result::unwrap).collect();
        let seen: Vec<_> = messages.iter().map(|m| (m.kind.0, m.timestamp, m.stream_id, &m.payload[..])).collect();
        assert_eq!(seen, [(9, 5000, 1, &b"video"[..]), (8, 5023, 1, b"sound")]);
    }

    #[test]
    fn what_is_cut_ends_it() {
        let body = [part(9, 0, b"video"), part(8, 20, b"sound")].concat();
        for len in 21..body.len() - 4 {
            let found: Vec<_> = aggregate(body[..len].to_vec()).collect();
            assert!(found.len() == 2 && found[0].is_ok(), "{len}");
            assert_eq!(found[1].as_ref().unwrap_err().code(), "PARSE_TRUNCATED", "{len}");
        }
        assert_eq!(aggregate(Vec::new()).count(), 0);
    }
}
