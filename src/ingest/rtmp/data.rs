//! Data messages: what a publisher says beside its pictures (FLV 10.1 Annex E.5).
//!
//! `onMetaData` and `onAdCue` are taken, each with or without `@setDataFrame` before it; `onCuePoint`, `onTextData` and the
//! like say nothing here. To take one more, give [`Data`] a variant.

use bytes::Bytes;

use super::{RtmpMetadata, rates::Rates};
use crate::wire::amf0::{self, Reader, Value};

/// What a data message says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    Metadata(Box<RtmpMetadata>, Rates),
    /// The values from the name on.
    AdCue(Bytes),
    /// Nothing that anybody here wants to know, or nothing that can be read.
    Aside,
}

impl Data {
    /// Reads the body of a data message.
    pub(super) fn read(payload: &Bytes) -> Self {
        Self::try_read(payload).unwrap_or(Self::Aside)
    }

    fn try_read(payload: &Bytes) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let mut from = 0;
        let mut name = reader.value().ok()??;
        if name.as_str() == Some("@setDataFrame") {
            from = reader.at();
            name = reader.value().ok()??;
        }
        match name.as_str()? {
            "onMetaData" => {
                let fields: Value<'_> = reader.value().ok()??;
                Some(Self::Metadata(Box::new(RtmpMetadata::read(&fields)), Rates::read(&fields)))
            }
            // Whoever acts on a cue parses it. It stays for long and its message need not, so it is copied.
            "onAdCue" if payload.len() <= amf0::MAX_BYTES => {
                payload.get(from..).map(|cue| Self::AdCue(Bytes::copy_from_slice(cue)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::amf0::Writer;

    #[test]
    fn a_cue_is_the_message_from_its_name_on() {
        let cue = Writer::new().string("onAdCue").texts(&[("id", "1")]).finish();
        assert_eq!(Data::read(&cue), Data::AdCue(cue.clone()));
        let framed = [&Writer::new().string("@setDataFrame").finish()[..], &cue].concat();
        assert_eq!(Data::read(&framed.into()), Data::AdCue(cue));
        let huge = [&Writer::new().string("onAdCue").finish()[..], &vec![0; amf0::MAX_BYTES]].concat();
        assert_eq!(Data::read(&huge.into()), Data::Aside);
    }

    #[test]
    fn other_data_and_what_cannot_be_read_say_nothing() {
        for name in ["onCuePoint", "onTextData", "onXMPData", "@clearDataFrame"] {
            assert_eq!(Data::read(&Writer::new().string(name).null().finish()), Data::Aside);
        }
        for bytes in [&b"\x02\0\x0AonMetaData"[..], b"\xFF", b"", b"\0\0\0\0\0\0\0\0\0", b"\x02\0\x0D@setDataFrame"] {
            assert_eq!(Data::read(&Bytes::copy_from_slice(bytes)), Data::Aside, "{bytes:?}");
        }
    }
}
