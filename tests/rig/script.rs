//! What an encoder on the wire sends, whatever the protocol: marked toy pictures and sound with a beep, on one clock.

use std::time::Duration;

use bytes::Bytes;
use headend::channel::IngestId;

use super::Rig;

/// Something that is sent, when, and which access units (positions in [`Script::units`]) it carries a part of.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: Duration,
    pub bytes: Bytes,
    pub units: Vec<usize>,
}

/// An access unit as the encoder made it, without any container.
#[derive(Clone, Debug)]
pub struct Unit {
    pub is_video: bool,
    pub is_idr: bool,
    pub mark: u8,
    /// Picture: the slice's NAL unit. Sound: the raw frame.
    pub data: Bytes,
    /// Time since the encoder's first picture, in 90 kHz ticks, without any jump of its time stamps.
    pub at: i64,
}

/// Makes access units: pictures at a constant rate, sound at 48 kHz that beeps while the picture flashes.
#[derive(Clone, Debug)]
pub struct Script {
    /// Ticks of 90 kHz from picture to picture.
    pub frame: i64,
    /// Pictures from IDR to IDR.
    pub gop: u64,
    /// Ticks of 90 kHz from frame of sound to frame of sound.
    pub sound: i64,
    /// Bytes of a picture, about.
    pub size: usize,
    /// How far ahead of its picture sound is sent, in ticks of 90 kHz.
    pub lead: i64,
    pub units: Vec<Unit>,
    /// Real pictures (one slice each) and sound instead of toys, where there are any.
    pub coded: Coded,
    frames: u64,
    sounds: i64,
    at: i64,
    /// Where `Sent::at` counts from.
    begin: i64,
    random: Random,
}

/// What a real encoder made.
#[derive(Clone, Debug, Default)]
pub struct Coded {
    pub pictures: Vec<Bytes>,
    pub sounds: Vec<Bytes>,
}

impl Default for Script {
    fn default() -> Self {
        let random = Random(7);
        Self {
            frame: 3000,
            gop: 30,
            sound: 1920,
            size: 900,
            lead: 0,
            units: Vec::new(),
            coded: Coded::default(),
            frames: 0,
            sounds: 0,
            at: 0,
            begin: 0,
            random,
        }
    }
}

impl Script {
    /// One second of 90 kHz.
    pub const SECOND: i64 = 90_000;

    /// The next picture with the sound up to it: positions of the new units, the sound first.
    pub fn step(&mut self) -> std::ops::Range<usize> {
        let first = self.units.len();
        while self.sounds <= self.at + self.lead {
            let sample = self.sounds * 48 / 90;
            let mark = if sample.rem_euclid(48_000) < 1024 { 200 } else { 0 };
            let mut data = vec![0x21; 40];
            data[0] = mark;
            let coded = self.coded.sounds.get((self.sounds / self.sound) as usize);
            let data = coded.cloned().unwrap_or_else(|| data.into());
            self.units.push(Unit { is_video: false, is_idr: true, mark, data, at: self.sounds });
            self.sounds += self.sound;
        }
        let is_idr = self.frames.is_multiple_of(self.gop);
        let is_flash = self.at.rem_euclid(Self::SECOND) < self.frame;
        let mark = if is_flash { 250 } else { 60 + (self.frames % 100) as u8 };
        let length = self.size / 2 + self.random.below(self.size);
        // A slice of macroblock 0; what follows never looks like a start code.
        let mut data = vec![if is_idr { 0x65 } else { 0x41 }, 0x88];
        data.extend((0..length).map(|_| self.random.below(255) as u8 | 1));
        data.push(mark);
        let data = self.coded.pictures.get(self.frames as usize).cloned().unwrap_or_else(|| data.into());
        self.units.push(Unit { is_video: true, is_idr, mark, data, at: self.at });
        self.frames += 1;
        self.at += self.frame;
        first..self.units.len()
    }

    /// Time passes in which nothing is sent: `ticks` of 90 kHz, to the nearest picture.
    pub fn leave_out(&mut self, ticks: i64) {
        let frames = ticks / self.frame;
        self.at += frames * self.frame;
        let behind = (self.at - self.sounds).max(0);
        self.sounds += (behind + self.sound - 1) / self.sound * self.sound;
        self.frames += frames as u64;
    }

    /// Makes the next picture one that is not an IDR picture.
    pub fn skip_idr(&mut self) {
        self.frames = self.frames.max(1);
    }

    /// Makes the next picture an IDR picture, as an encoder that restarts does.
    pub fn restart(&mut self) {
        self.frames = 0;
    }

    /// What is sent from now on is sent that long after now.
    pub fn begin_here(&mut self) {
        self.begin = self.at;
    }

    /// When the picture that was made last is sent.
    pub fn sent_at(&self) -> Duration {
        host_time(self.at - self.frame - self.begin)
    }

    /// The pictures that were made so far.
    pub fn pictures(&self) -> impl Iterator<Item = &Unit> {
        self.units.iter().filter(|unit| unit.is_video)
    }

    /// Time of the next picture since the first.
    pub fn now(&self) -> i64 {
        self.at
    }
}

/// Ticks of 90 kHz as host time.
pub fn host_time(ticks: i64) -> Duration {
    Duration::from_nanos(ticks.max(0) as u64 * 100_000 / 9)
}

impl Rig {
    /// Hands in what was sent, each at its time after `start` on the monotonic clock.
    pub fn play(&mut self, id: IngestId, start: Duration, sent: &[Sent]) {
        for piece in sent {
            self.pass((start + piece.at).saturating_sub(self.now.monotonic));
            self.bytes(id, piece.bytes.clone());
        }
    }
}

/// A seeded sequence (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ z >> 31) % end as u64) as usize
    }
}
