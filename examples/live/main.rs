//! A live channel as one process on tokio and axum: RTMP, RTP, MPEG-TS over UDP and Smooth Streaming in, HLS, DASH, Smooth
//! Streaming and HDS out, and a page that plays it. The library does the work and owns no socket, clock, thread or file; this host
//! owns them all.
//!
//! | file | its job |
//! |---|---|
//! | `wheel` | the task that owns the channel: input in, outputs carried out in order |
//! | `director` | what the operator wants, step by step: programs stop before the channel does |
//! | `programs`, `programs_api` | programs with their assets and locators, and the API to them |
//! | `preview` | what the channel makes, for whoever looks before viewers do |
//! | `workers` | threads that decode, scale and encode |
//! | `gate` | who may play and how much: the streaming endpoint |
//! | `endpoint`, `store` | the origin and the media behind it, in memory, a folder or an object store, filled in order |
//! | `recordings`, `locators` | what earlier runs left there: it plays under the same URLs, and programs go on |
//! | `doors`, `rtmp_door`, `udp_door`, `smooth_door` | sockets and URLs that encoders push to, in two slots |
//! | `publisher`, `publishing` | what outlives a publication: an RTMP session, the memory of a Smooth stream |
//! | `tls`, `https` | certificates, HTTP over TLS |
//! | `feeds`, `cue_text`, `thumbnails`, `breaks` | what the contribution sessions carry, and how they do; what came of ad breaks |
//! | `options`, `choices`, `losses`, `slates` | flags, images |
//! | `http`, `api`, `status`, `playable`, `events`, `listen`, `page` | what viewers and operators see |
#![allow(clippy::disallowed_types, reason = "a host owns clocks, sockets and files")]

mod ad_breaks;
mod api;
mod breaks;
mod choices;
mod clock;
mod cue_text;
mod director;
mod doors;
mod endpoint;
mod events;
mod feeds;
mod gate;
mod handle;
mod http;
mod https;
mod listen;
mod locators;
mod losses;
mod names;
mod options;
mod page;
mod playable;
mod preview;
mod programs;
mod programs_api;
mod publisher;
mod publishing;
mod recordings;
mod rtmp_door;
mod slates;
mod smooth_door;
mod status;
mod store;
mod thumbnails;
mod tls;
mod udp_door;
mod wheel;
mod workers;

use std::{fmt, io, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use headend::{channel::Channel, ladder::BuiltinCodecs};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    clock::Clock,
    director::Director,
    doors::Doors,
    endpoint::Endpoint,
    events::Events,
    gate::Gate,
    handle::{Command, Handle, Turn},
    http::{App, Scheme},
    options::Options,
    publishing::Publishing,
    recordings::CutOff,
    store::Store,
    wheel::{Parts, Wheel},
    workers::Workers,
};

/// From Ctrl-C to the end.
const TO_END: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("live: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Trouble> {
    let doors = Doors::open(&options).await?;
    let place = options.place();
    let unusable = |error: io::Error| Trouble(format!("the store {place} cannot be used: {error}; choose another one"));
    let store = Store::open(&place).map_err(unusable)?;
    let gate = Gate::open(&options.viewers).map_err(Trouble)?;
    let (endpoint, events) = (Arc::new(Endpoint::new(gate, store)), Arc::new(Events::new()));
    let stored = Arc::clone(&endpoint);
    let smooth = Publishing::default();
    let cut_off = recordings::open(&endpoint, options.name.as_str(), &options.preview).await.map_err(unusable)?;
    let mut host = Host::start(&options, &endpoint, &events, smooth.clone(), cut_off).map_err(Trouble)?;

    let app = App {
        handle: host.handle.clone(),
        endpoint,
        events,
        name: options.name.as_str().into(),
        addresses: Arc::new(doors.addresses.clone()),
        scheme: Scheme::Http,
        smooth,
    };
    println!("{}", doors.addresses);
    let secure = App { scheme: Scheme::Https, ..app.clone() };
    doors.serve(&options, &host.handle, [http::router(app), http::router(secure)]);
    // It was made Stopped a moment ago.
    let _ = host.handle.command(Command::Start).await;

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        ended = &mut host.wheel => return Err(Trouble(format!("the channel's task ended by itself: {ended:?}"))),
    }
    println!("live: ending: closing the open segment");
    tokio::select! {
        ended = timeout(TO_END, host.finish(&stored)) => match ended {
            Ok(()) => match stored.store().unwritten() {
                0 => println!("live: ended; every segment is stored"),
                lost => {
                    let why = "could not be written to the store and are lost: is there room, may we write?";
                    return Err(Trouble(format!("{lost} objects {why}")));
                }
            },
            Err(_) => return Err(Trouble(format!("not everything was stored within {TO_END:?}"))),
        },
        _ = interrupt.recv() => return Err(Trouble("ended at once; the open segment is lost".into())),
    }
    Ok(())
}

/// The tasks of one channel.
struct Host {
    handle: Handle,
    wheel: JoinHandle<()>,
    filing: JoinHandle<()>,
}

impl Host {
    fn start(
        options: &Options,
        endpoint: &Arc<Endpoint>,
        events: &Arc<Events>,
        smooth: Publishing,
        cut_off: Vec<CutOff>,
    ) -> Result<Self, String> {
        let clock = Clock::new();
        // A program that goes on counts from where it did.
        let epoch = cut_off.last().map(|cut_off| cut_off.recovered.timeline().presentation().epoch);
        let config = options.channel(epoch.unwrap_or(clock.now().utc)).map_err(|error| error.to_string())?;
        let mut channel = Channel::new(config, Arc::new(BuiltinCodecs::new())).map_err(|error| error.to_string())?;
        let program = (options.rewind_window(), !options.no_program);
        let director = Director::new(&mut channel, Arc::clone(endpoint), program, smooth, cut_off, clock.now());
        let (done_sender, done) = mpsc::unbounded_channel();
        let workers = Workers::start(&done_sender).map_err(|error| format!("no threads: {error}"))?;
        let (filings, filing) = Arc::clone(endpoint).start_filing(Arc::clone(events), options.name.as_str().into());
        let (wheel, handle) = Wheel::new(Parts { channel, director, clock, workers, done, filings });
        tokio::spawn(tell_lost(Arc::clone(endpoint), handle.clone()));
        Ok(Self { handle, wheel: tokio::spawn(wheel.run()), filing })
    }

    /// Stops the program and the channel; all that they made is stored when this returns.
    async fn finish(&mut self, endpoint: &Endpoint) {
        let _ = self.handle.turns.send(Turn::Finish).await;
        // A task that panicked has ended as well, and said why.
        let _ = (&mut self.wheel).await;
        let _ = (&mut self.filing).await;
        endpoint.store().settled().await;
    }
}

/// Tells the channel what the store had to give up, all of a second at once: a gap costs a manifest to be made anew.
async fn tell_lost(endpoint: Arc<Endpoint>, handle: Handle) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let lost = endpoint.store().take_lost();
        // The wheel may have ended.
        if !lost.is_empty() && handle.turns.send(Turn::Lost(lost)).await.is_err() {
            return;
        }
    }
}

/// Why the process ends without success; says what to do about it.
pub(crate) struct Trouble(String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}
