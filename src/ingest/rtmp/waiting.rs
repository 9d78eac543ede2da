//! Media that waits for `onMetaData`, where the host requires it (A7.6).

use crate::wire::rtmp::Message;

/// Whether a publisher must send `onMetaData`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetadataRule {
    /// It need not: sequence headers say all that a decoder needs. Without it tracks have no bitrate and no name.
    #[default]
    Optional,
    /// It must, or state its rates as `?videodatarate=<kbps>&audiodatarate=<kbps>` at the end of its URL or stream name. At
    /// most 64 audio and video messages, or 4 MiB of them, may come before it and wait; then the publication is refused.
    Required,
}

/// Messages in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    messages: Vec<Message>,
    bytes: usize,
}

impl Waiting {
    /// Keeps a message; `false` where the wait is over and no metadata came.
    pub(super) fn hold(&mut self, message: &Message) -> bool {
        self.bytes = self.bytes.saturating_add(message.payload.len());
        if self.messages.len() >= MAX_MESSAGES || self.bytes > MAX_BYTES {
            return false;
        }
        self.messages.push(message.clone());
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(super) fn into_messages(self) -> Vec<Message> {
        self.messages
    }
}

const MAX_MESSAGES: usize = 64;
const MAX_BYTES: usize = 4 << 20;
