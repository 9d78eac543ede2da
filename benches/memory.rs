//! Memory of a channel: seven rungs of the default preset with the built-in codecs, 20 simulated seconds of the test source,
//! and the store dropped as a host does that writes it to a disk.
//!
//! `cargo bench --bench memory [-- SECONDS [CHANNELS]]` prints the Rust heap (counted), the resident memory (of everything,
//! the codecs in C as well) per channel, and allocations per output frame once the channel runs.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench is a host: it reads files, and stops at trouble"
)]

use std::{sync::Arc, time::Duration};

use headend::{
    archive::{AssetName, TimelineChange},
    channel::{Channel, ChannelConfig, Input, Output, ProgramConfig, Standby},
    ladder::BuiltinCodecs,
    origin::{Origin, OriginConfig},
    time::{MediaDuration, Now, Utc},
};

#[path = "../tests/rig/counting.rs"]
mod counting;

use counting::{Counting, live, measure};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (seconds, count) = (numbers.first().copied().unwrap_or(20), numbers.get(1).copied().unwrap_or(1));
    let (heap, resident) = (live(), status("VmRSS:"));
    let (mut hosts, opening) = measure(|| (0..count).map(Host::start).collect::<Vec<_>>());
    println!("started: {}", line(live() - heap, status("VmRSS:") - resident, count));

    // Half of the time warms up, the other half is the steady state.
    let (half, mut steady) = (seconds / 2, counting::Usage::default());
    let mut peak = opening.peak;
    for second in 0..seconds {
        let before = live() - heap;
        let ((), usage) = measure(|| hosts.iter_mut().for_each(|host| host.pass(Duration::from_secs(1))));
        peak = peak.max(before + usage.peak);
        if second >= half {
            steady.count += usage.count;
            steady.kept += usage.kept;
        }
    }
    let frames = (seconds - half) * 30 * count;
    println!("on air:  {}", line(live() - heap, status("VmRSS:") - resident, count));
    println!("peak:    {}", line(peak, status("VmHWM:") - resident, count));
    println!(
        "steady state: {:.1} allocations for each output frame of 7 rungs ({frames} frames), {} bytes kept in {} s",
        steady.count as f64 / frames as f64,
        steady.kept,
        seconds - half,
    );
    let (segments, stored) = hosts.iter().fold((0, 0), |(s, b), host| (s + host.segments, b + host.stored));
    println!("{segments} segments, {} KiB stored and dropped", stored >> 10);
}

struct Host {
    channel: Channel,
    origin: Origin,
    now: Now,
    segments: usize,
    stored: usize,
}

impl Host {
    fn start(number: u64) -> Self {
        let mut config = ChannelConfig::new(&format!("channel-{number}")).unwrap();
        config.standby = Standby::TestSource;
        let channel = Channel::new(config, Arc::new(BuiltinCodecs::new())).unwrap();
        // A whole multiple of two seconds since 1970: the first segment is a whole one.
        let now = Now::new(Duration::from_secs(100), Utc::from_unix_secs(1_795_176_000));
        let mut host = Self { channel, origin: Origin::new(OriginConfig::default()), now, segments: 0, stored: 0 };
        host.channel.start(now).unwrap();
        host.drain();
        let window = Some(MediaDuration::from_secs(300));
        host.channel
            .run_program(ProgramConfig { window, ..ProgramConfig::new(AssetName::new("asset").unwrap()) })
            .unwrap();
        host.drain();
        host
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now.monotonic + span;
        while let Some(deadline) = self.channel.poll_timeout().filter(|deadline| *deadline <= end) {
            self.advance_to(deadline);
            self.channel.handle_timeout(self.now);
            self.drain();
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, monotonic: Duration) {
        let step = monotonic.saturating_sub(self.now.monotonic);
        let utc = Utc::from_unix_nanos(self.now.utc.unix_nanos() + step.as_nanos() as i64);
        self.now = Now::new(monotonic.max(self.now.monotonic), utc);
    }

    fn drain(&mut self) {
        while let Some(output) = self.channel.poll_output() {
            match output {
                Output::Work(work) => self.channel.handle_input(Input::Done(work.run()), self.now).unwrap(),
                Output::Store(object) => self.stored += object.body.len(),
                Output::Timeline(update) => {
                    self.segments += usize::from(matches!(update.change, TimelineChange::Added(_)));
                    self.origin.apply(&update).unwrap();
                }
                _ => {}
            }
        }
    }
}

fn line(heap: i64, resident: i64, channels: u64) -> String {
    let mib = |bytes: i64| bytes as f64 / f64::from(1 << 20) / channels as f64;
    format!("{:.1} MiB heap, {:.1} MiB resident for each of {channels} channels", mib(heap), mib(resident))
}

/// A field of this process's status in bytes; zero where there is no such file.
fn status(field: &str) -> i64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let rest = text.lines().find_map(|line| line.strip_prefix(field));
    rest.and_then(|rest| rest.split_whitespace().next()?.parse::<i64>().ok()).unwrap_or(0) * 1024
}
