//! Reads `moov`: which tracks there are and how their samples are coded (ISO/IEC 14496-12 clauses 8.2 to 8.5, 8.8.3).
//!
//! Only what fragments need is read: sample tables are stepped over. To read one more box, add it to the walk of its level.

use bytes::Bytes;

use super::{
    entry::SampleEntry,
    reader::{BoxRef, check_at, take_u32, truncated},
};
use crate::{
    error::{LimitError, ParseError},
    media::Language,
    wire::mp4::reader::Boxes,
};

/// The tracks of a `moov`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Movie {
    /// In its order; at most [`MAX_TRACKS`].
    pub(crate) tracks: Vec<MovieTrack>,
}

/// One track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MovieTrack {
    /// `track_ID`.
    pub(crate) id: u32,
    /// Ticks per second; 0 where `mdhd` is missing.
    pub(crate) timescale: u32,
    /// Of `mdhd`.
    pub(crate) language: Language,
    /// `handler_type`, such as `vide`.
    pub(crate) handler: [u8; 4],
    /// The first sample entry, where there is one that can be read.
    pub(crate) entry: Option<SampleEntry>,
    /// What `trex` says of samples that say nothing.
    pub(crate) defaults: SampleDefaults,
}

/// What holds for samples that do not say otherwise (clauses 8.8.3 and 8.8.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SampleDefaults {
    pub(crate) duration: u32,
    pub(crate) size: u32,
    pub(crate) flags: u32,
}

/// Tracks that one `moov` may have.
const MAX_TRACKS: usize = 64;

impl Movie {
    /// Reads the payload of a `moov` that starts at byte `offset` of its stream.
    pub(crate) fn parse(payload: &Bytes, offset: u64) -> Result<Self, ParseError> {
        check_at(payload, offset)?;
        let (mut tracks, mut defaults) = (Vec::new(), Vec::new());
        for found in Boxes::new(payload, offset) {
            let found = found?;
            match &found.kind {
                b"trak" if tracks.len() == MAX_TRACKS => {
                    let asked = MAX_TRACKS as u64;
                    let limit = LimitError { what: "tracks", ceiling: asked, asked: asked.saturating_add(1) };
                    return Err(ParseError::new(limit.into(), "mp4", None, found.offset));
                }
                b"trak" => tracks.push(track(&found)?),
                b"mvex" => read_defaults(&found, &mut defaults)?,
                _ => {}
            }
        }
        // `mvex` may stand before the tracks or after them.
        for track in &mut tracks {
            let known = defaults.iter().find(|(id, _)| *id == track.id);
            track.defaults = known.map_or(SampleDefaults::default(), |(_, defaults)| *defaults);
        }
        Ok(Self { tracks })
    }
}

fn track(trak: &BoxRef<'_>) -> Result<MovieTrack, ParseError> {
    let mut id = None;
    let mut track = MovieTrack {
        id: 0,
        timescale: 0,
        language: Language::UND,
        handler: *b"    ",
        entry: None,
        defaults: SampleDefaults::default(),
    };
    for found in trak.children() {
        let found = found?;
        match &found.kind {
            b"tkhd" => id = Some(track_id(&found)?),
            b"mdia" => media(&found, &mut track)?,
            _ => {}
        }
    }
    track.id = id.ok_or_else(|| truncated("tkhd", trak.offset))?;
    Ok(track)
}

fn track_id(tkhd: &BoxRef<'_>) -> Result<u32, ParseError> {
    let (version, _, rest) = tkhd.full()?;
    // Creation and modification time come before it.
    let at = if version == 0 { 8 } else { 16 };
    let id = rest.get(at..).and_then(take_u32).ok_or_else(|| truncated("tkhd", tkhd.offset))?;
    Ok(id.0)
}

fn media(mdia: &BoxRef<'_>, track: &mut MovieTrack) -> Result<(), ParseError> {
    // The handler tells how to read the sample entry, and stands before it or, rarely, behind.
    let mut description = None;
    for found in mdia.children() {
        let found = found?;
        match &found.kind {
            b"mdhd" => (track.timescale, track.language) = media_header(&found)?,
            b"hdlr" => {
                let (_, _, rest) = found.full()?;
                let kind = rest.get(4..).and_then(|rest| rest.first_chunk());
                track.handler = *kind.ok_or_else(|| truncated("hdlr", found.offset))?;
            }
            b"minf" => description = sample_description(&found)?,
            _ => {}
        }
    }
    if let Some(stsd) = description {
        track.entry = SampleEntry::first(&stsd, track.handler)?;
    }
    Ok(())
}

fn media_header(mdhd: &BoxRef<'_>) -> Result<(u32, Language), ParseError> {
    let cut = || truncated("mdhd", mdhd.offset);
    let (version, _, rest) = mdhd.full()?;
    let (at, duration_len) = if version == 0 { (8, 4) } else { (16, 8) };
    let (timescale, rest) = rest.get(at..).and_then(take_u32).ok_or_else(cut)?;
    let code = rest.get(duration_len..).and_then(|rest| rest.first_chunk::<2>()).ok_or_else(cut)?;
    let code = u16::from_be_bytes(*code);
    // Three letters of five bits, each less 0x60 (clause 8.4.2.3).
    let letters = [code >> 10, code >> 5, code].map(|letter| u8::try_from(letter & 0x1F).unwrap_or(0) | 0x60);
    let language = std::str::from_utf8(&letters).ok().and_then(Language::new);
    Ok((timescale, language.unwrap_or(Language::UND)))
}

fn sample_description<'a>(minf: &BoxRef<'a>) -> Result<Option<BoxRef<'a>>, ParseError> {
    for stbl in minf.children() {
        let stbl = stbl?;
        if &stbl.kind == b"stbl" {
            for found in stbl.children() {
                let found = found?;
                if &found.kind == b"stsd" {
                    return Ok(Some(found));
                }
            }
        }
    }
    Ok(None)
}

fn read_defaults(mvex: &BoxRef<'_>, defaults: &mut Vec<(u32, SampleDefaults)>) -> Result<(), ParseError> {
    for found in mvex.children() {
        let found = found?;
        if &found.kind != b"trex" || defaults.len() == MAX_TRACKS {
            continue;
        }
        let (_, _, mut rest) = found.full()?;
        let mut words = [0; 5];
        for word in &mut words {
            (*word, rest) = take_u32(rest).ok_or_else(|| truncated("trex", found.offset))?;
        }
        let [id, _description, duration, size, flags] = words;
        defaults.push((id, SampleDefaults { duration, size, flags }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::{AacConfig, AudioTrack, H264Config, NalFraming, TrackFormat, TrackId, TrackSpec, VideoTrack},
        wire::mp4::init_segment,
    };

    fn moov(file: &Bytes) -> Bytes {
        let ftyp = u32::from_be_bytes(file[..4].try_into().unwrap()) as usize;
        file.slice(ftyp + 8..)
    }

    #[test]
    fn what_the_init_writer_writes_is_read_back() {
        let format = TrackFormat::Aac(
            AudioTrack { sample_rate: 44_100, channels: 2 },
            AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) },
        );
        let spec = TrackSpec::audio(TrackId(7), "a", 64_000, format, Language::new("deu").unwrap());
        let movie = Movie::parse(&moov(&init_segment(&spec).unwrap()), 0).unwrap();
        let [track] = &movie.tracks[..] else { panic!("{movie:?}") };
        assert_eq!((track.id, track.timescale, track.language.as_str()), (2, 44_100, "deu"));
        let entry = track.entry.as_ref().unwrap();
        assert_eq!((&entry.kind, entry.object_type, entry.bitrate), (b"mp4a", Some(0x40), 64_000));
        assert_eq!(entry.config.as_deref(), Some(&[0x12, 0x10][..]));

        let config = H264Config {
            framing: NalFraming::Length(4),
            sps: vec![Bytes::from_static(&[0x67, 0x42, 0x00, 0x1F])],
            pps: vec![Bytes::from_static(&[0x68, 0xEE])],
        };
        let format = TrackFormat::H264(VideoTrack::new(1280, 720), config);
        let spec = TrackSpec::video(TrackId(0), "v", 3_500_000, format, crate::media::FrameRate::FPS_30);
        let movie = Movie::parse(&moov(&init_segment(&spec).unwrap()), 0).unwrap();
        let entry = movie.tracks[0].entry.as_ref().unwrap();
        assert_eq!((&entry.kind, entry.width, entry.height, entry.sample_aspect), (b"avc1", 1280, 720, Some((1, 1))));
        assert_eq!(entry.config.as_ref().unwrap()[..4], [1, 0x42, 0, 0x1F]);
    }

    #[test]
    fn any_cut_and_any_flipped_byte_is_a_value_or_an_error() {
        let format = TrackFormat::Aac(
            AudioTrack { sample_rate: 44_100, channels: 2 },
            AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) },
        );
        let spec = TrackSpec::audio(TrackId(7), "a", 64_000, format, Language::UND);
        let good = moov(&init_segment(&spec).unwrap());
        for end in 1..good.len() {
            let _ = Movie::parse(&good.slice(..end), 0);
        }
        for place in 0..good.len() {
            for value in [0, 1, 7, 0x7F, 0xFF] {
                let mut bytes = good.to_vec();
                bytes[place] = value;
                let _ = Movie::parse(&bytes.into(), 0);
            }
        }
    }
}
