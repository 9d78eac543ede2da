//! The host is killed while it writes, again and again (FAULTS rows 59 and 60): the asset opens, nothing that was whole is lost, and
//! the channel goes on in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use headend::{
    archive::{Append, AssetName, IndexErrorKind, Object, ObjectName, Recovered, TimelineChange, TimelineUpdate},
    channel::{AdBreak, Channel, ChannelConfig, ChannelState, Event, Input, Output, ProgramConfig, Standby},
    error::Fault,
    media::{CueFormats, CueTags, Presentation},
    time::{MediaDuration, Now, Utc},
};

use crate::{
    manifests::{Entry, Viewer},
    rig::{NOON, script::Random, small_config, toy_codecs::ToyCodecs},
};

/// Objects by name, on a disk that dies after so many bytes.
#[derive(Default)]
struct Disk {
    objects: BTreeMap<String, Vec<u8>>,
    left: usize,
    is_dead: bool,
    /// Or in the append behind so many, after so many of its bytes.
    tear: Option<(usize, usize)>,
}

impl Disk {
    /// Cuts an object to `at` bytes and adds `bytes`, or as many as it still can; nothing once it is dead.
    fn write(&mut self, name: &ObjectName, at: usize, bytes: &[u8]) {
        let written = bytes.len().min(self.left);
        if !self.is_dead {
            let object = self.objects.entry(name.as_str().into()).or_default();
            object.truncate(at);
            assert_eq!(object.len(), at, "{name} grows without a gap");
            object.extend_from_slice(&bytes[..written]);
        }
        self.left -= written;
        self.is_dead |= written < bytes.len();
    }

    fn store(&mut self, object: &Object) {
        self.write(&object.name, 0, &object.body.to_bytes());
    }

    fn append(&mut self, append: &Append) {
        match &mut self.tear {
            Some((0, after)) => self.left = self.left.min(*after % append.bytes.len()),
            Some((appends, _)) => *appends -= 1,
            None => {}
        }
        self.write(&append.name, append.at as usize, &append.bytes);
    }

    fn discard(&mut self, name: &ObjectName) {
        self.is_dead |= self.left == 0;
        if !self.is_dead {
            self.left -= 1;
            self.objects.remove(name.as_str());
        }
    }

    fn pages(&self, asset: &AssetName) -> Vec<(u64, Bytes)> {
        let folder = format!("{asset}/index/");
        let pages = self.objects.iter().filter_map(|(name, page)| {
            Some((ObjectName::page_number(name.strip_prefix(&folder)?)?, Bytes::copy_from_slice(page)))
        });
        pages.collect()
    }
}

/// One life of the host's process.
struct Life {
    channel: Channel,
    now: Now,
    disk: Disk,
    /// What players see.
    viewer: Viewer,
    told: Vec<TimelineUpdate>,
    events: Vec<Event>,
}

impl Life {
    /// A channel on air, `seconds` after noon.
    fn begin(disk: Disk, at: Duration) -> Self {
        let now = Now::new(at, Utc::from_unix_secs(NOON).plus(MediaDuration::from_std(at)));
        let channel = Channel::new(config(), ToyCodecs::shared()).unwrap();
        let viewer = Viewer::new(&asset(), now);
        let mut life = Self { channel, now, disk, viewer, told: Vec::new(), events: Vec::new() };
        life.channel.start(now).unwrap();
        life.drain();
        assert_eq!(life.channel.state(), ChannelState::Running);
        life
    }

    /// Does what the channel asks for, until the disk is dead.
    fn drain(&mut self) {
        while !self.disk.is_dead
            && let Some(output) = self.channel.poll_output()
        {
            match output {
                Output::Work(work) => self.channel.handle_input(Input::Done(work.run()), self.now).unwrap(),
                Output::Store(object) => self.disk.store(&object),
                Output::Append(append) => self.disk.append(&append),
                Output::Discard(name) => self.disk.discard(&name),
                Output::Timeline(update) => {
                    self.viewer.apply(&update);
                    self.told.push(update);
                }
                Output::Event(event) => self.events.push(event),
                _ => {}
            }
        }
    }

    /// Lets time pass until the disk is dead, or for `span` at most.
    fn pass(&mut self, span: Duration) {
        let end = self.now.monotonic + span;
        while let Some(at) = self.channel.poll_timeout().filter(|at| *at <= end && !self.disk.is_dead) {
            let at = at.max(self.now.monotonic);
            let utc = self.now.utc.plus(MediaDuration::from_std(at - self.now.monotonic));
            self.now = Now::new(at, utc);
            self.channel.handle_timeout(self.now);
            self.drain();
        }
    }

    fn program() -> ProgramConfig {
        ProgramConfig { window: Some(ProgramConfig::SHORTEST_WINDOW), ..ProgramConfig::new(asset()) }
    }

    fn last_told(&self) -> Option<u64> {
        self.told.iter().rev().find_map(|update| match &update.change {
            TimelineChange::Added(segment) => Some(segment.sequence),
            _ => None,
        })
    }

    fn faults(&self) -> Vec<&Fault> {
        let faults = self.events.iter().filter_map(|event| match event {
            Event::Fault { fault, .. } => Some(fault),
            _ => None,
        });
        faults.collect()
    }
}

fn asset() -> AssetName {
    AssetName::new("asset").unwrap()
}

fn config() -> ChannelConfig {
    let mut config = small_config();
    config.standby = Standby::TestSource;
    config.epoch = Utc::from_unix_secs(NOON - 1000);
    config.cue_formats = CueFormats { periods: true, cue_tags: CueTags::CueOut, ..CueFormats::default() };
    config
}

/// Every manifest of the asset.
fn texts(viewer: &Viewer, presentation: &Presentation) -> Vec<String> {
    let playlists = presentation.tracks.iter().flat_map(|track| {
        ["m3u8-cmaf", "m3u8-aapl", "m3u8-aapl-v3"].map(|format| {
            viewer.text(&format!("QualityLevels({})/Manifest({},format={format})", track.bitrate, track.url_track))
        })
    });
    let whole = ["m3u8-cmaf", "m3u8-aapl", "m3u8-aapl-v3", "mpd-time-cmaf", "mpd-time-csf"];
    playlists.chain(whole.map(|format| viewer.text(&format!("Manifest(format={format})")))).collect()
}

/// What players know of the asset from all lives.
#[derive(Default)]
struct Seen {
    entries: BTreeMap<(usize, u64), Entry>,
    sequences: (u64, u64),
    /// Segments of transport streams, each of several fragments, by their numbers.
    packs: BTreeMap<u64, String>,
    /// First segments of lives.
    joints: BTreeSet<u64>,
}

impl Seen {
    /// Players reload; what they knew stays as it was, and no number goes back.
    fn look(&mut self, viewer: &Viewer, presentation: &Presentation) {
        let manifests = viewer.look(presentation);
        for (track, playlist) in manifests.playlists.iter().enumerate() {
            let (media, discontinuity) = (playlist.sequence, playlist.discontinuity_sequence);
            assert!((media, discontinuity) >= self.sequences && discontinuity >= self.sequences.1, "numbers go back");
            for (sequence, entry) in (media..).zip(&playlist.entries) {
                let known = self.entries.entry((track, sequence)).or_insert_with(|| entry.clone());
                assert_eq!(known, entry, "a published segment never changes");
                assert_eq!(entry.is_discontinuous, self.joints.contains(&sequence), "one for each joint: {sequence}");
            }
            let gone = self.joints.range(..media).count() as u64;
            assert_eq!(discontinuity, gone, "those that have left are counted");
            if track + 1 == manifests.playlists.len() {
                self.sequences = (media, discontinuity);
            }
        }
        self.look_at_packs(viewer, presentation);
    }

    fn look_at_packs(&mut self, viewer: &Viewer, presentation: &Presentation) {
        let bitrate = presentation.tracks[0].bitrate;
        let text = viewer.text(&format!("QualityLevels({bitrate})/Manifest(video,format=m3u8-aapl)"));
        let Some((_, rest)) = text.split_once("#EXT-X-MEDIA-SEQUENCE:") else { return };
        let first: u64 = rest.lines().next().unwrap().parse().unwrap();
        assert!(self.packs.keys().next().is_none_or(|oldest| *oldest <= first), "numbers go back");
        self.packs.retain(|number, _| *number >= first);
        let mut lines = text.lines();
        for number in first.. {
            let Some(length) = lines.find(|line| line.starts_with("#EXTINF:")) else { break };
            let pack = format!("{length} {}", lines.next().unwrap());
            assert_eq!(*self.packs.entry(number).or_insert_with(|| pack.clone()), pack, "{number}");
        }
    }
}

#[test]
fn row_60_a_host_that_is_killed_200_times_while_it_writes_goes_on_in_its_asset() {
    let mut random = Random(59);
    let (mut disk, mut at, mut seen) = (Disk::default(), Duration::from_secs(1000), Seen::default());
    let (mut empty, mut torn, mut last_told, mut segments): (u32, u32, Option<u64>, u64) = (0, 0, None, 0);
    for kill in 0..200u32 {
        // Some kills come early in a life, most within a few segments.
        // An append is short beside a fragment: every third kill is to hit one.
        disk.tear = (kill % 3 == 1).then(|| (random.below(8), random.below(1000)));
        let most = if kill % 4 == 0 { 3_000 } else { 40_000 };
        disk.left = if disk.tear.is_some() { 400_000 } else { random.below(most) };
        disk.is_dead = false;
        let recovered = Recovered::open(&asset(), &disk.pages(&asset()));
        let mut life = Life::begin(disk, at);
        match &recovered {
            Err(error) => {
                assert!(error.kind == IndexErrorKind::Empty && last_told.is_none(), "{error}");
                empty += 1;
                life.channel.run_program(Life::program()).unwrap();
            }
            Ok(recovered) => {
                torn += u32::from(recovered.torn() > 0);
                check(recovered, &life.disk, last_told);
                recovered.updates().for_each(|update| life.viewer.apply(&update));
                life.channel.resume_program(Life::program(), recovered).unwrap();
                if let Some(last) = recovered.timeline().last() {
                    segments = last.sequence + 1;
                    seen.look(&life.viewer, recovered.timeline().presentation());
                }
            }
        }
        life.drain();
        if kill % 5 == 2 && !life.disk.is_dead {
            life.pass(Duration::from_secs(1));
            let duration = Duration::from_secs(3 + u64::from(kill % 30));
            drop(life.channel.start_ad_break(AdBreak { cue_id: kill + 1, duration, show_slate: None }));
        }
        life.pass(Duration::from_secs(120));
        assert!(life.disk.is_dead && life.faults().is_empty(), "{:?}", life.faults());
        let first = life.told.iter().find_map(|update| match &update.change {
            TimelineChange::Added(segment) => Some(segment),
            _ => None,
        });
        if let (Some(first), Ok(recovered)) = (first, &recovered) {
            assert_eq!(first.sequence, if segments > 0 { segments } else { first.sequence });
            if recovered.timeline().last().is_some() {
                seen.joints.insert(first.sequence);
            }
        }
        if let Some(sequence) = life.last_told() {
            last_told = Some(sequence);
            seen.look(&life.viewer, life.channel.presentation().unwrap());
        }
        // What was written and never told comes into the next life's view as a joint, too.
        if let (None, Ok(recovered)) = (first, &recovered) {
            note_untold(&life.disk, recovered, &mut seen);
        }
        at = life.now.monotonic + Duration::from_secs(1 + random.below(5) as u64);
        disk = life.disk;
    }
    println!(
        "{segments} segments, {torn} torn ends, {empty} kills before there was an asset, {} joints",
        seen.joints.len()
    );
    assert!(segments > 300 && torn > 30 && seen.sequences.1 > 50, "{segments} {torn} {:?}", seen.sequences);
    assert!(seen.entries.keys().map(|(_, sequence)| sequence).collect::<BTreeSet<_>>().len() as u64 + 3 > segments);
}

/// The life added its first segment to the index, and was killed before it could tell of it.
fn note_untold(disk: &Disk, before: &Recovered, seen: &mut Seen) {
    let after = Recovered::open(&asset(), &disk.pages(&asset())).unwrap();
    let ends = [before, &after].map(|recovered| recovered.timeline().last().map(|last| last.sequence));
    if let [Some(before), Some(after)] = ends
        && after > before
    {
        assert_eq!(after, before + 1, "each segment is told before the next");
        seen.joints.insert(after);
    }
}

/// Everything that was told is there, and everything that is listed can be read whole.
fn check(recovered: &Recovered, disk: &Disk, last_told: Option<u64>) {
    let last = recovered.timeline().last().map(|last| last.sequence);
    assert!(last >= last_told, "{last:?} is before {last_told:?}");
    for name in recovered.objects() {
        assert!(disk.objects.contains_key(name.as_str()), "{name} is listed and not stored");
    }
    let tracks = &recovered.timeline().presentation().tracks;
    for segment in recovered.timeline().segments() {
        for (track, span) in tracks.iter().zip(segment.spans.iter()) {
            let name = ObjectName::fragment(recovered.name(), track, span.start);
            assert_eq!(disk.objects[name.as_str()].len(), span.bytes as usize, "{name} is whole");
        }
    }
}

#[test]
fn row_60_what_was_recorded_plays_on_demand_after_a_restart_byte_for_byte_a17_10() {
    let mut life = Life::begin(Disk { left: usize::MAX, ..Disk::default() }, Duration::from_secs(1000));
    let mut program = life.channel.run_program(Life::program()).unwrap();
    let mut at = life.now.monotonic;
    for restart in 0..4u32 {
        for cue in 0..8 {
            life.pass(Duration::from_secs(15));
            let wanted = AdBreak { cue_id: cue + 1, duration: Duration::from_secs(9), show_slate: None };
            life.channel.start_ad_break(wanted).unwrap();
            life.pass(Duration::from_secs(7 + u64::from(cue)));
            let recovered = Recovered::open(&asset(), &life.disk.pages(&asset())).unwrap();
            assert_same(&life, &recovered);
        }
        if restart < 3 {
            let recovered = Recovered::open(&asset(), &life.disk.pages(&asset())).unwrap();
            at = at.max(life.now.monotonic) + Duration::from_secs(4);
            life = Life::begin(life.disk, at);
            recovered.updates().for_each(|update| life.viewer.apply(&update));
            program = life.channel.resume_program(Life::program(), &recovered).unwrap();
        }
    }
    life.channel.stop_program(program).unwrap();
    life.pass(Duration::from_secs(5));
    assert!(life.events.iter().any(|event| matches!(event, Event::ProgramStopped { .. })));
    let recovered = Recovered::open(&asset(), &life.disk.pages(&asset())).unwrap();
    assert!(recovered.timeline().is_ended());
    assert_same(&life, &recovered);
    assert_eq!(life.faults(), Vec::<&Fault>::new());
    // Pages that list nothing any more are gone, and so are the fragments.
    let listed: BTreeSet<String> = recovered.objects().map(|name| name.as_str().into()).collect();
    let stored: BTreeSet<String> = life.disk.objects.keys().cloned().collect();
    assert_eq!(listed, stored);
}

fn assert_same(life: &Life, recovered: &Recovered) {
    let mut again = Viewer::new(&asset(), life.now);
    recovered.updates().for_each(|update| again.apply(&update));
    let presentation = recovered.timeline().presentation();
    assert_eq!(texts(&life.viewer, presentation), texts(&again, presentation));
}

#[test]
fn another_ladder_or_another_epoch_is_refused_and_the_old_asset_can_be_ended() {
    let mut life = Life::begin(Disk { left: usize::MAX, ..Disk::default() }, Duration::from_secs(1000));
    life.channel.run_program(Life::program()).unwrap();
    life.pass(Duration::from_secs(9));
    let recovered = Recovered::open(&asset(), &life.disk.pages(&asset())).unwrap();
    let refused = |config: ChannelConfig, program: ProgramConfig| {
        let mut channel = Channel::new(config, ToyCodecs::shared()).unwrap();
        let now = life.now;
        channel.start(now).unwrap();
        while let Some(output) = channel.poll_output() {
            if let Output::Work(work) = output {
                channel.handle_input(Input::Done(work.run()), now).unwrap();
            }
        }
        let refused = channel.resume_program(program.clone(), &recovered).unwrap_err();
        assert_eq!(channel.running_programs().count(), 0);
        // It changed nothing: a program in a new asset starts.
        let other = ProgramConfig { asset: AssetName::new("other").unwrap(), ..program };
        channel.run_program(other).unwrap();
        (refused.code(), refused.to_string())
    };
    let mut smaller = config();
    smaller.preset.rungs.truncate(1);
    let other_epoch = ChannelConfig { epoch: Utc::from_unix_secs(NOON), ..config() };
    let longer = ChannelConfig { gop: MediaDuration::from_secs(4), ..config() };
    let window = ProgramConfig { window: None, ..Life::program() };
    let of_another = ProgramConfig { asset: AssetName::new("another").unwrap(), ..Life::program() };
    for (config, program) in [
        (smaller, Life::program()),
        (other_epoch, Life::program()),
        (longer, Life::program()),
        (config(), window),
        (config(), of_another),
    ] {
        let (code, text) = refused(config, program);
        println!("{text}");
        assert_eq!(code, "PROGRAM_RESUME");
    }
    // An asset that is in use twice would be written twice.
    let twice = life.channel.resume_program(Life::program(), &recovered).unwrap_err();
    assert_eq!(twice.code(), "PROGRAM_ASSET_IN_USE");
    assert!(Arc::ptr_eq(recovered.timeline().presentation(), recovered.timeline().presentation()));
}
