//! A channel whose host is slow: what a peer can pile up while work is out.

use bytes::Bytes;
use headend::{
    channel::{Channel, Event, IngestId, Input, Output},
    error::Fault,
    ingest::{Demuxed, IngestLimits},
    ladder::Work,
    media::{AacConfig, AccessUnit, AudioTrack, H264Config, NalFraming, Track, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    BOMB, below, now,
    rig::{feed::Feed, small_config, toy_codecs::ToyCodecs},
};

/// A channel on air with a feed that nobody has sent anything yet; its work is never run.
fn busy() -> (Channel, Feed, IngestId, Vec<Work>) {
    let mut config = small_config();
    // A thousand pictures a second are refused before long.
    config.input.limits = Some(IngestLimits::unlimited());
    let mut channel = Channel::new(config, ToyCodecs::shared()).unwrap();
    channel.start(now()).unwrap();
    let mut works = Vec::new();
    while let Some(output) = channel.poll_output() {
        if let Output::Work(work) = output {
            works.push(work);
        }
    }
    for work in works.drain(..) {
        channel.handle_input(Input::Done(work.run()), now()).unwrap();
    }
    let feed = Feed::default();
    let id = channel.attach("feed", feed.demuxer(), now()).unwrap();
    (channel, feed, id, works)
}

fn unit(n: i64, is_random_access: bool) -> Demuxed {
    let at = MediaTime::ZERO.plus(MediaDuration::from_millis(n));
    let data = Bytes::from_static(&[0, 9]);
    let duration = MediaDuration::ZERO;
    Demuxed::Unit(AccessUnit {
        track: TrackId(1),
        pts: at,
        dts: at,
        duration,
        is_random_access,
        is_damaged: false,
        data,
    })
}

fn video(n: u8) -> Demuxed {
    let video = VideoTrack::new(16, 16);
    let config = H264Config {
        framing: NalFraming::AnnexB,
        sps: vec![Bytes::from(vec![0x67; 100])],
        pps: vec![Bytes::from(vec![n; 100])],
    };
    track(1, TrackFormat::H264(video, config))
}

fn audio(n: u8) -> Demuxed {
    let asc = Bytes::from(vec![n; 10]);
    track(2, TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, AacConfig { asc }))
}

fn track(id: u32, format: TrackFormat) -> Demuxed {
    Demuxed::Track(Track::new(TrackId(id), Timescale::MPEG, format))
}

/// Sends 50 000 items to a channel whose lanes are all out; how many events came of it.
fn flood(name: &str, item: impl Fn(u32) -> Demuxed) -> usize {
    let (mut channel, feed, id, mut works) = busy();
    feed.push(video(0));
    channel.handle_input(Input::Bytes(id, Bytes::from_static(&[0])), now()).unwrap();
    below(name, BOMB, || {
        let mut events = 0;
        for n in 0..50_000 {
            feed.push(item(n));
            channel.handle_input(Input::Bytes(id, Bytes::from_static(&[0])), now()).unwrap();
            while let Some(output) = channel.poll_output() {
                match output {
                    Output::Work(work) => works.push(work),
                    Output::Event(event) => events += usize::from(!matches!(event, Event::Track { .. })),
                    _ => {}
                }
            }
        }
        assert!(works.len() < 10);
        events
    })
}

#[test]
fn nothing_piles_up_while_the_decoder_is_busy() {
    flood("new set-ups", |n| video(n as u8));
    flood("new sound set-ups", |n| audio(n as u8));
    flood("pictures", |n| unit(n.into(), n == 0));
    flood("IDR pictures that jump", |n| unit(i64::from(n % 2) * 100_000, true));
    flood("set-ups and jumps by turns", |n| {
        if n % 3 == 0 { video(n as u8) } else { unit(i64::from(n) * 7919 % 50_021 * 1000, true) }
    });
}

#[test]
fn a_flood_of_faults_is_a_handful_of_events() {
    assert!(flood("losses", |n| Demuxed::Fault(Fault::Loss { lost: n.into(), stream: Some(n) })) < 20);
    assert!(flood("pictures before an IDR", |n| unit(n.into(), false)) < 20);
}
