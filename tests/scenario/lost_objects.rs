//! A store that refuses everything for five seconds, is slow, is full, or writes half of what it is given: the channel goes on, and
//! manifests show a gap for what is lost and for nothing else, also after a restart (FAULTS row 59).

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use headend::{
    archive::{AssetName, ObjectName, Recovered, TimelineChange},
    channel::{ChannelConfig, Event, ProgramConfig, Standby},
    media::Body,
    origin::{Origin, OriginConfig, Reply, Request},
    time::MediaDuration,
};

use crate::{
    list,
    manifests::Viewer,
    rig::{Rig, small_config, toy_codecs::ToyCodecs},
};

/// What the disk does at a time.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Good,
    /// Every write fails.
    Refuses,
    /// It takes a write each second.
    Slow,
    /// Every write fails after half of it.
    Partial,
}

/// A host's store: what waits is in memory, each write is tried three times, and at most so many objects wait.
struct Host {
    rig: Rig,
    mood: Mood,
    /// Objects that it has room for.
    room: usize,
    waiting: VecDeque<(ObjectName, u32)>,
    seen: BTreeSet<String>,
    disk: BTreeMap<String, Body>,
    lost: BTreeSet<String>,
    viewer: Viewer,
    told: usize,
}

const WAITING: usize = 24;
const TRIES: u32 = 3;
/// A turn of the store.
const TURN: Duration = Duration::from_millis(500);

fn asset() -> AssetName {
    AssetName::new("asset").unwrap()
}

impl Host {
    fn begin() -> Self {
        let mut rig = Rig::new(ChannelConfig { standby: Standby::TestSource, ..small_config() }, ToyCodecs::shared());
        rig.start();
        let window = Some(MediaDuration::from_secs(300));
        rig.channel.run_program(ProgramConfig { window, ..ProgramConfig::new(asset()) }).unwrap();
        rig.drain();
        let viewer = Viewer::new(&asset(), rig.now);
        let (seen, disk, lost) = Default::default();
        let (mood, room, waiting) = (Mood::Good, usize::MAX, VecDeque::new());
        Self { rig, mood, room, waiting, seen, disk, lost, viewer, told: 0 }
    }

    fn pass(&mut self, seconds: u32, mood: Mood) {
        self.mood = mood;
        for turn in 0..2 * seconds {
            self.rig.pass(TURN);
            self.take_new();
            let most = match self.mood {
                Mood::Slow => usize::from(turn % 2 == 0),
                _ => self.waiting.len(),
            };
            let mut given_up = self.write(most);
            while self.waiting.len() > WAITING {
                given_up.extend(self.waiting.pop_front().map(|(name, _)| name));
            }
            self.give_up(&given_up);
            for update in &self.rig.updates[self.told..] {
                self.viewer.apply(update);
            }
            self.told = self.rig.updates.len();
        }
    }

    /// What the channel made since the last turn.
    fn take_new(&mut self) {
        let presentation = self.rig.presentation();
        for segment in self.rig.segments() {
            for (track, span) in presentation.tracks.iter().zip(segment.spans.iter()) {
                let name = ObjectName::fragment(&asset(), track, span.start);
                if self.rig.store.contains_key(name.as_str()) && self.seen.insert(name.as_str().into()) {
                    self.waiting.push_back((name, 0));
                }
            }
        }
    }

    /// Tries so many writes; what was tried often enough.
    fn write(&mut self, most: usize) -> Vec<ObjectName> {
        let mut given_up = Vec::new();
        for _ in 0..most {
            let Some((name, tries)) = self.waiting.pop_front() else { break };
            let body = self.rig.store[name.as_str()].clone();
            let is_written = matches!(self.mood, Mood::Good | Mood::Slow) && self.disk.len() < self.room;
            if is_written {
                self.disk.insert(name.as_str().into(), body);
            } else {
                if self.mood == Mood::Partial {
                    self.disk.insert(name.as_str().into(), body.slice(0..body.len() / 2));
                }
                match tries + 1 {
                    TRIES => given_up.push(name),
                    tries => self.waiting.push_back((name, tries)),
                }
            }
        }
        given_up
    }

    /// The memory is given back, too, and half an object is none.
    fn give_up(&mut self, names: &[ObjectName]) {
        for name in names {
            self.rig.store.remove(name.as_str());
            self.disk.remove(name.as_str());
            self.lost.insert(name.as_str().into());
        }
        if !names.is_empty() {
            assert_eq!(self.rig.channel.lose_objects(names), names.len());
            self.rig.drain();
        }
    }

    /// The fragments for which playlists show a gap; all others are there, whole.
    fn gaps(&self, viewer: &Viewer, store: impl Fn(&str) -> Option<usize>) -> BTreeSet<String> {
        let presentation = self.rig.presentation();
        let mut gaps = BTreeSet::new();
        for (track, playlist) in presentation.tracks.iter().zip(viewer.look(&presentation).playlists) {
            for entry in playlist.entries {
                let ticks = entry.uri.split(['=', ',']).nth(1).unwrap().parse().unwrap();
                let name = ObjectName::fragment(&asset(), track, ticks);
                let is_there = store(name.as_str()).is_some_and(|len| len > 0);
                assert_eq!(is_there, !entry.is_gap, "{name}");
                if entry.is_gap {
                    gaps.insert(name.as_str().into());
                }
            }
            let uri = format!("QualityLevels({})/Manifest({},format=m3u8-cmaf)", track.bitrate, track.url_track);
            let complaints = list::check(viewer.text(&uri).as_bytes());
            assert!(complaints.is_empty(), "{}", list::told(&complaints));
        }
        gaps
    }

    /// The channel never noticed, and players see a gap for each fragment that is nowhere and for no other.
    fn check(&self) {
        let segments = self.rig.segments();
        assert!(segments.windows(2).all(|pair| pair[0].end() == pair[1].start && !pair[1].is_discontinuous));
        let (made, passed) = (segments.len() as u64 * 2, (self.rig.now.monotonic - Duration::from_secs(100)).as_secs());
        assert!(made + 4 >= passed, "{made} seconds of {passed}");
        let faults = self.rig.events.iter().find(|(_, event)| matches!(event, Event::Fault { .. }));
        assert_eq!(faults, None);
        assert_eq!(self.gaps(&self.viewer, |name| self.rig.store.get(name).map(Body::len)), self.lost);
    }

    /// Another process opens what is on the disk: the index, as far as it was written, and the fragments.
    fn restart(&self) -> (Recovered, BTreeSet<String>) {
        let page = |(name, page): (&String, &Body)| {
            Some((ObjectName::page_number(name.strip_prefix("asset/index/")?)?, page.to_bytes()))
        };
        let pages: Vec<(u64, Bytes)> = self.rig.store.iter().filter_map(page).collect();
        let mut recovered = Recovered::open(&asset(), &pages).unwrap();
        // What waited when the process ended is looked for and not found.
        let is_fragment = |name: &ObjectName| name.as_str().ends_with(".m4s");
        let absent: Vec<ObjectName> =
            recovered.objects().filter(|name| is_fragment(name) && !self.disk.contains_key(name.as_str())).collect();
        assert_eq!(recovered.lose(&absent), absent.len());
        let mut viewer = Viewer::new(&asset(), self.rig.now);
        recovered.updates().for_each(|update| viewer.apply(&update));
        let gaps = self.gaps(&viewer, |name| self.disk.get(name).map(Body::len));
        (recovered, gaps)
    }
}

#[test]
fn row_59_a_disk_that_refuses_writes_for_five_seconds_loses_those_and_no_others() {
    let mut host = Host::begin();
    host.pass(20, Mood::Good);
    host.check();
    host.pass(5, Mood::Refuses);
    host.pass(20, Mood::Good);
    host.check();
    // Two segments or three of three renditions came in that time, and some of them were tried a third time when it was over.
    assert!((3..=9).contains(&host.lost.len()), "{:?}", host.lost);
    let updates = host.rig.updates.iter();
    let told = updates.filter(|update| matches!(update.change, TimelineChange::Lost(_))).count();
    assert!(told <= 3, "what is lost together is told together: {told}");
    // The other formats list what they listed, and whoever asks for what is not there is told so.
    let (recovered, gaps) = host.restart();
    assert_eq!(gaps, host.lost);
    assert_eq!(recovered.timeline().lost(), host.lost.len() as u64);
    assert_refused(&recovered, &host);
}

/// An origin of another process says 404 of everything that is lost.
fn assert_refused(recovered: &Recovered, host: &Host) {
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("loc", &asset(), "ch1").unwrap();
    recovered.updates().for_each(|update| origin.apply(&update).unwrap());
    let presentation = Arc::clone(recovered.timeline().presentation());
    for track in &presentation.tracks {
        let names = host.lost.iter().filter_map(|name| name.strip_prefix(&format!("asset/{}/", track.name)));
        for ticks in names.map(|file| file.trim_end_matches(".m4s")) {
            let path = format!(
                "/loc/ch1.ism/QualityLevels({})/Fragments({}={ticks},format=mpd-time-cmaf)",
                track.bitrate, track.url_track
            );
            let Reply::Response(response) = origin.handle(&Request::get(&path), host.rig.now) else { panic!("{path}") };
            assert_eq!(response.status, 404, "{path}");
        }
    }
}

#[test]
fn row_59_a_disk_that_is_slow_for_five_seconds_loses_nothing() {
    let mut host = Host::begin();
    host.pass(20, Mood::Good);
    host.pass(5, Mood::Slow);
    host.pass(10, Mood::Good);
    host.check();
    assert!(host.lost.is_empty() && host.waiting.is_empty());
    // One that stays slow loses the oldest of what waits, so that what waits is bounded.
    host.pass(90, Mood::Slow);
    host.check();
    assert!(host.lost.len() > 10 && host.waiting.len() <= WAITING, "{}", host.lost.len());
    // What waits is lost with the process.
    let (_, gaps) = host.restart();
    let waiting = host.waiting.iter().map(|(name, _)| name.as_str().to_owned());
    assert_eq!(gaps, host.lost.iter().cloned().chain(waiting).collect());
}

#[test]
fn row_59_a_disk_that_is_full_loses_everything_until_there_is_room() {
    let mut host = Host::begin();
    host.pass(20, Mood::Good);
    host.room = host.disk.len();
    host.pass(20, Mood::Good);
    host.check();
    let full = host.lost.len();
    assert!(full >= 3 * 8, "{full}");
    host.room = usize::MAX;
    host.pass(20, Mood::Good);
    host.check();
    assert!(host.lost.len() <= full + 3 * 2, "what was tried often enough is lost, and nothing behind it");
    let (_, gaps) = host.restart();
    assert_eq!(gaps, host.lost);
}

#[test]
fn row_59_half_a_fragment_is_written_again_or_is_none() {
    let mut host = Host::begin();
    host.pass(20, Mood::Good);
    // Once: tried again, and whole.
    host.pass(1, Mood::Partial);
    host.pass(10, Mood::Good);
    host.check();
    assert!(host.lost.is_empty(), "{:?}", host.lost);
    assert!(host.disk.iter().all(|(name, body)| host.rig.store.get(name).is_none_or(|whole| whole == body)));
    host.pass(5, Mood::Partial);
    host.pass(10, Mood::Good);
    host.check();
    assert!(!host.lost.is_empty());
    let (_, gaps) = host.restart();
    assert_eq!(gaps, host.lost);
}
