//! Avails as a sparse track (MS-SSTR clause 2.2.2.3): its fragments stand in the manifest itself (`ManifestOutput`), the sample of each
//! a whole `splice_info_section`, as Azure Media Services wrote it. They are nowhere else, and no video fragment points to them (clause
//! 2.2.5).
//!
//! - An avail is listed with the video fragment at its out point, and not before: its parent in the manifest.
//! - While it runs, its entry is as long as what is listed of it. Media3 takes the end of every stream for the live edge, whatever it
//!   plays, and would start where nothing is yet. On demand no entry has a length: Shaka Player takes what a stream's entries span
//!   for that of the presentation, whatever it plays. How long an avail is to last stands in its message.
//! - Live, the stream is there without entries, too: clients keep the streams that they found first.
//! - It has a `FourCC`, which dash.js and Shaka Player do not know and so skip; both trip over none. RxPlayer offers the stream as
//!   subtitles, which are none: [`CueFormats::sparse_track`](crate::media::CueFormats::sparse_track) leaves it out.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use quick_xml::escape::escape;

use crate::{
    media::{CuePhase, Segment, TrackSpec},
    package::events::{Event, Events},
    time::MediaTime,
};

/// The avails of the segments that are listed.
#[derive(Clone, Debug)]
pub(super) struct Sparse {
    events: Events,
    /// Where the newest of these segments ends.
    edge: MediaTime,
}

impl Sparse {
    /// Without segments.
    pub(super) const fn new() -> Self {
        Self { events: Events::new(text), edge: MediaTime::ZERO }
    }

    /// A segment is listed.
    pub(super) fn append(&mut self, segment: &Segment) {
        for cue in segment.cues.iter().filter(|cue| matches!(cue.phase, CuePhase::In(_))) {
            self.events.close(&cue.avail, segment.start);
        }
        self.events.append(segment);
        self.edge = segment.end();
    }

    /// The oldest of those that are listed, which is this one, left the window.
    pub(super) fn remove(&mut self, segment: &Segment) {
        self.events.remove(segment.end());
    }

    /// Adds the stream to `out`, which counts in the ticks of its parent, a stream of pictures. Once nothing follows, `oldest` is the
    /// first segment: an avail that began before it is there from its start on.
    pub(super) fn share(&self, parent: &TrackSpec, oldest: Option<&Segment>, out: &mut Vec<Bytes>) {
        let listed: Vec<(&Event, &Bytes)> =
            self.events.shown().take_while(|(event, _)| event.start < self.edge).collect();
        if listed.is_empty() && oldest.is_some() {
            return;
        }
        out.push(open(parent, listed.len()).into());
        let ticks = |at: MediaTime| u64::try_from(at.ticks(parent.timescale)).unwrap_or(0);
        for (event, text) in listed {
            let start = ticks(oldest.map_or(event.start, |oldest| oldest.start.max(event.start)));
            let end = ticks(event.end.map_or(self.edge, |end| end.min(self.edge)));
            let duration = if oldest.is_none() { end.saturating_sub(start) } else { 0 };
            out.push(format!("<c t=\"{start}\" d=\"{duration}\">").into());
            out.push(text.clone());
        }
        out.push(Bytes::from_static(b"</StreamIndex>"));
    }
}

/// MS-SSTR clauses 2.2.2.3 and 2.2.2.5; the scheme is an attribute of the quality level (clause 2.2.2.5.1).
fn open(parent: &TrackSpec, chunks: usize) -> String {
    let (name, scale) = (escape(parent.url_track.as_str()), parent.timescale.per_second());
    let mut text = format!("<StreamIndex Type=\"text\" Name=\"{NAME}\" Subtype=\"DATA\" TimeScale=\"{scale}\"");
    let _ =
        write!(text, " QualityLevels=\"1\" Chunks=\"{chunks}\" ParentStreamIndex=\"{name}\" ManifestOutput=\"TRUE\"");
    let _ = write!(text, " Url=\"QualityLevels({{bitrate}})/Fragments({NAME}={{start time}})\">{LEVEL}");
    text
}

/// MS-SSTR clause 2.2.2.6.1.
fn text(event: &Event) -> String {
    format!("<f i=\"0\">{}</f></c>", STANDARD.encode(&event.section))
}

/// No switching set is called so.
const NAME: &str = "scte35";

const LEVEL: &str = "<QualityLevel Index=\"0\" Bitrate=\"0\" FourCC=\"DATA\" CodecPrivateData=\"\"><CustomAttributes>\
                     <Attribute Name=\"Scheme\" Value=\"urn:scte:scte35:2013:bin\"/></CustomAttributes></QualityLevel>";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        media::{Avail, CueFormats, Presentation, SegmentCue},
        package::smooth::{
            Manifest, Version,
            manifest::tests::{presentation, segment, text},
        },
        time::MediaDuration,
    };

    /// Segments of two seconds, each with what it has to do with one avail.
    struct Story {
        presentation: Arc<Presentation>,
        manifest: Manifest,
        told: Vec<Segment>,
        /// The out point's segment, and how long the avail is to last.
        avail: (u64, Option<i64>),
    }

    impl Story {
        fn new(presentation: Arc<Presentation>, avail: (u64, Option<i64>)) -> Self {
            Self { manifest: Manifest::new(Arc::clone(&presentation), None), presentation, told: Vec::new(), avail }
        }

        fn append(&mut self, phase: Option<CuePhase>) {
            let plain = segment(&self.presentation, self.told.len() as u64, 2000);
            let (at, duration) = self.avail;
            let start = MediaTime::ZERO.plus(MediaDuration::from_secs(2).times(at as i64));
            let duration = duration.map(MediaDuration::from_secs);
            let avail =
                Arc::new(Avail { id: 7, asked: start, start, duration, section: Bytes::from_static(b"\xFCout") });
            let cues = phase.map(|phase| SegmentCue { avail, phase }).into_iter().collect();
            let segment = Segment { cues, ..plain };
            self.manifest.append(&segment);
            self.told.push(segment);
        }

        fn append_plain(&mut self, count: usize) {
            (0..count).for_each(|_| self.append(None));
        }

        /// The sparse track of the manifest, the same in both versions, from its opening tag on.
        fn track(&self, from: usize) -> Option<String> {
            let ends = (&self.told[from], self.told.last().unwrap());
            let [new, old] = [Version::V22, Version::V20].map(|version| {
                let text = text(&self.manifest, version, ends);
                text.find("<StreamIndex Type=\"text\"").map(|at| text[at..].to_owned())
            });
            assert_eq!(new, old);
            new
        }

        /// Time, duration and sample of each entry.
        fn entries(&self, from: usize) -> Vec<(u64, u64, Vec<u8>)> {
            let track = self.track(from).unwrap();
            let entries = track.split("<c t=\"").skip(1).map(|entry| {
                let (start, rest) = entry.split_once("\" d=\"").unwrap();
                let (duration, rest) = rest.split_once("\"><f i=\"0\">").unwrap();
                let sample = STANDARD.decode(rest.split_once("</f></c>").unwrap().0).unwrap();
                (start.parse().unwrap(), duration.parse().unwrap(), sample)
            });
            let entries: Vec<_> = entries.collect();
            assert!(track.contains(&format!(" Chunks=\"{}\" ", entries.len())), "{track}");
            entries
        }
    }

    fn entry(start: u64, duration: u64, sample: &[u8]) -> (u64, u64, Vec<u8>) {
        (2 * start * 90_000, 2 * duration * 90_000, sample.to_vec())
    }

    #[test]
    fn a_live_manifest_has_the_track_before_it_has_an_entry_a9_3() {
        let mut story = Story::new(presentation(), (50, None));
        story.append_plain(3);
        let expected = "<StreamIndex Type=\"text\" Name=\"scte35\" Subtype=\"DATA\" TimeScale=\"90000\" QualityLevels=\"1\" \
                        Chunks=\"0\" ParentStreamIndex=\"video\" ManifestOutput=\"TRUE\" \
                        Url=\"QualityLevels({bitrate})/Fragments(scte35={start time})\">\
                        <QualityLevel Index=\"0\" Bitrate=\"0\" FourCC=\"DATA\" CodecPrivateData=\"\"><CustomAttributes>\
                        <Attribute Name=\"Scheme\" Value=\"urn:scte:scte35:2013:bin\"/></CustomAttributes></QualityLevel>\
                        </StreamIndex></SmoothStreamingMedia>";
        assert_eq!(story.track(0).as_deref(), Some(expected));
        // On demand, none will come.
        story.manifest.end();
        assert_eq!(story.track(0), None);
    }

    #[test]
    fn an_avail_is_listed_with_its_parent_and_as_far_as_it_is_listed_a14_10() {
        let mut story = Story::new(presentation(), (5, Some(30)));
        story.append_plain(4);
        story.append(Some(CuePhase::Ahead));
        story.append(Some(CuePhase::Out));
        story.append(Some(CuePhase::Within));
        assert_eq!(story.entries(0), [], "its fragment is not listed yet");
        story.append(Some(CuePhase::Within));
        assert_eq!(story.entries(0), [entry(5, 1, b"\xFCout")]);
        story.append(Some(CuePhase::In(Some(Bytes::from_static(b"\xFCin")))));
        story.append_plain(1);
        assert_eq!(story.entries(0), [entry(5, 3, b"\xFCout")]);
        // It was meant to last longer: its end is what it was.
        story.append_plain(3);
        let whole = [entry(5, 3, b"\xFCout"), entry(8, 0, b"\xFCin")];
        assert_eq!(story.entries(0), whole);
        let leave = |story: &mut Story, n: usize| {
            let segment = story.told[n].clone();
            story.manifest.remove(&segment);
        };
        (0..7).for_each(|n| leave(&mut story, n));
        assert_eq!(story.entries(7), whole, "some of it is still in the window");
        leave(&mut story, 7);
        assert_eq!(story.entries(8), []);
    }

    #[test]
    fn a_message_is_told_of_at_its_time_and_stands_in_its_order() {
        let mut story = Story::new(presentation(), (3, None));
        story.append_plain(1);
        story.append(Some(CuePhase::Told));
        story.avail = (2, Some(2));
        story.append(Some(CuePhase::Out));
        story.append_plain(2);
        assert_eq!(story.entries(0), [entry(2, 1, b"\xFCout")], "5 of which 3 are listed");
        story.append_plain(1);
        assert_eq!(story.entries(0), [entry(2, 1, b"\xFCout"), entry(3, 0, b"\xFCout")]);
    }

    #[test]
    fn on_demand_a_break_begins_with_what_is_left_of_it_and_live_where_it_did() {
        let mut story = Story::new(presentation(), (2, None));
        story.append_plain(2);
        story.append(Some(CuePhase::Out));
        (0..5).for_each(|_| story.append(Some(CuePhase::Within)));
        (0..4).for_each(|n| {
            let segment = story.told[n].clone();
            story.manifest.remove(&segment);
        });
        assert_eq!(story.entries(4), [entry(2, 4, b"\xFCout")]);
        story.manifest.end();
        assert_eq!(story.entries(4), [entry(4, 0, b"\xFCout")], "players take no length from it");
    }

    #[test]
    fn a_channel_may_have_no_such_track() {
        let cues = CueFormats { sparse_track: false, ..CueFormats::default() };
        let mut story = Story::new(Arc::new(Presentation { cues, ..(*presentation()).clone() }), (0, None));
        story.append(Some(CuePhase::Out));
        story.append_plain(3);
        assert_eq!(story.track(0), None);
    }
}
