//! What a session says to each message (RTMP 1.0 clauses 5.4 and 7).

use bytes::Bytes;

use super::{
    RtmpMetadata,
    command::{self, Command, Connection, Verb},
    feed::Feed,
    request::{PublishRequest, StreamKey},
    session::{Accepted, RtmpSession, State, WINDOW},
};
use crate::{
    error::{Fault, ParseError},
    ingest::Demuxed,
    wire::rtmp::{Control, Message, MessageType},
};

impl RtmpSession {
    /// Does what a message asks for. Only a command that cannot be read ends the session.
    pub(super) fn message(&mut self, message: &Message) -> Result<(), ParseError> {
        match message.kind {
            MessageType::AUDIO | MessageType::VIDEO if !self.is_on_air(message.stream_id) => {
                self.stray = self.stray.saturating_add(1);
            }
            MessageType::VIDEO => self.feed.video(message, &mut self.items),
            MessageType::AUDIO => self.feed.audio(message, &mut self.items),
            MessageType::COMMAND_AMF0 => self.command(&message.payload, message.stream_id)?,
            MessageType::COMMAND_AMF3 => self.command(&amf0_in_amf3(&message.payload), message.stream_id)?,
            MessageType::DATA_AMF0 => self.data(&message.payload),
            MessageType::DATA_AMF3 => self.data(&amf0_in_amf3(&message.payload)),
            MessageType::WINDOW_ACK_SIZE | MessageType::USER_CONTROL => self.control_message(message)?,
            // The first two were carried out by the chunk reader; the others tell a receiver nothing.
            MessageType::SET_CHUNK_SIZE | MessageType::ABORT | MessageType::ACK | MessageType::SET_PEER_BANDWIDTH => {}
            _ => self.ignored = self.ignored.saturating_add(1),
        }
        Ok(())
    }

    /// Starts the publication and tells the publisher so. One that is on air already goes on, perhaps on another message
    /// stream; otherwise nothing is left of the last one but its clock.
    pub(super) fn go_on_air(&mut self, accepted: Accepted) {
        let stream_id = accepted.stream_id;
        self.control(MessageType::USER_CONTROL, &Control::stream_begin(stream_id));
        self.status(stream_id, "status", "NetStream.Publish.Start", "Publishing.");
        if !matches!(self.state, State::OnAir) {
            self.feed = Feed::new(self.feed.clock().clone());
            self.metadata = None;
        }
        self.accepted = Some(accepted);
        self.is_ended = false;
        self.state = State::OnAir;
    }

    /// Reports what was counted, and the end, once for each publication.
    pub(super) fn end(&mut self) {
        self.feed.end(&mut self.items);
        let (stray, ignored) = (std::mem::take(&mut self.stray), std::mem::take(&mut self.ignored));
        if stray > 0 {
            let fault = Fault::Dropped { count: stray, reason: "outside a publication" };
            self.items.push_back(Demuxed::Fault(fault));
        }
        if ignored > 0 {
            let fault = Fault::Ignored { what: "RTMP messages of an unknown type", count: ignored };
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

    fn data(&mut self, payload: &[u8]) {
        if matches!(self.state, State::OnAir)
            && let Some(metadata) = RtmpMetadata::parse(payload)
        {
            self.metadata = Some(metadata);
        }
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
        self.connection = Some(connection);
        self.control(MessageType::WINDOW_ACK_SIZE, &Control::number(WINDOW));
        self.control(MessageType::SET_PEER_BANDWIDTH, &Control::bandwidth(WINDOW));
        let chunk_size = self.writer.set_chunk_size(CHUNK_SIZE);
        self.items.push_back(Demuxed::Reply(chunk_size));
        self.reply(0, &command::connected(transaction));
    }

    fn publish(&mut self, name: &str, publish_type: String, stream_id: u32) {
        let Some(connection) = self.connection.clone().filter(|_| !name.is_empty()) else {
            let text = "publish needs a connect before it and a stream name.";
            return self.status(stream_id, "error", "NetStream.Publish.BadName", text);
        };
        let Connection { app, tc_url, encoder } = connection;
        let is_known = self.accepted.as_ref().is_some_and(|last| last.app == app && last.key.matches(name));
        let stream_key = StreamKey::new(name);
        if is_known {
            // Encoders stop and publish again on the same connection, and some say it twice.
            return self.go_on_air(Accepted { app, key: stream_key, stream_id });
        }
        if matches!(self.state, State::OnAir) {
            let text = "This connection publishes another stream already.";
            return self.status(stream_id, "error", "NetStream.Publish.BadName", text);
        }
        let request = PublishRequest { app, stream_key, tc_url, publish_type, encoder };
        self.state = State::Asked { request, stream_id };
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
