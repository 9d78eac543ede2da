//! A scripted RTMP publisher: plain handshake, connect, publish, FLV tags. It keeps no time and opens no socket: it hands
//! out the bytes that an encoder would send.

#![allow(dead_code, unreachable_pub, reason = "each test uses its own part of the rig")]

use std::{cell::RefCell, collections::BTreeMap};

/// An encoder at the other end of the line.
pub struct Publisher {
    app: String,
    key: String,
    chunk_size: usize,
    stream_id: u32,
    /// Chunks that go on with a message repeat its extended timestamp, as RTMP 1.0 clause 5.3.1.3 has it; some encoders do not.
    pub repeats_extended: bool,
    /// Headers leave out what the one before them on their chunk stream said (types 1 to 3), as those of FFmpeg do.
    pub is_compressing: bool,
    last: RefCell<BTreeMap<u8, Last>>,
    replies: Vec<u8>,
}

/// The last header of a chunk stream.
#[derive(Clone, Copy)]
struct Last {
    ms: u32,
    /// What stood in its time field.
    field: u32,
    len: usize,
    kind: u8,
    stream_id: u32,
}

impl Publisher {
    /// A publisher of `rtmp://host/app` under the name `key`.
    pub fn new(app: &str, key: &str) -> Self {
        Self {
            app: app.into(),
            key: key.into(),
            chunk_size: 128,
            stream_id: 1,
            repeats_extended: true,
            is_compressing: false,
            last: RefCell::default(),
            replies: Vec::new(),
        }
    }

    /// Handshake and commands, up to and with `publish`, without waiting for the answers.
    pub fn start(&mut self) -> Vec<u8> {
        let mut out = vec![3];
        out.extend([0; 1536]);
        out.extend([0; 1536]);
        let mut connect = [string("connect"), number(1.0), vec![3]].concat();
        for (name, value) in [
            ("app", self.app.clone()),
            ("type", "nonprivate".into()),
            ("flashVer", "FMLE/3.0 (compatible; rig)".into()),
            ("tcUrl", format!("rtmp://rig/{}", self.app)),
        ] {
            connect.extend(&string(name)[1..]);
            connect.extend(string(&value));
        }
        connect.extend([0, 0, 9]);
        out.extend(self.message(3, 20, 0, 0, &connect));
        out.extend(self.set_chunk_size(4096));
        for (name, transaction) in [("releaseStream", 2.0), ("FCPublish", 3.0)] {
            let body = [string(name), number(transaction), vec![5], string(&self.key)].concat();
            out.extend(self.message(3, 20, 0, 0, &body));
        }
        out.extend(self.message(3, 20, 0, 0, &[string("createStream"), number(4.0), vec![5]].concat()));
        out.extend(self.publish());
        out
    }

    /// `publish`, alone; for a second publication on the connection.
    pub fn publish(&self) -> Vec<u8> {
        let body = [string("publish"), number(5.0), vec![5], string(&self.key), string("live")].concat();
        self.message(8, 20, 0, self.stream_id, &body)
    }

    /// `createStream`, after which everything goes to that message stream.
    pub fn create_stream(&mut self) -> Vec<u8> {
        self.stream_id += 1;
        self.message(3, 20, 0, 0, &[string("createStream"), number(6.0), vec![5]].concat())
    }

    /// Another name for what is published from now on.
    pub fn rename(&mut self, key: &str) {
        self.key = key.into();
    }

    /// `FCUnpublish`.
    pub fn unpublish(&self) -> Vec<u8> {
        self.message(3, 20, 0, 0, &[string("FCUnpublish"), number(7.0), vec![5], string(&self.key)].concat())
    }

    /// `deleteStream`.
    pub fn delete_stream(&self) -> Vec<u8> {
        let body = [string("deleteStream"), number(8.0), vec![5], number(self.stream_id.into())].concat();
        self.message(3, 20, 0, 0, &body)
    }

    /// `play`, which a publishing port refuses.
    pub fn play(&self) -> Vec<u8> {
        let body = [string("play"), number(9.0), vec![5], string(&self.key)].concat();
        self.message(8, 20, 0, self.stream_id, &body)
    }

    /// A command that nobody knows.
    pub fn unknown_command(&self) -> Vec<u8> {
        self.message(3, 20, 0, 0, &[string("_checkbw"), number(10.0), vec![5]].concat())
    }

    /// `@setDataFrame` with an `onMetaData` of numbers.
    pub fn metadata(&self, fields: &[(&str, f64)]) -> Vec<u8> {
        let mut body = [string("@setDataFrame"), string("onMetaData"), vec![8], vec![0, 0, 0, 0]].concat();
        for (name, value) in fields {
            body.extend(&string(name)[1..]);
            body.extend(number(*value));
        }
        body.extend([0, 0, 9]);
        self.message(4, 18, 0, self.stream_id, &body)
    }

    /// `onAdCue`: an object of texts and numbers.
    pub fn ad_cue(&self, ms: u32, texts: &[(&str, &str)], numbers: &[(&str, f64)]) -> Vec<u8> {
        let mut body = [string("onAdCue"), vec![3]].concat();
        let members = texts.iter().map(|(name, text)| (name, string(text)));
        for (name, value) in members.chain(numbers.iter().map(|(name, value)| (name, number(*value)))) {
            body.extend(&string(name)[1..]);
            body.extend(value);
        }
        body.extend([0, 0, 9]);
        self.message(4, 18, ms, self.stream_id, &body)
    }

    /// The H.264 sequence header.
    pub fn video_config(&self, avcc: &[u8]) -> Vec<u8> {
        self.video_tag(0, &[&[0x17, 0, 0, 0, 0], avcc].concat())
    }

    /// A picture: decode time and composition offset in milliseconds, NAL units with their lengths before them.
    pub fn video(&self, ms: u32, cts: i32, is_idr: bool, nalus: &[u8]) -> Vec<u8> {
        let [_, a, b, c] = cts.to_be_bytes();
        let first = if is_idr { 0x17 } else { 0x27 };
        self.video_tag(ms, &[&[first, 1, a, b, c], nalus].concat())
    }

    /// A video message with any body.
    pub fn video_tag(&self, ms: u32, body: &[u8]) -> Vec<u8> {
        self.message(6, 9, ms, self.stream_id, body)
    }

    /// The AAC sequence header.
    pub fn audio_config(&self, asc: &[u8]) -> Vec<u8> {
        self.audio_tag(0, &[&[0xAF, 0], asc].concat())
    }

    /// A raw AAC frame.
    pub fn audio(&self, ms: u32, raw: &[u8]) -> Vec<u8> {
        self.audio_tag(ms, &[&[0xAF, 1], raw].concat())
    }

    /// An audio message with any body.
    pub fn audio_tag(&self, ms: u32, body: &[u8]) -> Vec<u8> {
        self.message(4, 8, ms, self.stream_id, body)
    }

    /// Set Chunk Size; what follows is cut that way.
    pub fn set_chunk_size(&mut self, size: usize) -> Vec<u8> {
        let message = self.message(2, 1, 0, 0, &(size as u32).to_be_bytes());
        self.chunk_size = size;
        message
    }

    /// A message of any type, in chunks of the size that was announced.
    pub fn message(&self, csid: u8, kind: u8, ms: u32, stream_id: u32, body: &[u8]) -> Vec<u8> {
        let last = self.last.borrow().get(&csid).copied();
        let last = last.filter(|last| self.is_compressing && last.stream_id == stream_id && last.ms <= ms);
        let field = last.map_or(ms, |last| ms - last.ms);
        let format = match last {
            None => 0,
            Some(last) if (last.len, last.kind) != (body.len(), kind) => 1,
            Some(last) if last.field != field => 2,
            Some(_) => 3,
        };
        self.last.borrow_mut().insert(csid, Last { ms, field, len: body.len(), kind, stream_id });
        let mut out = vec![format << 6 | csid];
        if format < 3 {
            out.extend(&field.min(0xFF_FFFF).to_be_bytes()[1..]);
        }
        if format < 2 {
            out.extend(&(body.len() as u32).to_be_bytes()[1..]);
            out.push(kind);
        }
        if format == 0 {
            out.extend(stream_id.to_le_bytes());
        }
        let is_extended = field >= 0xFF_FFFF;
        for (index, chunk) in body.chunks(self.chunk_size).enumerate() {
            if index > 0 {
                out.push(0xC0 | csid);
            }
            if is_extended && (index == 0 && format < 3 || self.repeats_extended) {
                out.extend(field.to_be_bytes());
            }
            out.extend(chunk);
        }
        out
    }

    /// Takes what the server sent.
    pub fn on_reply(&mut self, bytes: &[u8]) {
        self.replies.extend(bytes);
    }

    /// Whether the server has let the publication go on air.
    pub fn is_accepted(&self) -> bool {
        // FCPublish is answered with the same code, in another notice.
        let statuses = self.replies.windows(8).enumerate().filter(|(_, window)| *window == b"onStatus");
        let mut rests = statuses.map(|(at, _)| &self.replies[at..self.replies.len().min(at + 80)]);
        rests.any(|rest| rest.windows(23).any(|window| window == b"NetStream.Publish.Start"))
    }

    /// Whether the server has said `text`, such as `NetStream.Publish.BadName`.
    pub fn was_told(&self, text: &str) -> bool {
        self.replies.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// Puts the length of four bytes before a NAL unit.
pub fn with_length(nal: &[u8]) -> Vec<u8> {
    [&(nal.len() as u32).to_be_bytes(), nal].concat()
}

fn string(text: &str) -> Vec<u8> {
    [&[2], &(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn number(number: f64) -> Vec<u8> {
    [&[0], &number.to_be_bytes()[..]].concat()
}
