//! Follows a rig's assets as players do: after every update every playlist of every format is fetched and checked by itself,
//! beside its predecessor, and with all that its multivariant playlist leads to, the sizes of real segments included.
//!
//! A scenario calls [`assert_playlists`] when it is over; one whose window moves calls [`Follower::catch_up`] while it runs, as
//! segments that left the window long ago are gone.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;

use headend::{
    archive::{AssetName, TimelineChange, TimelineUpdate},
    media::{Presentation, TrackFormat, TrackSpec},
    origin::{Origin, OriginConfig, Reply, Request},
    time::Now,
};

use crate::{
    list::{self, Complaint, Facts, Set, lines::Document, media::Media},
    rig::Rig,
};

/// The multivariant playlists of each format.
pub const FORMATS: [&str; 3] = ["m3u8-cmaf", "m3u8-aapl", "m3u8-aapl-v3"];

/// What all playlists of a rig are checked by, update by update.
pub struct Follower {
    origin: Origin,
    now: Now,
    /// Updates that it has seen.
    seen: usize,
    assets: BTreeMap<AssetName, Asset>,
    /// Playlists that were checked.
    pub checked: usize,
    /// What was wrong, each rule once for a playlist.
    pub complaints: BTreeMap<(String, &'static str), Complaint>,
}

/// What is known of an asset.
struct Asset {
    locator: String,
    presentation: std::sync::Arc<Presentation>,
    /// By URL.
    before: BTreeMap<String, Vec<u8>>,
    sizes: BTreeMap<String, u64>,
}

impl Follower {
    pub fn new(now: Now) -> Self {
        let (assets, complaints) = (BTreeMap::new(), BTreeMap::new());
        let origin = Origin::new(OriginConfig::default());
        Self { origin, now, seen: 0, assets, checked: 0, complaints }
    }

    /// Looks at every playlist after every update that came since the last call.
    pub fn catch_up(&mut self, rig: &Rig) {
        for update in &rig.updates[self.seen..] {
            self.open(update);
            self.origin.apply(update).unwrap();
            self.look(&update.asset, rig);
        }
        self.seen = rig.updates.len();
    }

    /// Panics where anything was wrong.
    pub fn assert_clean(&self) {
        let told: String = self
            .complaints
            .iter()
            .map(|((url, _), one)| format!("{url}\n  {}", list::told(std::slice::from_ref(one))))
            .collect();
        assert!(told.is_empty(), "{told}");
    }

    /// Segments whose URL has this in it and that were there when they were asked for.
    pub fn fetched(&self, part: &str) -> usize {
        let sizes = self.assets.values().flat_map(|asset| &asset.sizes);
        sizes.filter(|(url, size)| url.contains(part) && **size > 0).count()
    }

    fn open(&mut self, update: &TimelineUpdate) {
        if let TimelineChange::Opened { presentation, .. } = &update.change {
            let locator = format!("locator-{}", self.assets.len());
            self.origin.publish(&locator, &update.asset, "ch1").unwrap();
            let (before, sizes) = (BTreeMap::new(), BTreeMap::new());
            let asset = Asset { locator, presentation: presentation.clone(), before, sizes };
            self.assets.insert(update.asset.clone(), asset);
        }
    }

    fn look(&mut self, name: &AssetName, rig: &Rig) {
        for format in FORMATS {
            let url = format!("Manifest(format={format})");
            // There is none before its first segment.
            let Some(multivariant) = self.get(name, &url, rig) else { continue };
            self.note(&url, list::check(&multivariant));
            let mut set = Set::new(&multivariant);
            let uris: Vec<String> = set.uris().into_iter().map(String::from).collect();
            for uri in uris {
                let playlist = self.get(name, &uri, rig).unwrap_or_else(|| panic!("{uri} is listed and not there"));
                self.note(&uri, list::check(&playlist));
                let facts = self.facts(name, &uri, &playlist, rig);
                set.add(&uri, &playlist, Some(facts));
                if is_parted(&playlist) {
                    let update = self.ask(name, &uri, Some("_HLS_skip=YES"), rig).expect("it is there");
                    self.note(&uri, list::check(&update));
                }
                self.compare(name, uri, playlist);
            }
            let complaints = list::check_set(&set).into_iter().filter(|one| !is_known(one, format));
            self.note(&url, complaints.collect());
        }
    }

    /// Checks a playlist beside what it was.
    fn compare(&mut self, name: &AssetName, uri: String, playlist: Vec<u8>) {
        let before = self.assets.get_mut(name).unwrap().before.insert(uri.clone(), playlist.clone());
        if let Some(before) = before {
            self.note(&uri, list::check_reload(&before, &playlist));
        }
    }

    fn note(&mut self, url: &str, complaints: Vec<Complaint>) {
        self.checked += 1;
        for one in complaints {
            self.complaints.entry((url.into(), one.rule)).or_insert(one);
        }
    }

    /// What is measured of a playlist: its segments as they are sent, and what its tracks are.
    fn facts(&mut self, name: &AssetName, uri: &str, playlist: &[u8], rig: &Rig) -> Facts {
        let folder = uri.split_once('/').unwrap().0;
        let segments = Media::read(&Document::read(playlist)).segments;
        let urls = segments.iter().map(|segment| (format!("{folder}/{}", segment.uri), segment.is_gap));
        let mut bytes = Vec::new();
        for (url, is_gap) in urls.collect::<Vec<_>>() {
            let known = self.assets[name].sizes.get(&url).copied();
            let size = known.unwrap_or_else(|| {
                if is_gap { 0 } else { self.get(name, &url, rig).map_or(0, |media| media.len() as u64) }
            });
            self.assets.get_mut(name).unwrap().sizes.insert(url, size);
            bytes.push(size);
        }
        let tracks = tracks(&self.assets[name].presentation, uri);
        let size =
            tracks.iter().find_map(|track| track.format.video()).map(|video| (video.width.into(), video.height.into()));
        Facts { bytes, codecs: tracks.iter().filter_map(|track| codec(track)).collect(), size }
    }

    fn get(&self, name: &AssetName, rest: &str, rig: &Rig) -> Option<Vec<u8>> {
        self.ask(name, rest, None, rig)
    }

    fn ask(&self, name: &AssetName, rest: &str, query: Option<&str>, rig: &Rig) -> Option<Vec<u8>> {
        let path = format!("/{}/ch1.ism/{rest}", self.assets[name].locator);
        let response = match self.origin.handle(&Request { query, ..Request::get(&path) }, self.now) {
            Reply::Response(response) => response,
            Reply::Need(need) => {
                let objects = need.names().iter().map(|name| rig.store.get(name.as_str()).cloned()).collect::<Vec<_>>();
                need.fulfil(objects)
            }
            _ => return None,
        };
        (response.status == 200).then(|| response.body.to_bytes().to_vec())
    }
}

/// Whether it shows the parts of its live edge.
fn is_parted(playlist: &[u8]) -> bool {
    std::str::from_utf8(playlist).is_ok_and(|text| text.contains("\n#EXT-X-PART-INF:"))
}

/// The mean of versions 3 and 4 is an estimate by pictures that fill half a packet more than whole ones: a toy picture of few bytes
/// fills less.
fn is_known(one: &Complaint, format: &str) -> bool {
    one.rule == "set.average-bandwidth" && format != "m3u8-cmaf"
}

/// Follows a rig that is done, and panics where anything was wrong; the playlists that were checked.
pub fn assert_playlists(rig: &Rig) -> usize {
    let mut follower = Follower::new(rig.now);
    follower.catch_up(rig);
    follower.assert_clean();
    follower.checked
}

/// The tracks in the segments of a playlist, by its URI: `QualityLevels(…,audiotrack=…)/Manifest(track,…`.
fn tracks<'a>(presentation: &'a Presentation, uri: &str) -> Vec<&'a TrackSpec> {
    let (folder, rest) = uri.split_once('/').unwrap();
    let (level, sound) = folder.split_once(",audiotrack=").unwrap_or((folder, ""));
    let bitrate = level.trim_start_matches("QualityLevels(").trim_end_matches(')');
    let name = rest.trim_start_matches("Manifest(").split(',').next().unwrap();
    let is_in = |track: &&TrackSpec| {
        track.url_track == name && track.bitrate.to_string() == bitrate
            || track.url_track == sound.trim_end_matches(')')
    };
    presentation.tracks.iter().filter(is_in).collect()
}

/// RFC 6381, of what the rig's codecs make.
fn codec(track: &TrackSpec) -> Option<String> {
    match &track.format {
        TrackFormat::H264(_, config) => {
            let sps = config.sps.first()?;
            Some(format!("avc1.{:02x}{:02x}{:02x}", sps[1], sps[2], sps[3]))
        }
        TrackFormat::Aac(_, config) => Some(format!("mp4a.40.{}", config.asc.first()? >> 3)),
        _ => None,
    }
}
