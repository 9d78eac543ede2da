//! ADTS elementary stream to AAC access units (ISO/IEC 14496-3 clause 1.A.3, ISO/IEC 13818-1 clause 2.4.3.7).
//!
//! Frames lie anywhere in the PES packets. The first frame that begins in a PES packet has its PTS, those after it follow at
//! exactly 1 024 samples each.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::out::Out;
use crate::{
    codec::adts::{AdtsConfig, AdtsHeader, MIN_HEADER_LEN, SAMPLES_PER_FRAME, is_sync},
    error::Fault,
    ingest::Demuxed,
    media::{AccessUnit, Language, Track, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Timescale},
};

/// One AAC stream.
#[derive(Debug)]
pub(super) struct Audio {
    track: TrackId,
    language: Language,
    /// From the first byte of a frame, or of what may be one: less than one frame and one payload.
    data: BytesMut,
    /// Bytes of the stream before `data`.
    base: u64,
    /// There is nothing to do before `data` is this long.
    wanted: usize,
    marks: VecDeque<(u64, MediaTime)>,
    /// The last time stamp and the samples since.
    anchor: Option<(MediaTime, i64)>,
    is_synced: bool,
    skipped: u64,
    config: Option<AdtsConfig>,
    /// Another configuration and the frames that had it, held until it is believed.
    candidate: Option<(AdtsConfig, Vec<(MediaTime, Bytes)>)>,
}

impl Audio {
    pub(super) fn new(track: TrackId, language: Language) -> Self {
        Self {
            track,
            language,
            data: BytesMut::new(),
            base: 0,
            wanted: 0,
            marks: VecDeque::new(),
            anchor: None,
            is_synced: false,
            skipped: 0,
            config: None,
            candidate: None,
        }
    }

    /// A PES packet begins.
    pub(super) fn start(&mut self, pts: Option<MediaTime>) {
        if let Some(pts) = pts {
            if self.marks.len() == MAX_MARKS {
                self.marks.pop_front();
            }
            self.marks.push_back((self.base + self.data.len() as u64, pts));
        }
    }

    /// More bytes of it.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Out) {
        if self.data.capacity() - self.data.len() < bytes.len() {
            self.data.reserve(BLOCK);
        }
        self.data.extend_from_slice(bytes);
        out.held += bytes.len();
        if self.data.len() < self.wanted {
            return;
        }
        let before = self.data.len();
        while self.step(out) {}
        out.held = out.held.saturating_sub(before - self.data.len());
    }

    /// Packets are missing here: the frame that they cut is dropped, and what follows has no time before the next PES packet.
    pub(super) fn gap(&mut self, out: &mut Out) {
        out.dropped(u64::from(!self.data.is_empty()), "cut by packet loss");
        self.base += self.data.len() as u64;
        out.held = out.held.saturating_sub(self.data.len());
        self.data.clear();
        self.marks.clear();
        (self.wanted, self.anchor, self.is_synced) = (0, None, false);
    }

    /// No more will come.
    pub(super) fn finish(&mut self, out: &mut Out) {
        let is_half = !self.data.is_empty() && self.is_synced;
        out.dropped(u64::from(is_half), "half at the end");
        if !is_half {
            self.skipped += self.data.len() as u64;
        }
        self.tell_skipped(out);
        out.held = out.held.saturating_sub(self.data.len());
        self.base += self.data.len() as u64;
        self.data.clear();
        self.marks.clear();
        (self.wanted, self.anchor, self.is_synced) = (0, None, false);
        self.drop_candidate(out);
    }

    /// Takes one frame or passes over what is none; `false`: more bytes are needed.
    fn step(&mut self, out: &mut Out) -> bool {
        if self.data.len() < MIN_HEADER_LEN {
            self.wanted = MIN_HEADER_LEN;
            return false;
        }
        let Ok(header) = AdtsHeader::parse(&self.data) else {
            let rest = self.data.get(1..).unwrap_or(&[]);
            self.skip(1 + memchr::memchr(0xFF, rest).unwrap_or(rest.len()));
            return true;
        };
        // Out of sync, a header counts where a PES packet begins with it or another follows its frame.
        let is_sure = self.is_synced || self.marks.iter().any(|(at, _)| *at == self.base);
        self.wanted = header.frame_len + if is_sure { 0 } else { 2 };
        if self.data.len() < self.wanted {
            return false;
        }
        let after = self.data.get(header.frame_len..).unwrap_or(&[]);
        if !is_sure && !matches!(after, [first, second, ..] if is_sync(*first, *second)) {
            self.skip(1);
            return true;
        }
        self.is_synced = true;
        self.tell_skipped(out);
        self.frame(header, out);
        self.wanted = MIN_HEADER_LEN;
        true
    }

    fn frame(&mut self, header: AdtsHeader, out: &mut Out) {
        while let Some((_, pts)) = self.marks.pop_front_if(|(at, _)| *at <= self.base) {
            self.anchor = Some((pts, 0));
        }
        let data = self.data.split_to(header.frame_len).freeze().slice(header.header_len..);
        self.base += header.frame_len as u64;
        let Some((start, samples)) = &mut self.anchor else {
            return out.dropped(1, "no time stamp");
        };
        let pts = start.plus(samples_long(*samples, &header.config));
        *samples += i64::from(SAMPLES_PER_FRAME);
        if self.config.is_none() {
            self.announce(header.config, out);
        }
        if self.config == Some(header.config) {
            self.drop_candidate(out);
            self.unit(header.config, pts, data, out);
        } else {
            self.believe(header.config, pts, data, out);
        }
    }

    /// A change is taken after three equal frames in a row; until then they are held.
    fn believe(&mut self, config: AdtsConfig, pts: MediaTime, data: Bytes, out: &mut Out) {
        if self.candidate.as_ref().is_some_and(|(other, _)| *other != config) {
            self.drop_candidate(out);
        }
        let (_, held) = self.candidate.get_or_insert_with(|| (config, Vec::new()));
        held.push((pts, data));
        if held.len() < BELIEVED {
            return;
        }
        let held = std::mem::take(held);
        self.candidate = None;
        self.announce(config, out);
        for (pts, data) in held {
            self.unit(config, pts, data, out);
        }
    }

    fn drop_candidate(&mut self, out: &mut Out) {
        let count = self.candidate.take().map_or(0, |(_, held)| held.len() as u64);
        out.dropped(count, "unlike the frames around it");
    }

    fn announce(&mut self, config: AdtsConfig, out: &mut Out) {
        self.config = Some(config);
        let format = TrackFormat::Aac(config.audio_track(), config.aac_config());
        let track = Track { language: self.language, ..Track::new(self.track, Timescale::MPEG, format) };
        out.queue.push_back(Demuxed::Track(track));
    }

    fn unit(&self, config: AdtsConfig, pts: MediaTime, data: Bytes, out: &mut Out) {
        out.queue.push_back(Demuxed::Unit(AccessUnit {
            track: self.track,
            pts,
            dts: pts,
            duration: samples_long(SAMPLES_PER_FRAME.into(), &config),
            is_random_access: true,
            is_damaged: false,
            data,
        }));
    }

    fn skip(&mut self, count: usize) {
        let count = count.min(self.data.len());
        drop(self.data.split_to(count));
        self.base += count as u64;
        self.skipped += count as u64;
        self.is_synced = false;
    }

    fn tell_skipped(&mut self, out: &mut Out) {
        let skipped = std::mem::take(&mut self.skipped);
        if skipped > 0 {
            out.fault(Fault::Resync { skipped });
        }
    }
}

fn samples_long(samples: i64, config: &AdtsConfig) -> MediaDuration {
    let rate = Timescale::new(config.audio_track().sample_rate);
    MediaDuration::from_ticks(samples, rate.unwrap_or(Timescale::MPEG))
}

/// Equal frames in a row that make a change of configuration believed.
const BELIEVED: usize = 3;
/// Frames share blocks of this size; a frame has 8 191 bytes at most.
const BLOCK: usize = 16 << 10;
/// PES packets in which no frame begins keep no more stamps than this.
const MAX_MARKS: usize = 32;
