//! What a session says to each message (RTMP 1.0 clauses 5.4 and 7).

use bytes::Bytes;

use super::{
    MetadataRule,
    command::{self, Command, Connection, Verb},
    data::Data,
    feed::Feed,
    rates::Rates,
    request::PublishRequest,
    session::{Accepted, RtmpSession, State, WINDOW},
    waiting::Waiting,
};
use crate::{
    access::StreamKey,
    error::{Fault, ParseError},
    ingest::Demuxed,
    media::{CueCarriage, CueSignal},
    wire::{
        on_ad_cue::OnAdCue,
        rtmp::{Aggregate, Control, Message, MessageType},
    },
};

impl RtmpSession {
    /// Does what a message asks for. Only a command that cannot be read ends the session.
    pub(super) fn message(&mut self, message: &Message) -> Result<(), ParseError> {
        match message.kind {
            MessageType::AUDIO | MessageType::VIDEO | MessageType::AGGREGATE if !self.is_on_air(message.stream_id) => {
                self.stray = self.stray.saturating_add(1);
            }
            MessageType::AUDIO | MessageType::VIDEO => match self.waiting.as_mut().map(|waiting| waiting.hold(message))
            {
                Some(true) => {}
                Some(false) => self.refuse_without_metadata(),
                None => self.media(message),
            },
            MessageType::AGGREGATE => self.aggregate = Some(Aggregate::new(message.clone())),
            MessageType::COMMAND_AMF0 => self.command(&message.payload, message.stream_id)?,
            MessageType::COMMAND_AMF3 => self.command(&amf0_in_amf3(&message.payload), message.stream_id)?,
            MessageType::DATA_AMF0 => self.data(&message.payload, message.timestamp),
            MessageType::DATA_AMF3 => self.data(&amf0_in_amf3(&message.payload), message.timestamp),
            MessageType::WINDOW_ACK_SIZE | MessageType::USER_CONTROL => self.control_message(message)?,
            // The first two were carried out by the chunk reader; the others tell a receiver nothing.
            MessageType::SET_CHUNK_SIZE | MessageType::ABORT | MessageType::ACK | MessageType::SET_PEER_BANDWIDTH => {}
            _ => self.ignored = self.ignored.saturating_add(1),
        }
        Ok(())
    }

    /// Does what a message in an aggregate asks for: media and data alone are taken there.
    pub(super) fn part(&mut self, part: Result<Message, ParseError>) -> Result<(), ParseError> {
        match part {
            Ok(message) => match message.kind {
                MessageType::AUDIO | MessageType::VIDEO | MessageType::DATA_AMF0 | MessageType::DATA_AMF3 => {
                    self.message(&message)?;
                }
                _ => self.ignored = self.ignored.saturating_add(1),
            },
            Err(error) => self.items.push_back(Demuxed::Fault(Fault::Unreadable(error))),
        }
        Ok(())
    }

    fn media(&mut self, message: &Message) {
        if message.kind == MessageType::VIDEO {
            self.feed.video(message, &mut self.items);
        } else {
            self.feed.audio(message, &mut self.items);
        }
    }

    /// Starts the publication and tells the publisher so. One that is on air already goes on, perhaps on another message
    /// stream; otherwise nothing is left of the last one but its clock.
    pub(super) fn go_on_air(&mut self, accepted: Accepted, rates: Option<Rates>) {
        let stream_id = accepted.stream_id;
        self.control(MessageType::USER_CONTROL, &Control::stream_begin(stream_id));
        self.status(stream_id, "status", "NetStream.Publish.Start", "Publishing.");
        if !matches!(self.state, State::OnAir) {
            let is_required = self.config.metadata == MetadataRule::Required && rates.is_none();
            self.waiting = is_required.then(Waiting::default);
            self.feed = Feed::new(self.feed.clock().clone(), rates.unwrap_or_default());
            self.metadata = None;
        }
        self.accepted = Some(accepted);
        self.is_ended = false;
        self.state = State::OnAir;
    }

    /// Reports what was counted, and the end, once for each publication.
    pub(super) fn end(&mut self) {
        self.aggregate = None;
        if self.waiting.take().is_some_and(|waiting| !waiting.is_empty()) {
            self.items.push_back(Demuxed::Fault(Fault::MetadataMissing));
        }
        self.feed.end(&mut self.items);
        let (stray, ignored) = (std::mem::take(&mut self.stray), std::mem::take(&mut self.ignored));
        if stray > 0 {
            let fault = Fault::Dropped { count: stray, reason: "outside a publication" };
            self.items.push_back(Demuxed::Fault(fault));
        }
        if ignored > 0 {
            let fault = Fault::Ignored { what: "RTMP message of an unknown type", count: ignored };
            self.items.push_back(Demuxed::Fault(fault));
        }
        if !std::mem::replace(&mut self.is_ended, true) {
            self.items.push_back(Demuxed::End);
        }
    }

    pub(super) fn control(&mut self, kind: MessageType, payload: &[u8]) {
        let bytes = self.writer.control(kind, payload);
        self.items.push_back(Demuxed::Reply(bytes));
    }

    pub(super) fn status(&mut self, stream_id: u32, level: &str, code: &str, description: &str) {
        self.reply(stream_id, &command::status("onStatus", level, code, description));
    }

    fn reply(&mut self, stream_id: u32, payload: &[u8]) {
        let bytes = self.writer.message(COMMAND_CSID, MessageType::COMMAND_AMF0, stream_id, payload);
        self.items.push_back(Demuxed::Reply(bytes));
    }

    /// Whether media of this message stream belongs to the publication. A stream that was never created is taken for it:
    /// some encoders send media on stream 0.
    fn is_on_air(&self, stream_id: u32) -> bool {
        let ours = self.accepted.as_ref().is_some_and(|accepted| accepted.stream_id == stream_id);
        matches!(self.state, State::OnAir) && (ours || stream_id == 0 || stream_id > self.last_stream_id)
    }

    fn control_message(&mut self, message: &Message) -> Result<(), ParseError> {
        match Control::parse(message)? {
            Control::Window(bytes) => self.ack.window = bytes.max(MIN_WINDOW).into(),
            Control::Ping(value) => self.control(MessageType::USER_CONTROL, &Control::pong(value)),
            Control::Aside => {}
        }
        Ok(())
    }

    fn data(&mut self, payload: &Bytes, timestamp: u32) {
        if !matches!(self.state, State::OnAir) {
            return;
        }
        match Data::read(payload) {
            Data::Metadata(metadata, rates) => {
                self.metadata = Some(*metadata);
                self.feed.set_rates(rates, &mut self.items);
                let held = self.waiting.take().map(Waiting::into_messages).unwrap_or_default();
                held.iter().for_each(|message| self.media(message));
            }
            Data::AdCue(payload) => {
                let (carriage, at) = (CueCarriage::OnAdCue, self.feed.time_of_data(timestamp));
                let due = OnAdCue::parse(&payload).ok().map(|cue| self.feed.place(cue.time, at));
                self.items.push_back(Demuxed::Cue(CueSignal { carriage, at, due, payload }));
            }
            Data::Aside => self.data_ignored = self.data_ignored.saturating_add(1),
        }
    }

    /// A7.6: the publication ends, and its publisher is told what to do.
    fn refuse_without_metadata(&mut self) {
        let stream_id = self.accepted.as_ref().map_or(0, |accepted| accepted.stream_id);
        let text = "MPE_INGEST_RTMP_SETDATAFRAME_NOT_RECEIVED: no onMetaData came; send it, or add \
            ?videodatarate=<kbps>&audiodatarate=<kbps> to the stream name.";
        self.status(stream_id, "error", "NetStream.Publish.Rejected", text);
        self.state = State::Closed;
        self.end();
    }

    fn command(&mut self, payload: &[u8], stream_id: u32) -> Result<(), ParseError> {
        let Command { verb, transaction } = Command::parse(payload)?;
        match verb {
            Verb::Connect(connection) => self.connect(connection, transaction),
            Verb::CreateStream => {
                self.last_stream_id = self.last_stream_id.saturating_add(1);
                self.reply(0, &command::created(transaction, self.last_stream_id));
            }
            Verb::Publish { name, publish_type } => self.publish(&name, publish_type, stream_id),
            Verb::FcPublish => {
                self.answer(transaction, &command::done(transaction));
                let start = "NetStream.Publish.Start";
                self.reply(0, &command::status("onFCPublish", "status", start, "FCPublish is answered."));
            }
            Verb::ReleaseStream => self.answer(transaction, &command::done(transaction)),
            Verb::FcUnpublish => {
                self.answer(transaction, &command::done(transaction));
                self.unpublish();
            }
            Verb::CloseStream => self.unpublish_stream(stream_id),
            Verb::DeleteStream(id) => self.unpublish_stream(id.unwrap_or(stream_id)),
            Verb::Play => {
                self.status(stream_id, "error", "NetStream.Play.Failed", "This port takes publishers, not players.");
            }
            Verb::Aside => {}
            Verb::Unknown => {
                let error = command::failed(transaction, "NetConnection.Call.Failed", "Method not found.");
                self.answer(transaction, &error);
            }
        }
        Ok(())
    }

    fn connect(&mut self, connection: Connection, transaction: f64) {
        if connection.app.is_empty() {
            let text = "The URL names no application: rtmp://host/application/stream.";
            self.reply(0, &command::failed(transaction, "NetConnection.Connect.Rejected", text));
            self.state = State::Closed;
            return self.end();
        }
        let is_enhanced = connection.is_enhanced;
        self.connection = Some(connection);
        self.control(MessageType::WINDOW_ACK_SIZE, &Control::number(WINDOW));
        self.control(MessageType::SET_PEER_BANDWIDTH, &Control::bandwidth(WINDOW));
        let chunk_size = self.writer.set_chunk_size(CHUNK_SIZE);
        self.items.push_back(Demuxed::Reply(chunk_size));
        self.reply(0, &command::connected(transaction, is_enhanced));
    }

    fn publish(&mut self, name: &str, publish_type: String, stream_id: u32) {
        let Some(connection) = self.connection.clone().filter(|_| !name.is_empty()) else {
            let text = "publish needs a connect before it and a stream name.";
            return self.status(stream_id, "error", "NetStream.Publish.BadName", text);
        };
        let rates = Rates::in_query(name).or(connection.rates);
        let name = Rates::without_query(name);
        let Connection { app, tc_url, encoder, .. } = connection;
        let stream_key = StreamKey::new(name);
        if !matches!(self.state, State::OnAir) {
            let request = PublishRequest { app, stream_key, tc_url, publish_type, encoder };
            self.state = State::Asked { request, stream_id, rates };
        } else if self.accepted.as_ref().is_some_and(|last| last.app == app && last.key.matches(name)) {
            // Some encoders say it twice.
            self.go_on_air(Accepted { app, key: stream_key, stream_id }, rates);
        } else {
            let text = "This connection publishes another stream already.";
            self.status(stream_id, "error", "NetStream.Publish.BadName", text);
            self.items.push_back(Demuxed::Fault(Fault::PublishRefused { why: "a second name on one connection" }));
        }
    }

    fn unpublish_stream(&mut self, stream_id: u32) {
        if self.is_on_air(stream_id) {
            self.unpublish();
        }
    }

    fn unpublish(&mut self) {
        if !matches!(self.state, State::OnAir) {
            return;
        }
        let stream_id = self.accepted.as_ref().map_or(0, |accepted| accepted.stream_id);
        self.status(stream_id, "status", "NetStream.Unpublish.Success", "Unpublished.");
        self.state = State::Open;
        self.end();
    }

    /// Replies to a command that wants an answer.
    fn answer(&mut self, transaction: f64, payload: &[u8]) {
        if transaction != 0.0 {
            self.reply(0, payload);
        }
    }
}

/// AMF 3 messages of every publisher seen are a zero byte and AMF 0 (RTMP 1.0 clause 7.1.1).
fn amf0_in_amf3(payload: &Bytes) -> Bytes {
    if payload.first() == Some(&0) { payload.slice(1..) } else { payload.clone() }
}

const COMMAND_CSID: u8 = 3;
const CHUNK_SIZE: u32 = 65_536;
/// A peer that wants an answer to every byte does not get one.
const MIN_WINDOW: u32 = 65_536;
