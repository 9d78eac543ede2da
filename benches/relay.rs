//! What passing a ladder through costs beside ffmpeg `-c copy` on the same media in the same run.
//!
//! `cargo bench --bench relay` makes two clips of three rungs with one sound in `target/bench-media` (once, by ffmpeg), 60 s each.
//! Both sides read files and make fragments of 2 s; ours reads them in pieces of 64 KiB through whole contribution sessions
//! and a whole `Channel`: as RTMP connections, then as bodies of Smooth Streaming POSTs. Pairs are compared: fragments
//! that are made and let go of beside ffmpeg's fragmented MP4 into `/dev/null`; then what players fetch, written to `/dev/shm` by both:
//! HLS of fragments, HLS of transport streams, which ours makes of its fragments through an `Origin`, and MPEG-DASH, each with its
//! manifests after every segment. Figures are CPU-seconds, user and system, per GB of the clip, without what ffmpeg's start and our connecting
//! cost; each side goes through the clip several times, in turns.
//! `cargo bench --bench relay -- profile rtmp|smooth` runs ours alone, once, for a profiler. Without ffmpeg it says so.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench is a host: it owns files, and stops at trouble"
)]

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    io::{IoSlice, Read as _, Write as _},
    num::NonZeroU8,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use cpu_time::ProcessTime;
use headend::{
    archive::{AssetName, Body, Object, ObjectName, Segment, TimelineChange},
    channel::{Channel, ChannelConfig, Encoding, Event, IngestId, Input, Output, PassThrough, ProgramConfig, Session},
    ingest::{
        Demuxer, IngestLimits,
        rtmp::{RtmpConfig, RtmpSession},
        smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    ladder::BuiltinCodecs,
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, Now, Utc},
};

#[path = "kit/clip.rs"]
#[allow(dead_code, unreachable_pub, reason = "a part of it is used")]
mod clip;
#[path = "../tests/rig/rtmp_publisher.rs"]
mod rtmp_publisher;

use rtmp_publisher::Publisher;

/// Seconds of a clip.
const SECONDS: u64 = 60;
const READ: u64 = 64 << 10;
const TRIALS: usize = 4;
/// Name, megabits per second of each rung, and how often the clip is gone through.
const CLIPS: [(&str, [u32; 3], u32); 2] = [("relay-7m", [4, 2, 1], 8), ("relay-40m", [20, 12, 8], 2)];

fn main() {
    if Command::new("ffmpeg").arg("-version").output().is_err() {
        return println!("skipped: no ffmpeg in PATH to make clips with and to compare with");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-media");
    let shm = Path::new("/dev/shm/headend-bench-relay");
    for (name, rungs, rounds) in CLIPS {
        let dir = root.join(name);
        make(&dir, rungs);
        if let Some(of) = std::env::args().skip_while(|argument| argument != "profile").nth(1) {
            let feed = if of == "smooth" { Feed::Smooth } else { Feed::Rtmp };
            println!("{of} {name}: {:.3} CPU-s", relay(&dir, feed, rounds, (Goal::LetGo, shm)));
            continue;
        }
        let start_up = theirs(&dir, "flv", (Goal::LetGo, shm), 0);
        for (feed, extension) in [(Feed::Rtmp, "flv"), (Feed::Smooth, "ismv")] {
            let size = |n| fs::metadata(dir.join(format!("r{n}.{extension}"))).unwrap().len();
            let gigabytes = (0..3).map(size).sum::<u64>() as f64 * f64::from(rounds) / 1e9;
            let read = read_alone(&dir, extension, rounds) / gigabytes;
            println!(
                "\n{feed:?}, {rungs:?} Mbit/s, {SECONDS} s, {rounds} times: {gigabytes:.2} GB; reading alone {read:.3} CPU-s/GB"
            );
            for goal in [Goal::LetGo, Goal::Hls, Goal::Transport, Goal::Dash] {
                // Turn by turn, and the best of each: others use the machine's memory, too.
                let (mut ours, mut whole) = (f64::MAX, f64::MAX);
                for _ in 0..TRIALS {
                    let _ = fs::remove_dir_all(shm);
                    fs::create_dir_all(shm).unwrap();
                    ours = ours.min(relay(&dir, feed, rounds, (goal, shm)) / gigabytes);
                    whole = whole.min(theirs(&dir, extension, (goal, shm), rounds) / gigabytes);
                }
                let less = whole - start_up / gigabytes;
                let ratio = ours / less;
                println!("{:<20} headend {ours:.3}, ffmpeg {less:.3} CPU-s/GB: {ratio:.3} of ffmpeg's", goal.name());
            }
        }
    }
    let _ = fs::remove_dir_all(shm);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feed {
    Rtmp,
    Smooth,
}

/// What is made of the media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    LetGo,
    Hls,
    Transport,
    Dash,
}

impl Goal {
    const fn name(self) -> &'static str {
        match self {
            Self::LetGo => "let go of",
            Self::Hls => "HLS, fragments",
            Self::Transport => "HLS, MPEG-TS",
            Self::Dash => "MPEG-DASH",
        }
    }
}

/// Each rung as FLV, as RTMP bytes and as the body of a Smooth Streaming POST; the first with sound in all three.
fn make(dir: &Path, rungs: [u32; 3]) {
    if dir.join("r2.rtmp").exists() {
        return;
    }
    fs::create_dir_all(dir).unwrap();
    for (n, rung) in rungs.into_iter().enumerate() {
        let (flv, ismv) = (dir.join(format!("r{n}.flv")), dir.join(format!("r{n}.ismv")));
        let picture = format!("testsrc2=s=640x360:r=30,noise=alls=60:allf=t:all_seed={n}");
        let mut encode = Command::new("ffmpeg");
        encode.args(["-y", "-v", "error", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", "sine=r=48000"]);
        encode.args(["-t", &SECONDS.to_string(), "-c:v", "libx264", "-preset", "ultrafast", "-g", "60"]);
        encode.args(["-x264-params", "scenecut=0:bframes=2:nal-hrd=cbr:force-cfr=1"]);
        let rate = format!("{rung}M");
        encode.args(["-b:v", &rate, "-minrate", &rate, "-maxrate", &rate, "-bufsize", &rate]);
        encode.args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", "-ac", "2"]).arg(&flv);
        clip::run(&mut encode);
        let mut post = Command::new("ffmpeg");
        post.args(["-y", "-v", "error", "-i"]).arg(&flv).args(["-map", "0:v"]);
        if n == 0 {
            post.args(["-map", "0:a"]);
        }
        post.args(["-c", "copy", "-b:v", &rate, "-b:a", "128k", "-f", "ismv", "-movflags", "isml+frag_keyframe"]);
        clip::run(post.arg(&ismv));
        fs::write(dir.join(format!("r{n}.rtmp")), publication(&fs::read(&flv).unwrap())).unwrap();
    }
}

/// The tags of an FLV file as messages in chunks of 4 096 bytes.
fn publication(flv: &[u8]) -> Vec<u8> {
    let publisher = publisher().0;
    let mut out = Vec::with_capacity(flv.len());
    let mut rest = &flv[13..];
    while let Some((head, body)) = rest.split_at_checked(11) {
        let len = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
        let ms = u32::from_be_bytes([head[7], head[4], head[5], head[6]]);
        let csid = if head[0] == 9 { 6 } else { 4 };
        let prefix: &[u8] = if head[0] == 18 { b"\x02\0\x0D@setDataFrame" } else { b"" };
        out.extend(publisher.message(csid, head[0], ms, 1, &[prefix, &body[..len]].concat()));
        rest = &body[len + 4..];
    }
    out
}

/// A publisher that has said everything up to its first tag, and what it said.
fn publisher() -> (Publisher, Vec<u8>) {
    let mut publisher = Publisher::new("live", "bench");
    let start = publisher.start();
    (publisher, start)
}

/// Takes the clip through a channel as often as asked; CPU-seconds.
fn relay(dir: &Path, feed: Feed, rounds: u32, to: (Goal, &Path)) -> f64 {
    let extension = if feed == Feed::Rtmp { "rtmp" } else { "ismv" };
    let paths: Vec<PathBuf> = (0..3).map(|n| dir.join(format!("r{n}.{extension}"))).collect();
    let total: u64 = paths.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    let (mut spent, mut stored) = (0.0, 0);
    for _ in 0..rounds {
        // Connecting is what starting is to a process.
        let mut host = Host::new(feed, to);
        let clock = ProcessTime::now();
        host.run(&paths);
        spent += clock.elapsed().as_secs_f64();
        stored += host.stored;
    }
    // All but the last segment, two copies of the sound and the containers.
    let least = total * u64::from(rounds) * 9 / 10;
    assert!(stored > least, "{stored} bytes were stored of {total} times {rounds}");
    spent
}

/// What it costs to read the same files in the same pieces.
fn read_alone(dir: &Path, extension: &str, rounds: u32) -> f64 {
    let clock = ProcessTime::now();
    for _ in 0..rounds {
        for n in 0..3 {
            let mut file = File::open(dir.join(format!("r{n}.{extension}"))).unwrap();
            while !std::hint::black_box(read(&mut file)).is_empty() {}
        }
    }
    clock.elapsed().as_secs_f64()
}

/// The next piece, in memory of its own, as a host that hands it on has it.
fn read(file: &mut File) -> Vec<u8> {
    let mut piece = Vec::with_capacity(READ as usize);
    file.take(READ).read_to_end(&mut piece).unwrap();
    piece
}

struct Host<'a> {
    channel: Channel,
    now: Now,
    ids: Vec<IngestId>,
    goal: Goal,
    folder: &'a Path,
    origin: Origin,
    /// Fragments of which segments are made.
    fragments: BTreeMap<ObjectName, Body>,
    /// Files that are kept, as many as ffmpeg keeps.
    kept: VecDeque<PathBuf>,
    written: u64,
    stored: u64,
}

impl<'a> Host<'a> {
    fn new(feed: Feed, (goal, folder): (Goal, &'a Path)) -> Self {
        let mut config = ChannelConfig::new("bench").unwrap();
        config.encoding = Encoding::None(PassThrough::default());
        config.gop = MediaDuration::from_secs(2);
        // As the peer has them, and more work than packs of three.
        config.fragments_per_segment = Some(NonZeroU8::MIN);
        // The second clip is larger than the limits let in; they are measured all the same.
        let limits = IngestLimits { video_bitrate: Some(30_000_000), ..IngestLimits::pass_through_standard() };
        config.input.limits = Some(limits);
        let now = Now::new(Duration::from_secs(1), Utc::from_unix_secs(1_795_176_000));
        let mut channel = Channel::new(config, Arc::new(BuiltinCodecs::new())).unwrap();
        channel.start(now).unwrap();
        let window = Some(ProgramConfig::SHORTEST_WINDOW);
        channel.run_program(ProgramConfig { window, ..ProgramConfig::new(AssetName::new("bench").unwrap()) }).unwrap();
        let streams = SmoothStreams::new();
        let ids = (0..3).map(|n| {
            let (protocol, demuxer): (_, Box<dyn Demuxer>) = match feed {
                Feed::Rtmp => ("rtmp", Box::new(connection(now))),
                Feed::Smooth => ("smooth", Box::new(SmoothDemuxer::new(SmoothConfig::default(), streams.clone(), now))),
            };
            let session = Session { name: format!("r{n}"), ..Session::new(protocol) };
            channel.attach_as(session, demuxer, now).unwrap()
        });
        let ids = ids.collect();
        let mut origin = Origin::new(OriginConfig::default());
        origin.publish("loc", &AssetName::new("bench").unwrap(), "ch1").unwrap();
        let (fragments, kept) = (BTreeMap::new(), VecDeque::new());
        Self { channel, now, ids, goal, folder, origin, fragments, kept, written: 0, stored: 0 }
    }

    /// Hands in all files side by side, as fast as they were made.
    fn run(&mut self, paths: &[PathBuf]) {
        let mut files: Vec<(File, u64, u64)> = paths
            .iter()
            .map(|path| {
                let file = File::open(path).unwrap();
                let len = file.metadata().unwrap().len();
                (file, 0, len)
            })
            .collect();
        while let Some(n) =
            (0..files.len()).filter(|n| files[*n].1 < files[*n].2).min_by_key(|n| files[*n].1 * 1_000_000 / files[*n].2)
        {
            let (file, at, len) = &mut files[n];
            let piece = read(file);
            *at += piece.len() as u64;
            let media = Duration::from_micros(SECONDS * 1_000_000 * *at / *len);
            self.pass(Duration::from_secs(1) + media);
            self.channel.handle_input(Input::Bytes(self.ids[n], Bytes::from(piece)), self.now).unwrap();
            self.drain();
        }
    }

    fn pass(&mut self, until: Duration) {
        while let Some(deadline) = self.channel.poll_timeout().filter(|deadline| *deadline <= until) {
            self.now = Now::new(deadline.max(self.now.monotonic), self.now.utc);
            self.channel.handle_timeout(self.now);
            self.drain();
        }
        self.now = Now::new(until.max(self.now.monotonic), self.now.utc);
    }

    fn drain(&mut self) {
        while let Some(output) = self.channel.poll_output() {
            match output {
                Output::Store(object) => self.store(object),
                Output::Discard(name) => drop(self.fragments.remove(&name)),
                Output::Timeline(update) if self.goal != Goal::LetGo => {
                    self.origin.apply(&update).unwrap();
                    if let TimelineChange::Added(segment) = &update.change {
                        self.publish(segment);
                    }
                }
                Output::Event(Event::Fault { fault, .. }) => println!("fault: {fault}"),
                _ => {}
            }
        }
    }

    fn store(&mut self, object: Object) {
        self.stored += object.body.len() as u64;
        match self.goal {
            Goal::LetGo => {}
            Goal::Transport => drop(self.fragments.insert(object.name, object.body)),
            Goal::Hls | Goal::Dash => self.write(&object.body),
        }
    }

    /// What a segment that joined adds for players: its segments in transport streams, and every manifest anew.
    fn publish(&mut self, segment: &Segment) {
        let presentation = Arc::clone(self.channel.presentation().unwrap());
        let format = if self.goal == Goal::Transport { "m3u8-aapl" } else { "m3u8-cmaf" };
        let mut paths = Vec::new();
        for (track, span) in presentation.tracks.iter().zip(segment.spans.iter()) {
            let level = format!("/loc/ch1.ism/QualityLevels({})", track.bitrate);
            if self.goal == Goal::Transport {
                paths.push(format!("{level}/Fragments({}={},format={format})", track.url_track, span.start));
            }
            if self.goal != Goal::Dash {
                paths.push(format!("{level}/Manifest({},format={format})", track.url_track));
            }
        }
        if self.goal == Goal::Dash {
            paths.push("/loc/ch1.ism/Manifest(format=mpd-time-cmaf)".into());
        }
        for path in paths {
            let response = match self.origin.handle(&Request::get(&path), self.now) {
                Reply::Response(response) => response,
                Reply::Need(need) => {
                    let read: Vec<_> = need.names().iter().map(|name| self.fragments.get(name).cloned()).collect();
                    need.fulfil(read)
                }
                other => panic!("{path}: {other:?}"),
            };
            assert_eq!(response.status, 200, "{path}");
            self.write(&response.body);
        }
    }

    fn write(&mut self, body: &Body) {
        let path = self.folder.join(self.written.to_string());
        self.written += 1;
        let mut file = File::create(&path).unwrap();
        for parts in body.parts().chunks(1024) {
            let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
            let mut slices = &mut slices[..];
            while !slices.is_empty() {
                let count = file.write_vectored(slices).unwrap();
                IoSlice::advance_slices(&mut slices, count);
            }
        }
        self.kept.push_back(path);
        if self.kept.len() > 48 {
            fs::remove_file(self.kept.pop_front().unwrap()).unwrap();
        }
    }
}

/// An RTMP session whose publication was accepted.
fn connection(now: Now) -> RtmpSession {
    let mut session = RtmpSession::new(RtmpConfig::default(), now);
    session.push(publisher().1.into(), now).unwrap();
    while session.pull().is_some() {}
    session.accept().unwrap();
    session
}

/// ffmpeg on the same files as often; CPU-seconds of the process. `rounds` 0 is a frame of the clip, for its start-up.
fn theirs(dir: &Path, extension: &str, (goal, folder): (Goal, &Path), rounds: u32) -> f64 {
    let mut command = Command::new("ffmpeg");
    command.args(["-y", "-hide_banner", "-nostdin", "-benchmark"]);
    for n in 0..3 {
        if rounds == 0 {
            command.args(["-t", "0.1"]);
        } else {
            command.args(["-stream_loop", &(rounds - 1).to_string()]);
        }
        command.arg("-i").arg(dir.join(format!("r{n}.{extension}")));
    }
    let maps = ["0:v", "1:v", "2:v", "0:a"];
    match goal {
        Goal::LetGo => {
            for map in maps {
                command.args(["-map", map, "-c", "copy", "-f", "mp4"]);
                command.args(["-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "2000000"]);
                command.arg("/dev/null");
            }
        }
        Goal::Dash => {
            for map in maps {
                command.args(["-map", map]);
            }
            command.args(["-c", "copy", "-f", "dash", "-seg_duration", "2", "-window_size", "5"]);
            command.args(["-extra_window_size", "2", "-use_template", "1", "-use_timeline", "1"]);
            command.arg(folder.join("manifest.mpd"));
        }
        Goal::Hls | Goal::Transport => {
            for map in maps {
                command.args(["-map", map]);
            }
            let kind = if goal == Goal::Hls { "fmp4" } else { "mpegts" };
            command.args(["-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_segment_type", kind]);
            command.args(["-hls_list_size", "5", "-hls_flags", "delete_segments"]);
            command.args(["-var_stream_map", "v:0,agroup:a v:1,agroup:a v:2,agroup:a a:0,agroup:a"]);
            command.arg(folder.join("%v.m3u8"));
        }
    }
    let text = clip::run(&mut command);
    let line = text.lines().find(|line| line.starts_with("bench: utime")).expect("ffmpeg prints its times");
    line.split_whitespace()
        .filter_map(|word| word.strip_prefix("utime=").or(word.strip_prefix("stime=")))
        .filter_map(|time| time.trim_end_matches('s').parse::<f64>().ok())
        .sum()
}
