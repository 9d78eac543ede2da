//! The init segment of one track: `ftyp` and `moov` without samples (ISO/IEC 14496-12 clause 8, CMAF clause 7.3.2).

use bytes::Bytes;

use super::{BoxWriter, sample_entry::sample_entry};
use crate::media::{Language, TrackSpec};

/// The init segment of `track`; `None` where the format cannot stand in an MP4 file.
///
/// There is no edit list: players that read media sources ignore one, so presentation starts at the first access unit's
/// composition time.
pub(crate) fn init_segment(track: &TrackSpec) -> Option<Bytes> {
    let entry = sample_entry(track)?;
    let mut w = BoxWriter::with_capacity(1024);
    w.boxed(b"ftyp", |w| {
        w.raw(b"iso6");
        w.u32(0);
        w.raw(b"iso6cmfcmp41");
    });
    w.boxed(b"moov", |w| {
        mvhd(w, track);
        w.boxed(b"trak", |w| {
            tkhd(w, track);
            w.boxed(b"mdia", |w| {
                mdhd(w, track);
                hdlr(w, track);
                w.boxed(b"minf", |w| minf(w, track, &entry));
            });
        });
        w.boxed(b"mvex", |w| {
            // ISO/IEC 14496-12 clause 8.8.3: defaults that every fragment overrides.
            w.full(b"trex", 0, 0, |w| [track_id(track), 1, 0, 0, 0].into_iter().for_each(|word| w.u32(word)));
        });
    });
    Some(w.into_bytes())
}

/// Each track has a file of its own; ids differ between video, audio and text so that a joined file stays legal.
pub(super) fn track_id(track: &TrackSpec) -> u32 {
    match kind(track) {
        Kind::Video => 1,
        Kind::Audio => 2,
        Kind::Text => 3,
    }
}

/// What a track is to an MP4 file: which handler, and which media header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Video,
    Audio,
    Text,
}

fn kind(track: &TrackSpec) -> Kind {
    if track.format.is_video() {
        Kind::Video
    } else if track.format.is_audio() {
        Kind::Audio
    } else {
        Kind::Text
    }
}

const UNITY_MATRIX: [u32; 9] = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];

fn mvhd(w: &mut BoxWriter, track: &TrackSpec) {
    w.full(b"mvhd", 0, 0, |w| {
        w.zeros(2); // creation and modification time: none, so that the bytes depend on the input only
        w.u32(track.timescale.per_second());
        w.u32(0);
        w.u32(0x0001_0000); // rate
        w.u16(0x0100); // volume
        w.u16(0);
        w.zeros(2);
        UNITY_MATRIX.into_iter().for_each(|word| w.u32(word));
        w.zeros(6);
        w.u32(track_id(track).saturating_add(1));
    });
}

fn tkhd(w: &mut BoxWriter, track: &TrackSpec) {
    // Flags: enabled, in the movie, in the preview.
    w.full(b"tkhd", 0, 7, |w| {
        w.zeros(2);
        w.u32(track_id(track));
        w.zeros(2);
        w.zeros(2);
        w.u32(0); // layer, alternate group
        w.u16(if track.format.is_audio() { 0x0100 } else { 0 });
        w.u16(0);
        UNITY_MATRIX.into_iter().for_each(|word| w.u32(word));
        let (width, height) = display_size(track);
        w.u32(width << 16);
        w.u32(height << 16);
    });
}

/// Width and height as shown, in square pixels of the coded height.
fn display_size(track: &TrackSpec) -> (u32, u32) {
    let Some(video) = track.format.video() else { return (0, 0) };
    let (horizontal, vertical) = video.sample_aspect;
    let wide = u64::from(video.width).saturating_mul(u64::from(horizontal));
    let width = wide.checked_div(u64::from(vertical)).filter(|width| *width > 0).unwrap_or(u64::from(video.width));
    (u32::try_from(width).unwrap_or(u32::MAX).min(0xFFFF), video.height.min(0xFFFF))
}

fn mdhd(w: &mut BoxWriter, track: &TrackSpec) {
    w.full(b"mdhd", 0, 0, |w| {
        w.zeros(2);
        w.u32(track.timescale.per_second());
        w.u32(0);
        w.u16(packed_language(track.language));
        w.u16(0);
    });
}

/// Three letters of five bits, each less 0x60: the terminological code (clause 8.4.2.3).
fn packed_language(language: Language) -> u16 {
    language.terminological().bytes().fold(0u16, |code, letter| code << 5 | u16::from(letter.wrapping_sub(0x60) & 0x1F))
}

fn hdlr(w: &mut BoxWriter, track: &TrackSpec) {
    // `subt` for timed text: ISO/IEC 14496-12 clause 12.6.1.
    let (handler, name) = match kind(track) {
        Kind::Video => (b"vide", &b"video\0"[..]),
        Kind::Audio => (b"soun", &b"audio\0"[..]),
        Kind::Text => (b"subt", &b"text\0"[..]),
    };
    w.full(b"hdlr", 0, 0, |w| {
        w.u32(0);
        w.raw(handler);
        w.zeros(3);
        w.raw(name);
    });
}

fn minf(w: &mut BoxWriter, track: &TrackSpec, entry: &[u8]) {
    match kind(track) {
        Kind::Video => w.full(b"vmhd", 0, 1, |w| w.zeros(2)),
        Kind::Audio => w.full(b"smhd", 0, 0, |w| w.zeros(1)),
        Kind::Text => w.full(b"sthd", 0, 0, |_| {}),
    }
    w.boxed(b"dinf", |w| {
        w.full(b"dref", 0, 0, |w| {
            w.u32(1);
            w.full(b"url ", 0, 1, |_| {}); // flag 1: in this very file
        });
    });
    w.boxed(b"stbl", |w| {
        w.full(b"stsd", 0, 0, |w| {
            w.u32(1);
            w.raw(entry);
        });
        w.full(b"stts", 0, 0, |w| w.u32(0));
        w.full(b"stsc", 0, 0, |w| w.u32(0));
        w.full(b"stsz", 0, 0, |w| w.zeros(2));
        w.full(b"stco", 0, 0, |w| w.u32(0));
    });
}
