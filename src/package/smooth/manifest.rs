//! The client manifest of a presentation, kept up incrementally (MS-SSTR clause 2.2.2).

use std::{collections::VecDeque, fmt::Write as _, sync::Arc};

use bytes::Bytes;

use super::{
    LOOK_AHEAD,
    sparse::Sparse,
    streams::{carries, streams},
};
use crate::{
    media::{Body, Presentation, Segment, TrackFormat},
    package::{
        runs::{RunForm, Runs},
        sets::switching_sets,
    },
    time::{FLICKS_PER_SECOND, MediaDuration},
};

/// Which of the two manifests of A20.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 2.2, in which equal fragments are counted (A20.1).
    V22,
    /// 2.0, in which each is listed (A20.2).
    V20,
}

/// A client manifest that follows a timeline. Tell it of every segment that joins and, in order, of every one that leaves.
#[derive(Clone, Debug)]
pub struct Manifest {
    presentation: Arc<Presentation>,
    window: Option<MediaDuration>,
    streams: Vec<Stream>,
    sparse: Sparse,
    /// The newest segments, which are not listed while live.
    ahead: VecDeque<Segment>,
    offered: Arc<[bool]>,
    is_ended: bool,
}

/// A switching set.
#[derive(Clone, Debug)]
struct Stream {
    /// Positions of its tracks, the first one's fragments standing for all.
    tracks: Vec<usize>,
    /// Fragments that are listed.
    count: usize,
    /// The same in both versions.
    runs: [Runs; 2],
}

impl Manifest {
    /// A manifest without segments.
    #[must_use]
    pub fn new(presentation: Arc<Presentation>, window: Option<MediaDuration>) -> Self {
        let stream =
            |tracks| Stream { tracks, count: 0, runs: [RunForm::Chunks, RunForm::SingleChunks].map(Runs::new) };
        Self {
            window,
            streams: switching_sets(&presentation).into_iter().map(stream).collect(),
            sparse: Sparse::new(),
            ahead: VecDeque::new(),
            offered: presentation.tracks.iter().map(|_| true).collect(),
            is_ended: false,
            presentation,
        }
    }

    /// Whether clients can play it at all: they need pictures and sound (A20.14).
    #[must_use]
    pub fn is_playable(&self) -> bool {
        let has = |is_it: fn(&TrackFormat) -> bool| {
            self.presentation.tracks.iter().any(|track| is_it(&track.format) && carries(&track.format))
        };
        has(TrackFormat::is_video) && has(TrackFormat::is_audio)
    }

    /// Lists these renditions only, in the order of the presentation's tracks.
    pub fn offer(&mut self, offered: &Arc<[bool]>) {
        self.offered = Arc::clone(offered);
    }

    /// A segment joined at the live edge: the one that is now [`LOOK_AHEAD`] behind it is listed.
    pub fn append(&mut self, segment: &Segment) {
        self.ahead.push_back(segment.clone());
        if self.ahead.len() > LOOK_AHEAD {
            self.list();
        }
    }

    /// The oldest segment, which is this one, left the window.
    pub fn remove(&mut self, segment: &Segment) {
        if self.ahead.pop_front_if(|ahead| ahead.sequence == segment.sequence).is_none() {
            self.streams.iter_mut().for_each(|stream| stream.remove(segment));
            self.sparse.remove(segment);
        }
    }

    /// Nothing follows: everything is listed.
    pub fn end(&mut self) {
        while !self.ahead.is_empty() {
            self.list();
        }
        self.is_ended = true;
    }

    /// The manifest as it stands, `ends` being the oldest and the newest segment of the timeline; `None` while it lists none,
    /// and where sound or pictures are missing, without which no Smooth Streaming client plays (A20.14).
    #[must_use]
    pub fn render(&self, version: Version, ends: (&Segment, &Segment)) -> Option<Body> {
        let listed = |stream: &&Stream| stream.count > 0 && stream.tracks.iter().any(|track| self.is_offered(*track));
        let streams_listed: Vec<&Stream> = self.streams.iter().filter(listed).collect();
        let mut parts = vec![self.head(version, ends)];
        let (mut pictures, mut has_audio) = (None, false);
        for stream in streams_listed {
            let tracks = stream.tracks.iter().filter(|track| self.is_offered(**track));
            let tracks: Vec<_> = tracks.filter_map(|track| self.presentation.tracks.get(*track)).collect();
            let Some(text) = streams(&tracks, stream.count) else { continue };
            pictures = pictures.or(tracks.first().copied().filter(|track| track.format.is_video()));
            has_audio |= tracks.iter().any(|track| track.format.is_audio());
            parts.push(text.into());
            let [runs, singles] = &stream.runs;
            if version == Version::V22 {
                runs.share(&mut parts)
            } else {
                singles.share(&mut parts)
            }
            parts.push(Bytes::from_static(b"</StreamIndex>"));
        }
        let pictures = pictures.filter(|_| has_audio)?;
        if self.presentation.cues.sparse_track {
            self.sparse.share(pictures, self.is_ended.then_some(ends.0), &mut parts);
        }
        parts.push(Bytes::from_static(b"</SmoothStreamingMedia>"));
        Some(parts.into())
    }

    fn head(&self, version: Version, (first, last): (&Segment, &Segment)) -> Bytes {
        let minor = if version == Version::V22 { 2 } else { 0 };
        let duration = if self.is_ended { units(last.end().since(first.start)) } else { 0 };
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SmoothStreamingMedia MajorVersion=\"2\" MinorVersion=\"{minor}\" \
             TimeScale=\"10000000\" Duration=\"{duration}\""
        );
        if !self.is_ended {
            let window = self.window.map_or(0, units);
            let _ = write!(
                text,
                " IsLive=\"TRUE\" LookAheadFragmentCount=\"{LOOK_AHEAD}\" DVRWindowLength=\"{window}\" CanSeek=\"TRUE\" \
                 CanPause=\"TRUE\""
            );
        }
        text.push('>');
        text.into()
    }

    fn list(&mut self) {
        let Some(segment) = self.ahead.pop_front() else { return };
        self.streams.iter_mut().for_each(|stream| stream.append(&segment));
        self.sparse.append(&segment);
    }

    fn is_offered(&self, track: usize) -> bool {
        self.offered.get(track).copied().unwrap_or_default()
    }
}

impl Stream {
    fn append(&mut self, segment: &Segment) {
        let span = self.tracks.first().and_then(|track| segment.spans.get(*track)).copied().unwrap_or_default();
        if span.duration > 0 {
            self.count = self.count.saturating_add(1);
            self.runs.iter_mut().for_each(|runs| runs.append(span));
        }
    }

    fn remove(&mut self, segment: &Segment) {
        let span = self.tracks.first().and_then(|track| segment.spans.get(*track)).copied().unwrap_or_default();
        if span.duration > 0 {
            self.count = self.count.saturating_sub(1);
            self.runs.iter_mut().for_each(|runs| runs.remove(span));
        }
    }
}

/// In units of 100 ns.
fn units(span: MediaDuration) -> i128 {
    (i128::from(span.flicks()) * 10_000_000).div_euclid(FLICKS_PER_SECOND.into())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        archive::rig::ladder,
        media::{Pack, Span},
        time::{MediaTime, Utc},
    };

    pub(in crate::package::smooth) fn presentation() -> Arc<Presentation> {
        Arc::new(Presentation::new(ladder(), Utc::UNIX_EPOCH))
    }

    pub(in crate::package::smooth) fn segment(presentation: &Presentation, sequence: u64, millis: i64) -> Segment {
        let start = MediaTime::ZERO.plus(MediaDuration::from_secs(2).times(sequence as i64));
        let duration = MediaDuration::from_millis(millis);
        let span = |scale| Span { start: start.ticks(scale) as u64, duration: duration.ticks(scale) as u32, bytes: 9 };
        let spans = presentation.tracks.iter().map(|track| span(track.timescale)).collect();
        Segment { sequence, start, duration, is_discontinuous: false, spans, cues: [].into(), pack: Pack::default() }
    }

    pub(in crate::package::smooth) fn text(
        manifest: &Manifest,
        version: Version,
        ends: (&Segment, &Segment),
    ) -> String {
        String::from_utf8(manifest.render(version, ends).unwrap().to_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_live_manifest_ends_two_fragments_before_the_edge_a20_1() {
        let presentation = presentation();
        let mut manifest = Manifest::new(Arc::clone(&presentation), Some(MediaDuration::from_secs(300)));
        let all: Vec<Segment> = (0..6).map(|n| segment(&presentation, n, 2000)).collect();
        all.iter().take(2).for_each(|segment| manifest.append(segment));
        assert_eq!(manifest.render(Version::V22, (&all[0], &all[1])), None, "nothing to list yet");
        all.iter().skip(2).for_each(|segment| manifest.append(segment));
        manifest.remove(&all[0]);
        let live = text(&manifest, Version::V22, (&all[1], &all[5]));
        let head = "<SmoothStreamingMedia MajorVersion=\"2\" MinorVersion=\"2\" TimeScale=\"10000000\" Duration=\"0\" \
                    IsLive=\"TRUE\" LookAheadFragmentCount=\"2\" DVRWindowLength=\"3000000000\" CanSeek=\"TRUE\" \
                    CanPause=\"TRUE\">";
        assert!(live.contains(head), "{live}");
        assert!(live.contains(" Chunks=\"3\""), "{live}");
        assert!(live.contains("<c t=\"180000\" d=\"180000\" r=\"3\"/></StreamIndex>"), "{live}");
        let single = "<c t=\"180000\" d=\"180000\"/><c d=\"180000\"/><c d=\"180000\"/></StreamIndex>";
        let old = text(&manifest, Version::V20, (&all[1], &all[5]));
        assert!(old.contains(single) && old.contains("MinorVersion=\"0\""), "{old}");
        manifest.end();
        let ended = text(&manifest, Version::V22, (&all[1], &all[5]));
        assert!(ended.contains("Duration=\"100000000\">") && ended.contains(" r=\"5\"/>"), "{ended}");
        assert!(!ended.contains("IsLive"), "{ended}");
    }

    #[test]
    fn streams_have_their_set_up_and_the_urls_of_a20_12() {
        let presentation = presentation();
        let mut manifest = Manifest::new(Arc::clone(&presentation), None);
        let only = segment(&presentation, 0, 2000);
        manifest.append(&only);
        manifest.end();
        let text = text(&manifest, Version::V22, (&only, &only));
        let TrackFormat::H264(_, sets) = &presentation.tracks[0].format else { panic!() };
        let sps: String = sets.sps[0].iter().map(|byte| format!("{byte:02X}")).collect();
        assert!(text.contains(&format!("CodecPrivateData=\"00000001{sps}00000001")), "{text}");
        assert!(text.contains("Url=\"QualityLevels({bitrate})/Fragments(video={start time})\""), "{text}");
        assert!(text.contains("FourCC=\"AACL\" AudioTag=\"255\""), "{text}");
    }

    #[test]
    fn a_presentation_of_one_kind_only_has_no_manifest_a20_14() {
        let mut tracks = ladder();
        tracks.retain(|track| track.format.is_video());
        let presentation = Arc::new(Presentation::new(tracks, Utc::UNIX_EPOCH));
        let mut manifest = Manifest::new(Arc::clone(&presentation), None);
        let only = segment(&presentation, 0, 2000);
        manifest.append(&only);
        manifest.end();
        assert_eq!(manifest.render(Version::V22, (&only, &only)), None);
    }
}
