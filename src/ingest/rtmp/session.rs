//! One connection of a publisher, from its first byte to its last.
//!
//! Reading stops while a publish request waits for the host's answer and while [`MAX_ITEMS`] wait to be pulled; what was
//! pushed is held, under a ceiling, and read on when that changes.

use std::{collections::VecDeque, time::Duration};

use bytes::{Bytes, BytesMut};

use super::{
    MetadataRule, RtmpMetadata, command::Connection, feed::Feed, rates::Rates, request::PublishRequest,
    waiting::Waiting,
};
use crate::{
    access::StreamKey,
    error::{Fault, LimitError, ParseError},
    ingest::{Demuxed, Demuxer, Unwrap},
    time::{MediaDuration, Now, Timescale},
    wire::rtmp::{Aggregate, Ceilings, ChunkReader, ChunkWriter, Control, HANDSHAKE_LEN, Handshake, MessageType},
};

/// How a session behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtmpConfig {
    /// Without bytes for so long, the session ends: a half-open connection must not hold a channel. Default 30 s.
    pub idle_limit: Duration,
    /// Whether a publisher must send `onMetaData` (A7.6). Every encoder that was seen sends it; one that does not is no worse
    /// for a channel that encodes, so the default is that it need not.
    pub metadata: MetadataRule,
    /// What the "random" bytes of the handshake are made of, together with the client's own. They protect nothing, so the
    /// default of zeros is fine; a host that wants them unpredictable puts entropy here.
    pub seed: [u8; 32],
}

/// One publisher's connection, server side.
///
/// Push what the socket gave, pull until `None`, write every [`Demuxed::Reply`], then look at
/// [`publish_request`](Self::publish_request). After [`accept`](Self::accept), tracks and access units follow.
/// [`Demuxed::End`] says that the publication is over. Unless the session [is closed](Self::is_closed) then, the publisher
/// may publish again on the same connection, under the same name or another: that is a new request, which waits like the
/// first. A host that hands the session to a channel as its demuxer keeps hold of it for that, and has it taken in again.
pub struct RtmpSession {
    pub(super) config: RtmpConfig,
    pub(super) state: State,
    reader: ChunkReader,
    pub(super) writer: ChunkWriter,
    pub(super) connection: Option<Connection>,
    pub(super) last_stream_id: u32,
    /// The publication that was accepted last, on air or over.
    pub(super) accepted: Option<Accepted>,
    pub(super) feed: Feed,
    pub(super) metadata: Option<RtmpMetadata>,
    /// Media that came before metadata that must come.
    pub(super) waiting: Option<Waiting>,
    /// An aggregate message that is not read to its end.
    pub(super) aggregate: Option<Aggregate>,
    /// Pushed and not read yet: first `input`, then `more`.
    input: Bytes,
    more: BytesMut,
    pub(super) items: VecDeque<Demuxed>,
    pub(super) ack: Ack,
    pub(super) ignored: u64,
    pub(super) data_ignored: u64,
    pub(super) stray: u64,
    pub(super) is_ended: bool,
    is_finished: bool,
    heard: Duration,
    failure: Option<ParseError>,
}

/// ```text
///  new ──► Handshake ──C2──► Open ──publish──► Asked ──accept──► OnAir
///              │             │ ▲                 │                 │
///              │             │ └─────────────────┼──FCUnpublish,───┘
///              │             │                   │  deleteStream,
///              ▼             ▼                   ▼  closeStream
///           Closed ◄──broken bytes, idle limit, finish, reject
/// ```
pub(super) enum State {
    Handshake(Handshake),
    /// Commands are answered; nothing is on air.
    Open,
    /// A publish request waits for the host; nothing is read.
    Asked {
        request: PublishRequest,
        stream_id: u32,
        rates: Option<Rates>,
    },
    OnAir,
    Closed,
}

pub(super) struct Accepted {
    pub(super) app: String,
    pub(super) key: StreamKey,
    pub(super) stream_id: u32,
}

/// Acknowledgements (RTMP 1.0 clause 5.4.3): one each time the peer has sent a window of bytes.
pub(super) struct Ack {
    pub(super) window: u64,
    pub(super) last: u64,
}

/// Why a host refuses a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The name is taken, or there is none such: `NetStream.Publish.BadName`.
    BadName,
    /// This publisher is not let in: `NetConnection.Connect.Rejected`.
    Rejected,
}

/// No publish request waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no publish request waits for an answer")]
pub struct NothingToAnswer;

impl Default for RtmpConfig {
    fn default() -> Self {
        Self { idle_limit: Duration::from_secs(30), metadata: MetadataRule::default(), seed: [0; 32] }
    }
}

impl RtmpSession {
    /// A session for a connection that was accepted just now; its idle limit counts from here.
    #[must_use]
    pub fn new(config: RtmpConfig, now: Now) -> Self {
        Self {
            state: State::Handshake(Handshake::new(config.seed)),
            reader: ChunkReader::new(BEFORE_PUBLISH, HANDSHAKE_LEN as u64),
            writer: ChunkWriter::new(),
            connection: None,
            last_stream_id: 0,
            accepted: None,
            feed: Feed::new(Unwrap::new(32, Timescale::MILLIS), Rates::default()),
            metadata: None,
            waiting: None,
            aggregate: None,
            input: Bytes::new(),
            more: BytesMut::new(),
            items: VecDeque::new(),
            ack: Ack { window: WINDOW.into(), last: 0 },
            ignored: 0,
            data_ignored: 0,
            stray: 0,
            is_ended: false,
            is_finished: false,
            heard: now.monotonic,
            failure: None,
            config,
        }
    }

    /// Lets the publication that waits go on air.
    ///
    /// # Errors
    /// None waits.
    pub fn accept(&mut self) -> Result<(), NothingToAnswer> {
        let (request, stream_id, rates) = self.take_asked()?;
        self.reader.set_ceilings(ON_AIR);
        self.go_on_air(Accepted { app: request.app, key: request.stream_key, stream_id }, rates);
        Ok(())
    }

    /// Refuses the publication that waits, tells the publisher why (`description` must hold no secret) and ends the session.
    ///
    /// # Errors
    /// None waits.
    pub fn reject(&mut self, refusal: Refusal, description: &str) -> Result<(), NothingToAnswer> {
        let (_, stream_id, _) = self.take_asked()?;
        let (code, stream_id) = match refusal {
            Refusal::BadName => ("NetStream.Publish.BadName", stream_id),
            Refusal::Rejected => ("NetConnection.Connect.Rejected", 0),
        };
        self.status(stream_id, "error", code, description);
        self.end();
        Ok(())
    }

    /// The publication that waits for [`accept`](Self::accept) or [`reject`](Self::reject). Nothing is read meanwhile.
    #[must_use]
    pub fn publish_request(&self) -> Option<&PublishRequest> {
        if let State::Asked { request, .. } = &self.state { Some(request) } else { None }
    }

    /// What the publisher said of its stream last.
    #[must_use]
    pub fn metadata(&self) -> Option<&RtmpMetadata> {
        self.metadata.as_ref()
    }

    /// Whether a publication was accepted and is not over.
    #[must_use]
    pub fn is_publishing(&self) -> bool {
        matches!(self.state, State::OnAir)
    }

    /// Data messages that said nothing here so far, such as `onTextData`.
    #[must_use]
    pub const fn data_ignored(&self) -> u64 {
        self.data_ignored
    }

    /// Whether nothing more will be read: write what [`pull`](Demuxer::pull) still gives and close the socket.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Takes the request out; the session is closed unless the caller goes on air.
    fn take_asked(&mut self) -> Result<(PublishRequest, u32, Option<Rates>), NothingToAnswer> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Asked { request, stream_id, rates } => Ok((request, stream_id, rates)),
            other => {
                self.state = other;
                Err(NothingToAnswer)
            }
        }
    }

    /// Keeps pushed bytes until they are read.
    fn hold(&mut self, bytes: Bytes) -> Result<(), ParseError> {
        if self.input.is_empty() && self.more.is_empty() {
            self.input = bytes;
            return Ok(());
        }
        let ceiling = if self.accepted.is_some() { ON_AIR.partial } else { BEFORE_PUBLISH.partial };
        let asked = self.input.len().saturating_add(self.more.len()).saturating_add(bytes.len());
        if asked > ceiling {
            let limit = LimitError { what: "RTMP bytes held", ceiling: ceiling as u64, asked: asked as u64 };
            return Err(ParseError::new(limit.into(), "rtmp", None, self.reader.offset()));
        }
        self.more.extend_from_slice(&bytes);
        Ok(())
    }

    /// Reads what is held, as far as it may be read now.
    fn run(&mut self) -> Result<(), ParseError> {
        while self.items.len() < MAX_ITEMS {
            if let Some(part) = self.aggregate.as_mut().and_then(Iterator::next) {
                self.part(part)?;
                continue;
            }
            self.aggregate = None;
            if self.input.is_empty() {
                self.input = self.more.split().freeze();
            }
            if self.input.is_empty() {
                break;
            }
            match &mut self.state {
                State::Handshake(handshake) => {
                    let reply = handshake.read(&mut self.input)?;
                    if handshake.is_done() {
                        self.state = State::Open;
                    }
                    self.items.extend(reply.map(Demuxed::Reply));
                }
                State::Asked { .. } => break,
                State::Open | State::OnAir => {
                    if let Some(message) = self.reader.read(&mut self.input)? {
                        self.message(&message)?;
                        self.acknowledge();
                    }
                }
                State::Closed => self.input.clear(),
            }
        }
        Ok(())
    }

    fn acknowledge(&mut self) {
        let received = self.reader.offset();
        if received.saturating_sub(self.ack.last) >= self.ack.window {
            self.ack.last = received;
            // The count wraps at 2^32.
            self.control(MessageType::ACK, &Control::number(received as u32));
        }
    }

    /// The peer is gone and all that it sent is read.
    fn conclude(&mut self) {
        if self.is_closed() || self.items.len() >= MAX_ITEMS {
            return;
        }
        let count = self.reader.media_in_parts();
        if count > 0 && matches!(self.state, State::OnAir) {
            self.items.push_back(Demuxed::Fault(Fault::Dropped { count, reason: "cut by the end of the connection" }));
        }
        self.state = State::Closed;
        self.end();
    }

    /// The session is over because of `error`.
    fn fail(&mut self, error: &ParseError) {
        self.failure = Some(error.clone());
        (self.input, self.more) = (Bytes::new(), BytesMut::new());
        self.state = State::Closed;
        self.end();
    }
}

impl Demuxer for RtmpSession {
    fn push(&mut self, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        if !bytes.is_empty() {
            self.heard = now.monotonic;
        }
        let result = self.hold(bytes).and_then(|()| self.run());
        result.inspect_err(|error| self.fail(error))
    }

    fn wrap(&self) -> Option<MediaDuration> {
        Some(self.feed.clock().wrap())
    }

    fn pull(&mut self) -> Option<Demuxed> {
        if self.items.is_empty() {
            match self.run() {
                Ok(()) if self.is_finished => self.conclude(),
                Ok(()) => {}
                Err(error) => {
                    self.items.push_back(Demuxed::Fault(Fault::Unreadable(error.clone())));
                    self.fail(&error);
                }
            }
        }
        self.items.pop_front()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        (!self.is_closed() && !self.is_finished).then(|| self.heard.saturating_add(self.config.idle_limit))
    }

    fn handle_timeout(&mut self, now: Now) {
        if self.poll_timeout().is_none_or(|deadline| now.monotonic < deadline) {
            return;
        }
        let after_millis = u64::try_from(self.config.idle_limit.as_millis()).unwrap_or(u64::MAX);
        self.items.push_back(Demuxed::Fault(Fault::IdleTimeout { after_millis }));
        self.state = State::Closed;
        self.end();
    }

    fn finish(&mut self) {
        // What is held may still be whole messages: `pull` reads them first.
        self.is_finished = true;
    }
}

/// What a peer may make us hold before its publication is accepted, and after.
const BEFORE_PUBLISH: Ceilings = Ceilings { message: 64 << 10, partial: 64 << 10 };
const ON_AIR: Ceilings = Ceilings { message: 8 << 20, partial: 16 << 20 };
/// Items that wait to be pulled before reading stops.
const MAX_ITEMS: usize = 1024;
/// Bytes between two acknowledgements, in both directions, where the peer does not say; what FMS and its kin send.
pub(super) const WINDOW: u32 = 2_500_000;
