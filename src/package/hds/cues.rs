//! Avails as `onCuePoint`, a script tag in the fragments that begin and end them (A14.8, A14.10).
//!
//! Azure Media Services documented no carriage of cues in HDS: this is the cue point event of FLV, with the words of `onAdCue`,
//! which players of that age know from RTMP. `time` is the time of the tag in seconds, as a player's clock counts.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::clock::wrapped;
use crate::{
    media::{CuePhase, SegmentCue},
    time::Timescale,
    wire::amf0::Writer,
};

/// The bodies of the script tags of a segment that starts at this millisecond.
pub(super) fn cue_points(cues: &[SegmentCue], start: u64) -> Vec<Bytes> {
    cues.iter().filter_map(|cue| cue_point(cue, start)).collect()
}

fn cue_point(cue: &SegmentCue, start: u64) -> Option<Bytes> {
    let (name, section) = match &cue.phase {
        CuePhase::Out => ("SpliceOut", Some(&cue.avail.section)),
        CuePhase::In(section) => ("SpliceIn", section.as_ref()),
        CuePhase::Ahead | CuePhase::Within | CuePhase::Told => return None,
    };
    let mut point = Writer::new()
        .string("onCuePoint")
        .open()
        .name("name")
        .string(name)
        .name("time")
        .number(seconds(i64::from(wrapped(start))))
        .name("type")
        .string("event")
        .name("parameters")
        .open()
        .name("id")
        .string(&cue.avail.id.to_string());
    if let Some(duration) = cue.avail.duration.filter(|_| cue.phase == CuePhase::Out) {
        point = point.name("duration").number(seconds(duration.ticks(Timescale::MILLIS)));
    }
    if let Some(section) = section {
        point = point.name("scte35").string(&STANDARD.encode(section));
    }
    Some(point.close().close().finish())
}

fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        media::Avail,
        time::{MediaDuration, MediaTime},
        wire::amf0::{Reader, Value},
    };

    fn values(cue: &SegmentCue, start: u64) -> Option<(String, Value<'static>)> {
        let bytes = cue_point(cue, start)?;
        let mut reader = Reader::new(bytes.to_vec().leak());
        let name = reader.value().unwrap().unwrap().as_str().unwrap().to_owned();
        Some((name, reader.value().unwrap().unwrap()))
    }

    #[test]
    fn out_and_in_points_are_cue_points_a14_10() {
        let start = MediaTime::ZERO.plus(MediaDuration::from_millis(12_012));
        let duration = Some(MediaDuration::from_millis(30_500));
        let section = Bytes::from_static(b"\xFC\x30\x11");
        let avail = Arc::new(Avail { id: 7, asked: start, start, duration, section });
        let cue = |phase| SegmentCue { avail: Arc::clone(&avail), phase };
        let (event, object) = values(&cue(CuePhase::Out), 12_012).unwrap();
        let text = |object: &Value<'_>, name: &str| object.member(name).unwrap().as_str().unwrap().to_owned();
        assert_eq!((event.as_str(), text(&object, "name").as_str()), ("onCuePoint", "SpliceOut"));
        assert_eq!((text(&object, "type").as_str(), object.member("time")), ("event", Some(&Value::Number(12.012))));
        let parameters = object.member("parameters").unwrap();
        assert_eq!((text(parameters, "id"), text(parameters, "scte35")), ("7".into(), "/DAR".into()));
        assert_eq!(parameters.member("duration"), Some(&Value::Number(30.5)));
        // The way back has no duration, and a message only where one asked for it.
        let (_, object) = values(&cue(CuePhase::In(None)), (1 << 32) + 500).unwrap();
        assert_eq!((text(&object, "name").as_str(), object.member("time")), ("SpliceIn", Some(&Value::Number(0.5))));
        let Some(Value::Object(parameters)) = object.member("parameters") else { panic!() };
        assert_eq!(parameters.len(), 1);
        for phase in [CuePhase::Ahead, CuePhase::Within, CuePhase::Told] {
            assert_eq!(values(&cue(phase), 0), None);
        }
    }
}
