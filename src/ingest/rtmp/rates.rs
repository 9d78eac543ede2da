//! Bitrates that a publisher states: they name its tracks (A26.3).
//!
//! In `onMetaData`, the fields of its top level for track 0 and those of `videoTrackIdInfoMap` and `audioTrackIdInfoMap` for
//! the others (Enhanced RTMP v2, "Enhancing onMetaData"); or, where an encoder sends none, in the query of its URL or stream
//! name (A7.6).

use crate::wire::{amf0::Value, flv::MAX_TRACKS};

/// Which kind of track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Video,
    Audio,
}

/// Bits per second by kind and trackId.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rates {
    video: Vec<(u8, u32)>,
    audio: Vec<(u8, u32)>,
}

impl Rates {
    /// Reads the object of `onMetaData`.
    pub(super) fn read(fields: &Value<'_>) -> Self {
        let tracks = |field: &str, map: &str| {
            let rate = |value: &Value<'_>| value.member(field).and_then(Value::as_number).and_then(bits_per_second);
            let first = rate(fields).map(|rate| (0, rate));
            let members = if let Some(Value::Object(members)) = fields.member(map) { &members[..] } else { &[] };
            let others = members.iter().filter_map(|(id, value)| Some((id.parse().ok()?, rate(value)?)));
            first.into_iter().chain(others).take(MAX_TRACKS).collect()
        };
        Self {
            video: tracks("videodatarate", "videoTrackIdInfoMap"),
            audio: tracks("audiodatarate", "audioTrackIdInfoMap"),
        }
    }

    /// Reads the query of a URL, an application or a stream name; `None` where it states no rate.
    pub(super) fn in_query(text: &str) -> Option<Self> {
        let (_, query) = text.trim_matches('"').split_once('?')?;
        let mut rates = Self::default();
        for (name, value) in query.split(['&', '?']).filter_map(|pair| pair.split_once('=')) {
            let Some(rate) = value.parse().ok().and_then(bits_per_second) else { continue };
            match name {
                "videodatarate" => rates.video = vec![(0, rate)],
                "audiodatarate" => rates.audio = vec![(0, rate)],
                _ => {}
            }
        }
        (rates != Self::default()).then_some(rates)
    }

    /// These, and those of `others` for tracks that these do not name.
    pub(super) fn or(self, others: &Self) -> Self {
        let both = |mut these: Vec<(u8, u32)>, others: &[(u8, u32)]| {
            for other in others {
                if these.len() < MAX_TRACKS && these.iter().all(|(id, _)| id != &other.0) {
                    these.push(*other);
                }
            }
            these
        };
        Self { video: both(self.video, &others.video), audio: both(self.audio, &others.audio) }
    }

    /// The stream name without a query that states rates and nothing else; any other query may be part of the key.
    pub(super) fn without_query(name: &str) -> &str {
        let is_rate = |pair: &str| pair.starts_with("videodatarate=") || pair.starts_with("audiodatarate=");
        match name.split_once('?') {
            Some((key, query)) if !key.is_empty() && query.split('&').all(is_rate) => key,
            _ => name,
        }
    }

    /// Bits per second of a track; 0 where nothing is stated.
    pub(super) fn of(&self, kind: Kind, track: u8) -> u32 {
        let rates = match kind {
            Kind::Video => &self.video,
            Kind::Audio => &self.audio,
        };
        rates.iter().find(|(id, _)| *id == track).map_or(0, |(_, rate)| *rate)
    }
}

/// A whole number of bits per second of at least 1, from kilobits.
fn bits_per_second(kilobits: f64) -> Option<u32> {
    // The cast saturates, and makes zero of what is not a number.
    Some((kilobits * 1000.0).round() as u32).filter(|rate| *rate > 0 && *rate < u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::amf0::{Reader, Writer};

    #[test]
    fn tracks_have_their_own_rates() {
        let writer = Writer::new().open().name("videodatarate").number(2500.5).name("audiodatarate").number(f64::NAN);
        let writer = writer.name("audioTrackIdInfoMap").open();
        let writer = writer.name("1").numbers(&[("audiodatarate", 96.0)]).name("x").numbers(&[("audiodatarate", 1.0)]);
        let body = writer.name("300").numbers(&[("audiodatarate", 1.0)]).close().close().finish();
        let rates = Rates::read(&Reader::new(&body).value().unwrap().unwrap());
        assert_eq!(
            (rates.of(Kind::Video, 0), rates.of(Kind::Audio, 0), rates.of(Kind::Audio, 1)),
            (2_500_500, 0, 96_000)
        );
        assert_eq!((rates.of(Kind::Video, 1), rates.of(Kind::Audio, 44)), (0, 0));
    }

    #[test]
    fn a_query_states_rates_a7_6() {
        for text in
            ["key?videodatarate=2500&audiodatarate=128", "\"rtmp://h/live?a=b&videodatarate=2500&audiodatarate=128\""]
        {
            let rates = Rates::in_query(text).unwrap();
            assert_eq!((rates.of(Kind::Video, 0), rates.of(Kind::Audio, 0)), (2_500_000, 128_000));
        }
        for text in
            ["key", "?key", "key?videodatarate=", "key?videodatarate=-1", "key?videodatarate=1e99", "key?auth=1"]
        {
            assert_eq!(Rates::in_query(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_keeps_every_query_but_that_one() {
        assert_eq!(Rates::without_query("key?videodatarate=2500&audiodatarate=128"), "key");
        for name in ["key", "?key", "key?auth=1", "key?videodatarate=2500&auth=1", "?videodatarate=2500", "key?"] {
            assert_eq!(Rates::without_query(name), name);
        }
    }
}
