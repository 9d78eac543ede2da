//! What an endpoint sent and refused: the columns of A26.2 that are known without a socket.
//!
//! Rows are by status and code, of which there are a few dozen whatever is asked for (FAULTS row 55). Latencies are the host's.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::origin::Response;

/// Everything that an endpoint answered since it was made.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    rows: BTreeMap<(u16, &'static str), Row>,
    /// Bytes of the newest seconds in which something was sent, by the second.
    seconds: VecDeque<(u64, u64)>,
}

/// Answers of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficRow {
    /// `StatusCode`.
    pub status: u16,
    /// `ResultCode`: `S_OK`, or the code of an [`OriginError`](crate::origin::OriginError).
    pub code: &'static str,
    /// `RequestCount`.
    pub requests: u64,
    /// `BytesSent`: the bodies, without headers.
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    requests: u64,
    bytes: u64,
}

impl Traffic {
    pub(super) fn count(&mut self, response: &Response, now: Duration) {
        let bytes = response.body.len() as u64;
        let row = self.rows.entry((response.status, response.code)).or_default();
        row.requests += 1;
        row.bytes = row.bytes.saturating_add(bytes);
        self.count_bytes(bytes, now);
    }

    fn count_bytes(&mut self, bytes: u64, now: Duration) {
        let second = now.as_secs();
        match self.seconds.back_mut() {
            Some((newest, sum)) if *newest >= second => *sum = sum.saturating_add(bytes),
            _ => self.seconds.push_back((second, bytes)),
        }
        if self.seconds.len() as u64 > SECONDS + 1 {
            self.seconds.pop_front();
        }
    }

    /// More of the body of an answer that was counted before.
    pub(super) fn count_more(&mut self, (status, code): (u16, &'static str), bytes: u64, now: Duration) {
        let row = self.rows.entry((status, code)).or_default();
        row.bytes = row.bytes.saturating_add(bytes);
        self.count_bytes(bytes, now);
    }

    /// By status, then by code.
    pub fn rows(&self) -> impl Iterator<Item = TrafficRow> {
        self.rows.iter().map(|((status, code), row)| TrafficRow {
            status: *status,
            code,
            requests: row.requests,
            bytes: row.bytes,
        })
    }

    /// Answers in all.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.rows.values().map(|row| row.requests).sum()
    }

    /// Bytes of all bodies.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.rows.values().fold(0, |sum, row| sum.saturating_add(row.bytes))
    }

    /// Answers with a status of this class, 2 for 2xx.
    #[must_use]
    pub fn of_class(&self, class: u16) -> u64 {
        self.rows.iter().filter(|((status, _), _)| status / 100 == class).map(|(_, row)| row.requests).sum()
    }

    /// Bits a second, the mean of the ten whole seconds before `now`, on the monotonic clock.
    #[must_use]
    pub fn rate(&self, now: Duration) -> u64 {
        let end = now.as_secs();
        let counted = self.seconds.iter().filter(|(second, _)| (end.saturating_sub(SECONDS)..end).contains(second));
        counted.fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes)).saturating_mul(8) / SECONDS
    }
}

/// Of the mean: a player asks for a segment every few seconds.
const SECONDS: u64 = 10;
