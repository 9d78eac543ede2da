//! Offline replay: a TS capture in, a folder with HLS and DASH out, on virtual time and so as fast as the machine goes.
//!
//! `cargo run --release --example replay_ts -- [capture.ts [folder]]`. Without a capture it records ten seconds of the
//! built-in test source. The folder (`target/replay` by default) mirrors the URLs of an origin: any file server serves it.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "an example is a host: it owns the files")]

use std::{collections::BTreeMap, env, error::Error, fs, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    archive::AssetName,
    channel::{Channel, ChannelConfig, Input, Output, ProgramConfig, Standby},
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    ladder::BuiltinCodecs,
    media::Body,
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, Now, Timescale, Utc},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args_os().skip(1);
    let capture = args.next().map(fs::read).transpose()?.map(Bytes::from);
    let folder = args.next().map_or_else(|| PathBuf::from("target/replay"), PathBuf::from);
    let mut host = Host::new()?;
    let program = host.channel.run_program(ProgramConfig::new(asset()?))?;
    match capture {
        Some(capture) => host.replay(&capture)?,
        None => host.pass(Duration::from_secs(10))?,
    }
    host.channel.stop_program(program)?;
    while host.channel.running_programs().next().is_some() {
        host.pass(Duration::from_millis(100))?;
    }
    let files = host.publish(&folder)?;
    println!("{files} files in {}", folder.display());
    Ok(())
}

/// What a host owns: the clock, the store, the origin, and the thread on which work runs.
struct Host {
    channel: Channel,
    origin: Origin,
    store: BTreeMap<String, Body>,
    now: Now,
}

impl Host {
    fn new() -> Result<Self, Box<dyn Error>> {
        let config = ChannelConfig { standby: Standby::TestSource, ..ChannelConfig::new("replay")? };
        let mut origin = Origin::new(OriginConfig::default());
        origin.publish("replay", &asset()?, "channel")?;
        let mut host = Self {
            channel: Channel::new(config, Arc::new(BuiltinCodecs::new()))?,
            origin,
            store: BTreeMap::new(),
            now: Now::new(Duration::ZERO, Utc::from_unix_secs(1_800_000_000)),
        };
        host.channel.start(host.now)?;
        host.drain()?;
        Ok(host)
    }

    /// Sends the capture as an encoder would have: each piece at the newest decode time in it.
    fn replay(&mut self, capture: &Bytes) -> Result<(), Box<dyn Error>> {
        let id = self.channel.attach("ts", Box::new(TsDemuxer::new(TsConfig::default())), self.now)?;
        let mut scout = TsDemuxer::new(TsConfig::default());
        let mut newest = None;
        for at in (0..capture.len()).step_by(PIECE) {
            let piece = capture.slice(at..capture.len().min(at + PIECE));
            scout.push(piece.clone(), self.now)?;
            while let Some(item) = scout.pull() {
                let Demuxed::Unit(unit) = item else { continue };
                let step = newest.map_or(0, |newest| unit.dts.since(newest).ticks(Timescale::MILLIS));
                newest = newest.max(Some(unit.dts));
                // A clock that jumps is not waited for.
                self.pass(Duration::from_millis(step.clamp(0, 1000) as u64))?;
            }
            self.channel.handle_input(Input::Bytes(id, piece), self.now)?;
            self.drain()?;
        }
        self.channel.handle_input(Input::Closed(id), self.now)?;
        self.drain()
    }

    fn pass(&mut self, span: Duration) -> Result<(), Box<dyn Error>> {
        let end = self.now.monotonic + span;
        while let Some(deadline) = self.channel.poll_timeout().filter(|deadline| *deadline <= end) {
            self.set_clock(deadline);
            self.channel.handle_timeout(self.now);
            self.drain()?;
        }
        self.set_clock(end);
        Ok(())
    }

    fn set_clock(&mut self, to: Duration) {
        let step = to.saturating_sub(self.now.monotonic);
        self.now = Now::new(self.now.monotonic + step, self.now.utc.plus(MediaDuration::from_std(step)));
    }

    fn drain(&mut self) -> Result<(), Box<dyn Error>> {
        while let Some(output) = self.channel.poll_output() {
            match output {
                Output::Work(work) => self.channel.handle_input(Input::Done(work.run()), self.now)?,
                Output::Store(object) => drop(self.store.insert(object.name.as_str().into(), object.body)),
                Output::Timeline(update) => self.origin.apply(&update)?,
                Output::Event(event) => println!("{:>7.2?} {event:?}", self.now.monotonic),
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes what the origin answers, beginning with the master playlist and the MPD; the number of files.
    fn publish(&self, folder: &std::path::Path) -> Result<usize, Box<dyn Error>> {
        let mut paths = ["m3u8-cmaf).m3u8", "mpd-time-cmaf)"].map(|end| format!("Manifest(format={end}")).to_vec();
        let timeline = self.origin.timeline(&asset()?).ok_or("nothing was recorded")?;
        let presentation = self.channel.presentation().ok_or("the channel is off air")?;
        for (n, track) in presentation.tracks.iter().enumerate() {
            let (bitrate, name) = (track.bitrate, &track.url_track);
            paths.push(format!("QualityLevels({bitrate})/Manifest({name},format=m3u8-cmaf).m3u8"));
            let starts = timeline.segments().map(|segment| segment.spans[n].start.to_string());
            for at in starts.chain(["i".to_owned()]) {
                let end = if at == "i" { "mp4" } else { "m4s" };
                let path = format!("QualityLevels({bitrate})/Fragments({name}={at},format=");
                paths.extend([format!("{path}m3u8-cmaf).{end}"), format!("{path}mpd-time-cmaf)")]);
            }
        }
        for path in &paths {
            let response = match self.origin.handle(&Request::get(&format!("/replay/channel.ism/{path}")), self.now) {
                Reply::Response(response) => response,
                Reply::Need(need) => {
                    let objects: Vec<_> =
                        need.names().iter().map(|name| self.store.get(name.as_str()).cloned()).collect();
                    need.fulfil(objects)
                }
                other => return Err(format!("{path}: {other:?}").into()),
            };
            if response.status != 200 {
                return Err(format!("{path}: {}", response.status).into());
            }
            let file = folder.join(path);
            fs::create_dir_all(file.parent().ok_or("no folder")?)?;
            fs::write(file, response.body.to_bytes())?;
        }
        Ok(paths.len())
    }
}

fn asset() -> Result<AssetName, Box<dyn Error>> {
    Ok(AssetName::new("replay").ok_or("a bad asset name")?)
}

/// Seven datagrams' worth.
const PIECE: usize = 188 * 49;
