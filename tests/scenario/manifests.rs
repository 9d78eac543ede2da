//! What players see while a channel runs: every HLS playlist and the MPD after every change (FAULTS I3 and I4).

use std::collections::BTreeMap;

use headend::{
    archive::{AssetName, TimelineChange, TimelineUpdate},
    media::Presentation,
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Now},
};

use crate::rig::Rig;

/// A segment as a playlist lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub seconds: f64,
    pub uri: String,
    pub is_discontinuous: bool,
    pub is_gap: bool,
}

/// A media playlist.
#[derive(Clone, Debug)]
pub struct Playlist {
    pub target: u64,
    pub sequence: u64,
    pub discontinuity_sequence: u64,
    pub entries: Vec<Entry>,
}

/// Manifests of one asset at one moment.
#[derive(Debug)]
pub struct Manifests {
    /// In the order of the tracks.
    pub playlists: Vec<Playlist>,
    /// `t` and `d` of each segment, for each adaptation set.
    pub sets: Vec<Vec<(u64, u64)>>,
    /// Seconds.
    pub longest: f64,
    /// What the MPD's times count from, in nanoseconds.
    pub available: i64,
    /// The MPD's period.
    pub period: String,
    pub publish_time: Option<String>,
}

/// An origin that a rig's updates are told to, one by one.
pub struct Viewer {
    origin: Origin,
    now: Now,
}

impl Viewer {
    pub fn new(asset: &AssetName, now: Now) -> Self {
        let mut origin = Origin::new(OriginConfig::default());
        origin.publish("loc", asset, "ch1").unwrap();
        Self { origin, now }
    }

    pub fn apply(&mut self, update: &TimelineUpdate) {
        self.origin.apply(update).unwrap();
    }

    pub fn text(&self, rest: &str) -> String {
        let Reply::Response(response) = self.origin.handle(&Request::get(&format!("/loc/ch1.ism/{rest}")), self.now)
        else {
            panic!("{rest}")
        };
        assert_eq!(response.status, 200, "{rest}");
        String::from_utf8(response.body.to_bytes().to_vec()).unwrap()
    }

    pub fn look(&self, presentation: &Presentation) -> Manifests {
        let uri = |n: usize| {
            let track = &presentation.tracks[n];
            format!("QualityLevels({})/Manifest({},format=m3u8-cmaf)", track.bitrate, track.url_track)
        };
        let playlists = (0..presentation.tracks.len()).map(|n| playlist(&self.text(&uri(n)))).collect();
        let mpd = dash_mpd::parse(&self.text("Manifest(format=mpd-time-cmaf)")).unwrap();
        let is_of_key_frames = |set: &&dash_mpd::AdaptationSet| !set.essential_property.is_empty();
        let sets = mpd.periods[0].adaptations.iter().filter(|set| !is_of_key_frames(set)).map(|set| {
            let template = set.SegmentTemplate.as_ref().unwrap();
            let mut at = 0;
            let runs = template.SegmentTimeline.as_ref().unwrap().segments.iter().flat_map(|run| {
                let from = run.t.unwrap_or(at);
                at = from + run.d * (run.r.unwrap_or(0) as u64 + 1);
                (0..=run.r.unwrap_or(0) as u64).map(move |n| (from + n * run.d, run.d))
            });
            runs.collect()
        });
        Manifests {
            playlists,
            sets: sets.collect(),
            longest: mpd.maxSegmentDuration.unwrap().as_secs_f64(),
            available: mpd.availabilityStartTime.unwrap().timestamp_nanos_opt().unwrap(),
            period: format!("{:?} {:?}", mpd.periods[0].id, mpd.periods[0].start),
            publish_time: mpd.publishTime.map(|at| at.to_string()),
        }
    }
}

fn playlist(text: &str) -> Playlist {
    let number = |tag: &str| text.lines().find_map(|line| line.strip_prefix(tag)?.parse().ok());
    let mut entries = Vec::new();
    let (mut seconds, mut is_discontinuous, mut is_gap) = (0.0, false, false);
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("#EXTINF:") {
            seconds = rest.trim_end_matches(',').parse().unwrap();
        } else if line == "#EXT-X-DISCONTINUITY" {
            is_discontinuous = true;
        } else if line == "#EXT-X-GAP" {
            is_gap = true;
        } else if !line.starts_with('#') && !line.is_empty() {
            entries.push(Entry { seconds, uri: line.into(), is_discontinuous, is_gap });
            (is_discontinuous, is_gap) = (false, false);
        }
    }
    Playlist {
        target: number("#EXT-X-TARGETDURATION:").unwrap(),
        sequence: number("#EXT-X-MEDIA-SEQUENCE:").unwrap(),
        discontinuity_sequence: number("#EXT-X-DISCONTINUITY-SEQUENCE:").unwrap_or(0),
        entries,
    }
}

/// Plays every update of every asset to an origin and looks at all manifests after each; the last of each asset.
pub fn assert_manifests(rig: &Rig) -> Vec<Manifests> {
    let mut assets: BTreeMap<String, Vec<&TimelineUpdate>> = BTreeMap::new();
    for update in &rig.updates {
        assets.entry(update.asset.to_string()).or_default().push(update);
    }
    assets.into_values().filter_map(|updates| follow(&updates, rig.now)).collect()
}

fn follow(updates: &[&TimelineUpdate], now: Now) -> Option<Manifests> {
    let mut viewer = Viewer::new(&updates[0].asset, now);
    let TimelineChange::Opened { presentation, .. } = &updates[0].change else { panic!("{:?}", updates[0]) };
    let mut before: Option<Manifests> = None;
    let mut all: BTreeMap<(usize, u64), Entry> = BTreeMap::new();
    let (mut began, mut drift) = (None, MediaDuration::ZERO);
    for update in updates {
        viewer.apply(update);
        let began = match &update.change {
            TimelineChange::Drifted(by) => {
                drift = *by;
                continue;
            }
            TimelineChange::Added(segment) => {
                // In whole seconds, as dash.js counts.
                let flicks = segment.start.flicks();
                let second = MediaTime::from_flicks(flicks - flicks.rem_euclid(705_600_000));
                *began.get_or_insert(presentation.utc_at(second))
            }
            _ => continue,
        };
        let seen = viewer.look(presentation);
        check_one(&seen, presentation);
        assert_eq!(seen.available, began.plus(drift).unix_nanos(), "it moves with the drift alone");
        for (track, playlist) in seen.playlists.iter().enumerate() {
            for (sequence, entry) in (playlist.sequence..).zip(&playlist.entries) {
                let known = all.entry((track, sequence)).or_insert_with(|| entry.clone());
                assert_eq!(known, entry, "a published segment never changes");
            }
        }
        if let Some(before) = &before {
            check_next(before, &seen);
        }
        before = Some(seen);
    }
    before
}

/// Within one moment: renditions agree, and durations keep what is told of them.
fn check_one(seen: &Manifests, presentation: &Presentation) {
    let [first, ..] = &seen.playlists[..] else { panic!("no playlist") };
    for (track, playlist) in presentation.tracks.iter().zip(&seen.playlists) {
        let marks =
            |playlist: &Playlist| playlist.entries.iter().map(|entry| entry.is_discontinuous).collect::<Vec<_>>();
        assert_eq!((playlist.sequence, playlist.target), (first.sequence, first.target), "{}", track.name);
        assert_eq!(playlist.discontinuity_sequence, first.discontinuity_sequence, "{}", track.name);
        assert_eq!(marks(playlist), marks(first), "discontinuities of {} stand beside those of the others", track.name);
        for (entry, other) in playlist.entries.iter().zip(&first.entries) {
            assert!(entry.seconds.round() as u64 <= playlist.target, "RFC 8216 clause 4.3.3.1: {entry:?}");
            assert!(entry.seconds > 0.0 || !track.format.is_video(), "{entry:?}");
            // All video renditions are cut at the same instants.
            assert!(!track.format.is_video() || (entry.seconds - other.seconds).abs() < 0.001, "{entry:?} {other:?}");
        }
    }
    for set in &seen.sets {
        assert!(set.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "segments do not overlap: {set:?}");
    }
    // The video set: as long as is told, contiguous but at a discontinuity, and the same segments as in HLS.
    let scale = f64::from(presentation.tracks[0].timescale.per_second());
    let set = &seen.sets[0];
    assert_eq!(set.len(), first.entries.len());
    for (n, ((start, length), entry)) in set.iter().zip(&first.entries).enumerate() {
        let seconds = *length as f64 / scale;
        // maxSegmentDuration is told in whole frames; half a second is what HLS lets a segment be longer.
        assert!(seconds < seen.longest + 0.5, "{seconds} of {}", seen.longest);
        assert!((seconds - entry.seconds).abs() < 0.001);
        assert!(entry.uri.contains(&format!("={start},")), "{} is not {start}", entry.uri);
        let is_contiguous = n == 0 || set[n - 1].0 + set[n - 1].1 == *start;
        assert!(n == 0 || is_contiguous != entry.is_discontinuous, "a gap is told in both formats: {n} of {set:?}");
    }
}

/// From one moment to the next (I4).
fn check_next(before: &Manifests, after: &Manifests) {
    assert_eq!((before.longest, &before.period), (after.longest, &after.period));
    assert!((after.available - before.available).abs() <= 250_000_000, "in slow steps");
    assert!(before.publish_time <= after.publish_time);
    for (before, after) in before.playlists.iter().zip(&after.playlists) {
        assert_eq!(before.target, after.target, "TARGETDURATION is constant");
        assert!(before.sequence <= after.sequence && before.discontinuity_sequence <= after.discontinuity_sequence);
        let ends = [before, after].map(|playlist| playlist.sequence + playlist.entries.len() as u64);
        assert_eq!(ends[0] + 1, ends[1], "one segment more");
    }
}
