//! Segments of HLS before version 7, made out of stored fragments when somebody asks: MPEG-2 transport streams (RFC 8216 clause
//! 3.2) and packed audio (clause 3.4).
//!
//! Pictures come in a transport stream, by themselves or with one language; sound by itself as ADTS frames. Takes H.264 and AAC.
//! The same fragments always make the same bytes, whichever segment was made before and on whichever host. To take another
//! codec: `carries`, and what turns its access units into pieces.

use super::{
    clock::{LEAD, wrapped},
    pictures::{PictureTime, Pictures},
    sound::{self, Sound},
};
use crate::{
    error::{ParseError, ParseErrorKind},
    media::{Body, H264Config, Language, Span, TrackFormat, TrackSpec},
    package::stored,
    wire::ts::{MuxLane, Muxer, PesStart, Program, ProgramNumber, ProgramStream, StreamType},
};

/// Whether segments before version 7 can hold this track.
#[must_use]
pub fn carries(track: &TrackSpec) -> bool {
    matches!(&track.format, TrackFormat::H264(_, config) if !config.sps.is_empty())
        || sound::adts_config(track).is_some()
}

/// Media type of a segment of this track.
#[must_use]
pub const fn segment_type(track: &TrackSpec) -> &'static str {
    if track.format.is_video() { "video/mp2t" } else { "audio/aac" }
}

/// The segment that these tracks' fragments make: of pictures, of sound, or of both in that order, each with its fragments in order.
/// `number` goes up by one from segment to segment, so that the counters of its tables go on.
///
/// # Errors
/// A fragment cannot be read, or its track is none that such a segment holds.
pub fn segment(number: u32, parts: &[(&TrackSpec, &[Body])]) -> Result<Body, ParseError> {
    match parts {
        [(track, bodies)] if track.format.is_audio() => {
            let config = sound::adts_config(track).ok_or_else(|| unsupported(track))?;
            sound::packed(track, config, &stored::read_row(bodies)?).map(Body::from)
        }
        [(track, bodies)] => {
            let fragment = stored::read_row(bodies)?;
            let video = Pictures::new(track, h264(track)?, &fragment);
            Ok(multiplex(video, None, Shape { number, capacity: capacity(stored_bytes(bodies)) }))
        }
        [(track, bodies), (sound_track, sound_bodies)] => {
            let config = sound::adts_config(sound_track).ok_or_else(|| unsupported(sound_track))?;
            let (fragment, sound_fragment) = (stored::read_row(bodies)?, stored::read_row(sound_bodies)?);
            let video = Pictures::new(track, h264(track)?, &fragment);
            let headers = sound::headers(config, &sound_fragment)?;
            let sound = Sound::new(sound_track, config, &sound_fragment, &headers);
            let bytes = stored_bytes(bodies).saturating_add(stored_bytes(sound_bodies));
            Ok(multiplex(video, Some((sound, sound_track.language)), Shape { number, capacity: capacity(bytes) }))
        }
        _ => Err(ParseError::new(ParseErrorKind::Missing { what: "fragment" }, "ts", None, 0)),
    }
}

/// The key frame that a fragment begins with, as a transport stream of its own. It lasts as long as the whole, whose span this is.
///
/// # Errors
/// The fragment cannot be read or begins with no key frame, or its track is none that such a segment holds.
pub fn key_frame(track: &TrackSpec, body: &Body, span: Span) -> Result<Body, ParseError> {
    let fragment = stored::key_frame(body, span)?;
    let bytes = fragment.samples.iter().fold(0usize, |sum, sample| sum.saturating_add(sample.data.len()));
    let shape = Shape { number: fragment.sequence, capacity: capacity(bytes) };
    Ok(multiplex(Pictures::new(track, h264(track)?, &fragment), None, shape))
}

fn h264(track: &TrackSpec) -> Result<&H264Config, ParseError> {
    match &track.format {
        TrackFormat::H264(_, config) => Ok(config),
        _ => Err(unsupported(track)),
    }
}

fn unsupported(track: &TrackSpec) -> ParseError {
    let kind = ParseErrorKind::Unsupported { what: "codec in a transport stream", value: 0 };
    ParseError::new(kind, "ts", Some(track.id.0), 0)
}

fn stored_bytes(bodies: &[Body]) -> usize {
    bodies.iter().fold(0, |sum, body| sum.saturating_add(body.len()))
}

/// About as many bytes as the segment of so many has: one allocation does for all but segments of very many small access units.
const fn capacity(stored: usize) -> usize {
    stored.saturating_add(stored / 16).saturating_add(16_384)
}

/// Writes a transport stream: tables, then pictures in decoding order with the sound of about the same time.
fn multiplex<'a>(mut video: Pictures<'a>, mut sound: Option<(Sound<'a>, Language)>, shape: Shape) -> Body {
    let mut out = Writer::new(sound.as_ref().map(|(_, language)| *language), shape);
    let (mut pieces, mut ahead, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    let mut now = video.next(&mut pieces);
    loop {
        // Known before this one is written: the last one is written in another way.
        let next = now.and_then(|_| video.next(&mut ahead));
        if let Some(time) = now {
            out.picture(&time, &pieces, next.is_none());
        }
        if let Some((sound, _)) = &mut sound {
            let until = next.map_or(u64::MAX, |next| next.dts);
            while let Some(pts) = sound.next_pts().filter(|pts| *pts <= until) {
                let is_last = sound.next(&mut frames);
                out.frames(pts, &frames, is_last);
            }
        }
        if next.is_none() {
            break;
        }
        std::mem::swap(&mut pieces, &mut ahead);
        now = next;
    }
    out.muxer.into_bytes().into()
}

/// What is known of a segment beforehand.
#[derive(Clone, Copy)]
struct Shape {
    /// It goes up by one from segment to segment.
    number: u32,
    /// About as many bytes as it has.
    capacity: usize,
}

struct Writer {
    muxer: Muxer,
    video: MuxLane,
    audio: MuxLane,
    /// The last clock reference.
    clock: Option<u64>,
    /// Packets that may still be spent on the clock alone.
    clocks_left: usize,
}

impl Writer {
    fn new(language: Option<Language>, shape: Shape) -> Self {
        let mut muxer = Muxer::with_capacity(shape.capacity);
        let stream = |stream_type, pid, language| ProgramStream { stream_type, pid, language };
        let mut streams = vec![stream(StreamType::H264, PID_VIDEO, Language::UND)];
        streams.extend(language.map(|language| stream(StreamType::AAC_ADTS, PID_AUDIO, language)));
        // What a presentation holds never changes, nor does the version of its tables.
        let program = Program { number: ProgramNumber(1), pid: PID_MAP, version: 0, pcr_pid: PID_VIDEO, streams };
        // One packet of each: the tables count by the number of the segment, the streams each from 0 to 15 (`Muxer`).
        program.write(shape.number, muxer.bytes());
        let (video, audio) = (MuxLane::new(PID_VIDEO, VIDEO_STREAM), MuxLane::new(PID_AUDIO, AUDIO_STREAM));
        Self { muxer, video, audio, clock: None, clocks_left: MAX_CLOCKS }
    }

    fn picture(&mut self, time: &PictureTime, pieces: &[&[u8]], is_last: bool) {
        let pcr = time.dts.saturating_sub(LEAD);
        // Pictures that are far apart: the clock comes between them.
        while let Some(clock) = self.clock.map(|clock| clock.saturating_add(CLOCK)).filter(|clock| *clock < pcr) {
            let Some(left) = self.clocks_left.checked_sub(1) else { break };
            self.muxer.clock(&self.video, wrapped(clock));
            (self.clock, self.clocks_left) = (Some(clock), left);
        }
        self.clock = Some(pcr);
        let start = PesStart {
            pts: wrapped(time.pts),
            dts: wrapped(time.dts),
            pcr: Some(wrapped(pcr)),
            is_random_access: time.is_random_access,
            is_last,
        };
        self.muxer.pes(&mut self.video, &start, pieces);
    }

    fn frames(&mut self, pts: u64, pieces: &[&[u8]], is_last: bool) {
        let pts = wrapped(pts);
        let start = PesStart { pts, dts: pts, pcr: None, is_random_access: false, is_last };
        self.muxer.pes(&mut self.audio, &start, pieces);
    }
}

const PID_MAP: u16 = 0x1000;
const PID_VIDEO: u16 = 0x100;
const PID_AUDIO: u16 = 0x101;
/// `stream_id` (ISO/IEC 13818-1 table 2-22).
const VIDEO_STREAM: u8 = 0xE0;
const AUDIO_STREAM: u8 = 0xC0;
/// A clock reference comes every 100 ms at least (clause 2.7.2), in ticks of 90 kHz.
const CLOCK: u64 = 9000;
/// Packets with the clock alone that one segment may have: a minute's worth.
const MAX_CLOCKS: usize = 600;

#[cfg(test)]
mod tests;
