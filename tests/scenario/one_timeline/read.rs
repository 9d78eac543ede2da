//! Times as manifests tell them and time stamps as transport streams have them, read without anything of the library.

use crate::list::{lines::Document, media::Media};

/// Start and duration of each segment, in ticks.
pub type Times = Vec<(u64, u64)>;

/// A switching set of a manifest: its URL template, how many ticks a second has, and its segments.
pub struct Set {
    pub is_video: bool,
    pub template: String,
    pub scale: u64,
    pub times: Times,
}

/// Starts (with all of the URI before the format) and seconds of the segments of a media playlist that shows no break.
pub fn playlist(bytes: &[u8]) -> (u64, Vec<(String, f64)>) {
    let media = Media::read(&Document::read(bytes));
    assert_eq!(media.discontinuity_sequence, 0);
    assert!(media.segments.iter().all(|segment| !segment.is_discontinuous && !segment.is_gap));
    let uri = |uri: &str| uri.split(',').next().unwrap().to_owned();
    (media.sequence, media.segments.iter().map(|segment| (uri(&segment.uri), segment.seconds)).collect())
}

/// The sets of an MPD of one period with timelines.
pub fn mpd(text: &str) -> Vec<Set> {
    let read = dash_mpd::parse(text).unwrap();
    assert_eq!(read.periods.len(), 1);
    let set = |set: &dash_mpd::AdaptationSet| {
        let template = set.SegmentTemplate.as_ref().unwrap();
        let mut times: Times = Vec::new();
        for run in &template.SegmentTimeline.as_ref().unwrap().segments {
            let follows = times.last().map(end);
            let at = run.t.or(follows).unwrap();
            assert!(follows.is_none_or(|follows| follows == at), "a gap before {at}");
            times.extend((0..=run.r.unwrap_or(0) as u64).map(|n| (at + n * run.d, run.d)));
        }
        Set {
            is_video: set.contentType.as_deref() == Some("video"),
            template: template.media.clone().unwrap(),
            scale: template.timescale.unwrap(),
            times,
        }
    };
    read.periods[0].adaptations.iter().map(set).collect()
}

/// The sets of an MPD of one period by numbers: the number and the ticks of the first place, the ticks from place to place.
pub fn numbered(text: &str) -> Vec<(Set, u64)> {
    let read = dash_mpd::parse(text).unwrap();
    assert_eq!(read.periods.len(), 1);
    let set = |set: &dash_mpd::AdaptationSet| {
        let template = set.SegmentTemplate.as_ref().unwrap();
        let of = Set {
            is_video: set.contentType.as_deref() == Some("video"),
            template: template.media.clone().unwrap(),
            scale: template.timescale.unwrap(),
            times: vec![(template.presentationTimeOffset.unwrap_or(0), template.duration.unwrap() as u64)],
        };
        (of, template.startNumber.unwrap())
    };
    read.periods[0].adaptations.iter().map(set).collect()
}

/// The streams of pictures and sound of a client manifest of Smooth Streaming (MS-SSTR clause 2.2.2).
pub fn smooth(text: &str) -> Vec<Set> {
    let mut sets = Vec::new();
    for stream in text.split("<StreamIndex").skip(1).filter(|stream| attribute(stream, "Type") != Some("text")) {
        let number = |tag: &str, name: &str| attribute(tag, name).map(|value| value.parse::<u64>().unwrap());
        let mut times: Times = Vec::new();
        for run in stream.split("<c").skip(1) {
            let run = run.split('>').next().unwrap();
            let follows = times.last().map(end);
            let at = number(run, "t").or(follows).unwrap();
            assert!(follows.is_none_or(|follows| follows == at), "a gap before {at}");
            let (length, count) = (number(run, "d").unwrap(), number(run, "r").unwrap_or(1));
            times.extend((0..count).map(|n| (at + n * length, length)));
        }
        assert_eq!(number(stream, "Chunks"), Some(times.len() as u64));
        sets.push(Set {
            is_video: attribute(stream, "Type") == Some("video"),
            template: attribute(stream, "Url").unwrap().into(),
            scale: number(stream, "TimeScale").unwrap(),
            times,
        });
    }
    sets
}

/// The URLs of the bootstraps that a manifest of HDS names.
pub fn bootstraps(text: &str) -> Vec<String> {
    text.split("<bootstrapInfo").skip(1).map(|tag| attribute(tag, "url").unwrap().into()).collect()
}

/// The fragment run table of a bootstrap: the first number, and milliseconds; no entry says that anything is missing.
pub fn bootstrap(bytes: &[u8]) -> (u32, Times) {
    let at = bytes.windows(4).position(|kind| kind == b"afrt").unwrap() + 8;
    let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!((word(at), bytes[at + 4]), (1000, 0), "milliseconds, and no quality has a name");
    let long = |at: usize| u64::from(word(at)) << 32 | u64::from(word(at + 4));
    let runs: Vec<_> = (0..word(at + 5) as usize).map(|n| at + 9 + 16 * n).collect();
    let mut times: Times = Vec::new();
    for (n, run) in runs.iter().enumerate() {
        let (first, start, length) = (word(*run), long(run + 4), u64::from(word(run + 12)));
        assert!(length > 0, "a break");
        // A run ends where the next one begins; the last one's end is the box's.
        let count = runs.get(n + 1).map_or(1, |next| word(*next) - first);
        times.extend((0..u64::from(count)).map(|n| (start + n * length, length)));
    }
    (word(runs[0]), times)
}

/// The first time stamp of pictures and of sound in a transport stream, 33 bits each (ISO/IEC 13818-1 clause 2.4.3.6).
pub fn time_stamps(stream: &[u8]) -> [Option<u64>; 2] {
    let mut found = [None; 2];
    for packet in stream.chunks(188) {
        assert_eq!((packet[0], packet.len()), (0x47, 188));
        let payload = 4 + if packet[3] & 0x20 != 0 { 1 + usize::from(packet[4]) } else { 0 };
        let is_pes = packet[1] & 0x40 != 0 && packet.get(payload..payload + 3) == Some(&[0, 0, 1]);
        if !is_pes || packet[payload + 7] & 0x80 == 0 {
            continue;
        }
        let at = |n: usize| u64::from(packet[payload + 9 + n]);
        let stamp = (at(0) >> 1 & 7) << 30 | at(1) << 22 | (at(2) >> 1) << 15 | at(3) << 7 | at(4) >> 1;
        found[usize::from(packet[payload + 3] < 0xE0)].get_or_insert(stamp);
    }
    found
}

pub fn end((start, length): &(u64, u64)) -> u64 {
    start + length
}

/// The value of an attribute in the text of an element.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once('>').map_or(tag, |(tag, _)| tag).split_once(&format!(" {name}=\""))?.1.split('"').next()
}
