//! Encoders of whole ladders on the wire: Smooth Streaming over several POSTs, RTMP over several connections. They remember what
//! they sent as a player is to find it.

use std::time::Duration;

use headend::{
    channel::{ChannelConfig, Encoding, IngestId, PassThrough, Session},
    ingest::{
        Demuxed, Demuxer,
        rtmp::{RtmpConfig, RtmpSession},
        smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    time::MediaDuration,
};

use crate::{
    rig::{
        Rig,
        rtmp_feed::avcc,
        rtmp_publisher::{Publisher, with_length},
        script::Script,
        smooth_post::{Told, fragment, header},
        toy_codecs::ToyCodecs,
        ts_feed::PPS,
    },
    stored::Stored,
};

/// One track of an encoder: how its header names it, and what was sent of it.
pub struct Lane {
    pub element: &'static str,
    pub name: &'static str,
    pub bitrate: u32,
    pub more: &'static str,
    pub entry: Vec<u8>,
    pub sent: Vec<Stored>,
}

/// Samples of 10 MHz that a lane sends next, in decode order.
pub type Source = Box<dyn FnMut(i64) -> Vec<Stored>>;

/// An encoder that posts each of its sessions' tracks as Smooth Streaming fragments of two seconds.
pub struct Encoder {
    pub rig: Rig,
    sessions: Vec<(IngestId, Vec<(Lane, Source)>)>,
    at: i64,
}

/// Ticks of Smooth Streaming in a second.
pub const SECOND: i64 = 10_000_000;

fn config() -> ChannelConfig {
    let mut config = ChannelConfig::new("relay").unwrap();
    config.encoding = Encoding::None(PassThrough::default());
    config.gop = MediaDuration::from_secs(2);
    config
}

pub fn rig() -> Rig {
    let mut rig = Rig::new(config(), ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig
}

pub fn session(protocol: &'static str, n: usize) -> Session {
    Session { name: format!("Streams({n})"), ..Session::new(protocol) }
}

/// The set of an encoder that has `level` for each of its rungs, so that no two are alike.
pub fn sps(base: &[u8], level: u8) -> Vec<u8> {
    let mut sps = base.to_vec();
    sps[3] = level;
    sps
}

/// Place of a picture in its GOP as shown, by its place as sent: `IDR P B B P B B …`, and `P` where the pattern does not fit.
fn shown(sent: i64, gop: i64) -> i64 {
    let whole = (gop - 1) / 3 * 3;
    match (sent - 1) % 3 {
        _ if sent == 0 || sent > whole => sent,
        0 => sent + 2,
        _ => sent - 1,
    }
}

/// Pictures of 30 frames a second with B pictures, an IDR a second; offsets below zero, as Azure's encoders write them. `frame`
/// puts a picture into access unit bytes.
pub fn pictures(seed: u8, frame: impl Fn(&[u8], bool) -> Vec<u8> + 'static) -> Source {
    let mut script = Script::default();
    script.size = 200 + usize::from(seed);
    let ticks = |n: i64| n * SECOND / 30;
    let mut next = 0;
    Box::new(move |end| {
        let mut found = Vec::new();
        while ticks(next) < end {
            let units = script.step();
            let picture = script.units[units].iter().rfind(|unit| unit.is_video).unwrap();
            let place = next - next % 30 + shown(next % 30, 30);
            let data = frame(&[&picture.data[..], &[seed]].concat(), picture.is_idr);
            let (dts, pts, duration) = (ticks(next), ticks(place), ticks(next + 1) - ticks(next));
            found.push(Stored { dts, pts, duration, is_sync: picture.is_idr, data });
            next += 1;
        }
        found
    })
}

/// Frames of so many samples of 48 kHz.
pub fn sound(samples: i64, seed: u8) -> Source {
    let ticks = move |n: i64| n * samples * SECOND / 48_000;
    let mut next = 0;
    Box::new(move |end| {
        let mut found = Vec::new();
        while ticks(next) < end {
            let data = vec![next as u8 ^ seed; 60 + (next % 50) as usize];
            let (dts, duration) = (ticks(next), ticks(next + 1) - ticks(next));
            found.push(Stored { dts, pts: dts, duration, is_sync: true, data });
            next += 1;
        }
        found
    })
}

/// A document in every second pair of seconds, that stands for a second and a half.
pub fn captions() -> Source {
    Box::new(|end| {
        let at = end - 3 * SECOND / 2;
        let data = format!("<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><p>{at}</p></body></tt>").into_bytes();
        let document = Stored { dts: at, pts: at, duration: 3 * SECOND / 2, is_sync: true, data };
        if end / SECOND % 4 == 0 { vec![document] } else { vec![] }
    })
}

pub fn video(bitrate: u32, entry: Vec<u8>) -> Lane {
    Lane { element: "video", name: "video", bitrate, more: "", entry, sent: vec![] }
}

impl Encoder {
    pub fn new(sessions: Vec<Vec<(Lane, Source)>>) -> Self {
        let mut rig = rig();
        let streams = SmoothStreams::new();
        let attach = |(n, lanes): (usize, Vec<(Lane, Source)>)| {
            let mut demuxer = SmoothDemuxer::new(SmoothConfig::default(), streams.clone(), rig.now);
            let told = |((lane, _), id): (&(Lane, Source), u32)| {
                let Lane { element, name, bitrate, more, ref entry, .. } = *lane;
                // The bytes live as long as the header is made.
                (id, element, name, bitrate, more, entry.clone())
            };
            let told: Vec<_> = lanes.iter().zip(1..).map(told).collect();
            let told: Vec<_> = told
                .iter()
                .map(|(id, element, name, bitrate, more, entry)| Told {
                    id: *id,
                    element,
                    name,
                    bitrate: *bitrate,
                    more,
                    entry,
                })
                .collect();
            demuxer.push(header(&told).into(), rig.now).unwrap();
            assert!(demuxer.is_open());
            (rig.channel.attach_as(session("smooth", n), Box::new(demuxer), rig.now).unwrap(), lanes)
        };
        let sessions = sessions.into_iter().enumerate().map(attach).collect();
        Self { rig, sessions, at: 0 }
    }

    /// Two seconds of everything, in pieces of a read.
    pub fn send(&mut self) {
        self.at += 2 * SECOND;
        for (id, lanes) in &mut self.sessions {
            for ((lane, source), track) in lanes.iter_mut().zip(1..) {
                let units = source(self.at);
                let Some(first) = units.first() else { continue };
                let samples: Vec<_> = units
                    .iter()
                    .map(|unit| (unit.duration as u32, (unit.pts - unit.dts) as i32, &unit.data[..]))
                    .collect();
                let bytes = fragment(track, first.dts, &samples, None);
                bytes.chunks(1000).for_each(|piece| self.rig.bytes(*id, piece.to_vec()));
                lane.sent.extend(units);
            }
        }
        self.rig.pass(Duration::from_secs(2));
    }

    pub fn sent(&self) -> impl Iterator<Item = &Lane> {
        self.sessions.iter().flat_map(|(_, lanes)| lanes).map(|(lane, _)| lane)
    }
}

/// One connection of an RTMP encoder.
pub struct Connection {
    id: IngestId,
    publisher: Publisher,
    script: Script,
    pub sent: Vec<Stored>,
    pub sounds: Vec<Stored>,
}

impl Connection {
    pub fn new(rig: &mut Rig, n: usize, kbps: u32, sps: &[u8]) -> Self {
        let mut publisher = Publisher::new("live", &format!("rung{n}"));
        let mut demuxer = RtmpSession::new(RtmpConfig::default(), rig.now);
        demuxer.push(publisher.start().into(), rig.now).unwrap();
        while let Some(Demuxed::Reply(bytes)) = demuxer.pull() {
            publisher.on_reply(&bytes);
        }
        demuxer.accept().unwrap();
        let id = rig.channel.attach_as(session("rtmp", n), Box::new(demuxer), rig.now).unwrap();
        let rates = [("videodatarate", f64::from(kbps)), ("audiodatarate", 128.0)];
        rig.bytes(id, publisher.metadata(&rates));
        rig.bytes(id, publisher.video_config(&avcc(sps, PPS)));
        rig.bytes(id, publisher.audio_config(&[0x11, 0x90]));
        let mut script = Script::default();
        (script.frame, script.gop, script.size) = (3600, 25, kbps as usize);
        Self { id, publisher, script, sent: Vec::new(), sounds: Vec::new() }
    }

    /// The next picture and the sound before it. Pictures are shown 40 ms after the decode time that they would have without
    /// B pictures; their stored decode times are later by that delay, and their stored presentation times are those that came.
    pub fn send(&mut self, rig: &mut Rig) {
        let units = self.script.step();
        for unit in self.script.units[units].iter() {
            let ms = (unit.at + 45) / 90;
            let bytes = if unit.is_video {
                let n = unit.at / 3600;
                let cts = (n - n % 25 + shown(n % 25, 25)) * 40 + 40 - ms;
                let data = with_length(&unit.data);
                let bytes = self.publisher.video(ms as u32, cts as i32, unit.is_idr, &data);
                let (dts, pts) = ((ms + 40) * 90, (ms + cts) * 90);
                self.sent.push(Stored { dts, pts, duration: 3600, is_sync: unit.is_idr, data });
                bytes
            } else {
                let step = (unit.at + 1920 + 45) / 90 - ms;
                let (at, data) = (ms * 48, unit.data.to_vec());
                self.sounds.push(Stored { dts: at, pts: at, duration: step * 48, is_sync: true, data });
                self.publisher.audio(ms as u32, &unit.data)
            };
            rig.bytes(self.id, bytes);
        }
    }
}
