//! What a track's samples are: by its sample entry, or by the manifest's `FourCC` and `CodecPrivateData` where the entry has
//! no decoder set-up. To take one more codec, add its coding name to `video` or `audio`.

use bytes::Bytes;

use crate::{
    codec::{
        asc::AudioSpecificConfig,
        avcc,
        h264::{NAL_PPS, NAL_SPS, nal_type, nal_units, video_track},
    },
    error::{ParseError, ParseErrorKind},
    ingest::smooth::refusal::HEADER,
    media::{
        AacConfig, Ac3Config, AudioTrack, Av1Config, Chroma, Colour, H264Config, HevcConfig, NalFraming, TextConfig,
        TrackFormat, VideoTrack,
    },
    wire::{
        mp4::{MovieTrack, SampleEntry},
        smil::ManifestTrack,
    },
};

/// The format of a video track.
pub(super) fn video(track: &MovieTrack, named: Option<&ManifestTrack>) -> Result<TrackFormat, ParseError> {
    let entry = track.entry.as_ref();
    let kind = entry.map_or([0; 4], |entry| entry.kind);
    let four_cc = named.map_or("", |named| named.four_cc.as_str());
    let is_h264 = matches!(&kind, b"avc1" | b"avc3") || (entry.is_none() && ["H264", "AVC1"].contains(&four_cc));
    if is_h264 {
        let record = entry.and_then(|entry| entry.config.as_ref());
        let config = record.map(avcc::parse).transpose().map_err(in_header)?.filter(|config| !config.sps.is_empty());
        let config = config.or_else(|| annex_b(named)).ok_or_else(|| missing("avcC"))?;
        let sps = config.sps.first().ok_or_else(|| missing("avcC"))?;
        return Ok(TrackFormat::H264(video_track(sps).map_err(in_header)?, config));
    }
    let Some(entry) = entry else { return Ok(TrackFormat::Unknown(four_cc.into())) };
    let config = || entry.config.clone();
    match &kind {
        b"hvc1" | b"hev1" => {
            let hvcc = config().ok_or_else(|| missing("hvcC"))?;
            Ok(TrackFormat::Hevc(hevc_track(entry, &hvcc)?, HevcConfig { hvcc }))
        }
        b"av01" => {
            let av1c = config().ok_or_else(|| missing("av1C"))?;
            Ok(TrackFormat::Av1(av1_track(entry, &av1c)?, Av1Config { av1c }))
        }
        _ => Ok(unknown(kind)),
    }
}

/// The format of an audio track.
pub(super) fn audio(track: &MovieTrack, named: Option<&ManifestTrack>) -> Result<TrackFormat, ParseError> {
    let entry = track.entry.as_ref();
    let private = named.filter(|named| named.four_cc.starts_with("AAC") && !named.codec_private.is_empty());
    let private = private.map(|named| Bytes::copy_from_slice(&named.codec_private));
    let Some(entry) = entry else {
        let four_cc = named.map_or("", |named| named.four_cc.as_str());
        return private.map_or_else(|| Ok(TrackFormat::Unknown(four_cc.into())), aac);
    };
    match (&entry.kind, entry.object_type) {
        // MPEG-4 AAC, and MPEG-2 AAC Main, LC and SSR, whose set-up is the same (ISO/IEC 14496-1 table 5).
        (b"mp4a", Some(0x40 | 0x66..=0x68) | None) => {
            entry.config.clone().or(private).map_or_else(|| Err(missing("esds")), aac)
        }
        (b"mp4a", Some(0x69 | 0x6B)) => Ok(TrackFormat::Unknown("MPEG audio in MP4".into())),
        (b"ac-3", _) => ac3(entry.config.as_ref().ok_or_else(|| missing("dac3"))?),
        _ => Ok(unknown(entry.kind)),
    }
}

/// The format of a text track.
pub(super) fn text(track: &MovieTrack, named: Option<&ManifestTrack>) -> TrackFormat {
    let stated = named.and_then(|named| <[u8; 4]>::try_from(named.four_cc.as_bytes()).ok());
    let four_cc = stated.or_else(|| {
        let kind = track.entry.as_ref()?.kind;
        // XML subtitles are TTML (ISO/IEC 14496-30 clause 5).
        Some(if &kind == b"stpp" { *b"TTML" } else { kind })
    });
    match four_cc {
        Some(four_cc) => TrackFormat::Text(TextConfig {
            four_cc,
            subtype: named.map(|named| named.subtype.clone()).unwrap_or_default(),
        }),
        None => TrackFormat::Unknown("text without a name".into()),
    }
}

fn aac(asc: Bytes) -> Result<TrackFormat, ParseError> {
    let config = AudioSpecificConfig::parse(&asc).map_err(in_header)?;
    Ok(TrackFormat::Aac(config.track(), AacConfig { asc }))
}

/// ETSI TS 102 366 annex F.4: sample rate, coding mode and low frequency channel.
fn ac3(dac3: &Bytes) -> Result<TrackFormat, ParseError> {
    let &[b0, b1, _] = dac3.first_chunk().ok_or_else(|| cut("dac3"))?;
    let sample_rate = match b0 >> 6 {
        0 => 48_000,
        1 => 44_100,
        2 => 32_000,
        reserved => return Err(error(ParseErrorKind::Invalid { what: "fscod", value: reserved.into() })),
    };
    let channels = match b1 >> 3 & 7 {
        1 => 1,
        0 | 2 => 2,
        3 | 4 => 3,
        5 | 6 => 4,
        _ => 5,
    };
    let track = AudioTrack { sample_rate, channels: channels + (b1 >> 2 & 1) };
    Ok(TrackFormat::Ac3(track, Ac3Config { dac3: dac3.slice(..3) }))
}

/// The parameter sets of `CodecPrivateData`, which have start codes; samples have lengths of four bytes all the same.
fn annex_b(named: Option<&ManifestTrack>) -> Option<H264Config> {
    let data = Bytes::copy_from_slice(&named?.codec_private);
    let (mut sps, mut pps) = (Vec::new(), Vec::new());
    for nal in nal_units(&data, NalFraming::AnnexB) {
        match nal_type(&nal) {
            NAL_SPS => sps.push(nal),
            NAL_PPS => pps.push(nal),
            _ => {}
        }
    }
    (!sps.is_empty()).then_some(H264Config { framing: NalFraming::Length(4), sps, pps })
}

/// ISO/IEC 14496-15 clause 8.3.3.1: `chroma_format_idc` and the bit depth of luma are bytes 16 and 17.
fn hevc_track(entry: &SampleEntry, hvcc: &[u8]) -> Result<VideoTrack, ParseError> {
    let &[chroma, depth] = hvcc.get(16..).and_then(|rest| rest.first_chunk()).ok_or_else(|| cut("hvcC"))?;
    Ok(VideoTrack { bit_depth: 8 + (depth & 7), chroma: chroma_of(chroma & 3), ..sized(entry) })
}

/// AV1 in ISOBMFF clause 2.3.3: depth, monochrome and subsampling are in the third byte.
fn av1_track(entry: &SampleEntry, av1c: &[u8]) -> Result<VideoTrack, ParseError> {
    let &[_, _, bits] = av1c.first_chunk().ok_or_else(|| cut("av1C"))?;
    let bit_depth = match bits >> 5 & 3 {
        2 => 10,
        3 => 12,
        _ => 8,
    };
    let chroma = match (bits & 0x10, bits & 0x08, bits & 0x04) {
        (0, 0, _) => Chroma::Yuv444,
        (0, _, 0) => Chroma::Yuv422,
        (0, ..) => Chroma::Yuv420,
        _ => Chroma::Monochrome,
    };
    Ok(VideoTrack { bit_depth, chroma, ..sized(entry) })
}

fn sized(entry: &SampleEntry) -> VideoTrack {
    VideoTrack {
        sample_aspect: entry.sample_aspect.unwrap_or((1, 1)),
        colour: entry.colour.unwrap_or(Colour::UNKNOWN),
        ..VideoTrack::new(entry.width, entry.height)
    }
}

const fn chroma_of(format: u8) -> Chroma {
    match format {
        0 => Chroma::Monochrome,
        2 => Chroma::Yuv422,
        3 => Chroma::Yuv444,
        _ => Chroma::Yuv420,
    }
}

fn unknown(kind: [u8; 4]) -> TrackFormat {
    TrackFormat::Unknown(kind.escape_ascii().to_string())
}

/// An error in a decoder set-up is one of the header.
fn in_header(mut error: ParseError) -> ParseError {
    error.at.format = HEADER;
    error
}

const fn missing(what: &'static str) -> ParseError {
    error(ParseErrorKind::Missing { what })
}

const fn cut(what: &'static str) -> ParseError {
    error(ParseErrorKind::Truncated { what })
}

const fn error(kind: ParseErrorKind) -> ParseError {
    ParseError::new(kind, HEADER, None, 0)
}
