//! An encoder that sends the script over RTMP.

use bytes::Bytes;
use headend::{
    channel::IngestId,
    ingest::{
        Demuxed, Demuxer,
        rtmp::{RtmpConfig, RtmpSession},
    },
};

use super::{
    Rig,
    rtmp_publisher::{Publisher, with_length},
    script::{Script, Sent},
    ts_feed::{PPS, SPS_180},
};

/// A publisher with something to publish.
pub struct RtmpFeed {
    pub publisher: Publisher,
    pub script: Script,
    /// What is added to every time stamp, in milliseconds.
    pub offset: u32,
    pub sps: Bytes,
    pub pps: Bytes,
    pub asc: Bytes,
}

impl RtmpFeed {
    pub fn new(offset: u32) -> Self {
        let (sps, pps) = (Bytes::from_static(SPS_180), Bytes::from_static(PPS));
        // AAC-LC, 48 kHz, stereo.
        let asc = Bytes::from_static(&[0x11, 0x90]);
        Self { publisher: Publisher::new("live", "key"), script: Script::default(), offset, sps, pps, asc }
    }

    /// The sequence headers.
    pub fn headers(&self) -> Vec<u8> {
        let avcc = avcc(&self.sps, &self.pps);
        [self.publisher.video_config(&avcc), self.publisher.audio_config(&self.asc)].concat()
    }

    /// The next `count` pictures and their sound; one piece for each picture.
    pub fn pictures(&mut self, count: usize) -> Vec<Sent> {
        (0..count).map(|_| self.picture()).collect()
    }

    /// As many pictures as `order` has, sent in that order: the n-th to decode is the `order[n]`-th to show, `delay` pictures
    /// later than it would without. Without a delay composition times are negative.
    pub fn group(&mut self, order: &[usize], delay: i64) -> Vec<Sent> {
        let steps: Vec<_> = order.iter().map(|_| (self.script.step(), self.script.sent_at())).collect();
        let mut sent = Vec::new();
        for ((units, at), shown) in steps.iter().zip(order) {
            let place = units.end - 1;
            let mut bytes = Vec::new();
            for sound in &self.script.units[units.start..place] {
                bytes.extend(self.publisher.audio(self.millis(sound.at + delay * self.script.frame), &sound.data));
            }
            let index = steps[*shown].0.end - 1;
            let picture = &self.script.units[index];
            let dts = self.millis(self.script.units[place].at);
            let pts = self.millis(picture.at + delay * self.script.frame);
            let composition = pts.wrapping_sub(dts).cast_signed();
            bytes.extend(self.publisher.video(dts, composition, picture.is_idr, &with_length(&picture.data)));
            let mut carried: Vec<usize> = (units.start..place).collect();
            carried.push(index);
            sent.push(Sent { at: *at, bytes: bytes.into(), units: carried });
        }
        sent
    }

    /// A time of the script as it is sent.
    pub fn millis(&self, at: i64) -> u32 {
        self.offset.wrapping_add(((at + 45) / 90) as u32)
    }

    fn picture(&mut self) -> Sent {
        let units = self.script.step();
        let mut bytes = Vec::new();
        for unit in &self.script.units[units.clone()] {
            let ms = self.millis(unit.at);
            bytes.extend(if unit.is_video {
                self.publisher.video(ms, 0, unit.is_idr, &with_length(&unit.data))
            } else {
                self.publisher.audio(ms, &unit.data)
            });
        }
        Sent { at: self.script.sent_at(), bytes: bytes.into(), units: units.collect() }
    }
}

/// AVCDecoderConfigurationRecord with lengths of four bytes (ISO/IEC 14496-15 clause 5.3.3.1).
pub fn avcc(sps: &[u8], pps: &[u8]) -> Vec<u8> {
    let mut record = vec![1, sps[1], sps[2], sps[3], 0xFF, 0xE1];
    for set in [sps, pps] {
        record.extend((set.len() as u16).to_be_bytes());
        record.extend(set);
        if set == sps {
            record.push(1);
        }
    }
    record
}

impl Rig {
    /// Accepts a publisher's connection and lets it go on air.
    pub fn attach_rtmp(&mut self, publisher: &mut Publisher) -> IngestId {
        let mut session = RtmpSession::new(RtmpConfig::default(), self.now);
        session.push(publisher.start().into(), self.now).unwrap();
        while let Some(Demuxed::Reply(bytes)) = session.pull() {
            publisher.on_reply(&bytes);
        }
        session.accept().unwrap();
        self.attach("rtmp", Box::new(session))
    }
}
