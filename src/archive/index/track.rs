//! A rendition in the head of a page, codec set-up and all. To add a codec: a number in both tables of formats.

use bytes::Bytes;

use super::fields::{Fields, Record};
use crate::{
    media::{
        AacConfig, Ac3Config, AudioTrack, Av1Config, Chroma, Colour, FrameRate, H264Config, HevcConfig, Language,
        MpaConfig, NalFraming, TextConfig, TrackFormat, TrackId, TrackSpec, VideoTrack,
    },
    time::Timescale,
};

pub(super) fn put(record: &mut Record, track: &TrackSpec) {
    record.uint(track.id.0.into());
    record.text(&track.name);
    record.text(&track.url_track);
    record.uint(track.bitrate.into());
    record.text(track.language.as_str());
    record.uint(track.timescale.per_second().into());
    put_rate(record, track.frame_rate);
    put_format(record, &track.format);
}

pub(super) fn take(fields: &mut Fields<'_>) -> Option<TrackSpec> {
    Some(TrackSpec {
        id: TrackId(fields.u32()?),
        // A part of object names: it must not leave the asset's folder.
        name: fields.text().filter(|name| is_name(name, ".-_"))?.into(),
        url_track: fields.text().filter(|name| is_name(name, "-_"))?.into(),
        bitrate: fields.u32()?,
        language: Language::new(fields.text()?)?,
        timescale: Timescale::new(fields.u32()?)?,
        frame_rate: take_rate(fields)?,
        format: take_format(fields)?,
    })
}

fn is_name(name: &str, marks: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || marks.contains(c);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(is_allowed)
}

fn put_format(record: &mut Record, format: &TrackFormat) {
    match format {
        TrackFormat::H264(video, config) => {
            record.byte(H264);
            put_video(record, video);
            record.byte(match config.framing {
                NalFraming::AnnexB => 0,
                NalFraming::Length(bytes) => bytes,
            });
            put_list(record, &config.sps);
            put_list(record, &config.pps);
        }
        TrackFormat::Mpeg2(video) => {
            record.byte(MPEG2);
            put_video(record, video);
        }
        TrackFormat::Hevc(video, config) => {
            record.byte(HEVC);
            put_video(record, video);
            record.bytes(&config.hvcc);
        }
        TrackFormat::Av1(video, config) => {
            record.byte(AV1);
            put_video(record, video);
            record.bytes(&config.av1c);
        }
        TrackFormat::Aac(audio, config) => {
            record.byte(AAC);
            put_audio(record, audio);
            record.bytes(&config.asc);
        }
        TrackFormat::Ac3(audio, config) => {
            record.byte(AC3);
            put_audio(record, audio);
            record.bytes(&config.dac3);
        }
        TrackFormat::Mpa(audio, config) => {
            record.byte(MPA);
            put_audio(record, audio);
            record.byte(config.layer);
            record.uint(config.frame_samples.into());
        }
        TrackFormat::Text(config) => {
            record.byte(TEXT);
            record.bytes(&config.four_cc);
            record.text(&config.subtype);
        }
        TrackFormat::Unknown(what) => {
            record.byte(UNKNOWN);
            record.text(what);
        }
    }
}

fn take_format(fields: &mut Fields<'_>) -> Option<TrackFormat> {
    Some(match fields.byte()? {
        H264 => {
            let video = take_video(fields)?;
            let framing = match fields.byte()? {
                0 => NalFraming::AnnexB,
                bytes @ (1 | 2 | 4) => NalFraming::Length(bytes),
                _ => return None,
            };
            TrackFormat::H264(video, H264Config { framing, sps: take_list(fields)?, pps: take_list(fields)? })
        }
        MPEG2 => TrackFormat::Mpeg2(take_video(fields)?),
        HEVC => TrackFormat::Hevc(take_video(fields)?, HevcConfig { hvcc: fields.bytes()? }),
        AV1 => TrackFormat::Av1(take_video(fields)?, Av1Config { av1c: fields.bytes()? }),
        AAC => TrackFormat::Aac(take_audio(fields)?, AacConfig { asc: fields.bytes()? }),
        AC3 => TrackFormat::Ac3(take_audio(fields)?, Ac3Config { dac3: fields.bytes()? }),
        MPA => {
            let audio = take_audio(fields)?;
            TrackFormat::Mpa(audio, MpaConfig { layer: fields.byte()?, frame_samples: fields.u32()? })
        }
        TEXT => {
            let four_cc = fields.slice()?.try_into().ok()?;
            TrackFormat::Text(TextConfig { four_cc, subtype: fields.text()?.into() })
        }
        UNKNOWN => TrackFormat::Unknown(fields.text()?.into()),
        _ => return None,
    })
}

fn put_video(record: &mut Record, video: &VideoTrack) {
    let VideoTrack { width, height, sample_aspect, frame_rate, is_interlaced, bit_depth, chroma, colour } = *video;
    [width, height, sample_aspect.0, sample_aspect.1].into_iter().for_each(|value| record.uint(value.into()));
    put_rate(record, frame_rate);
    record.flag(is_interlaced);
    record.byte(bit_depth);
    record.byte(match chroma {
        Chroma::Monochrome => 0,
        Chroma::Yuv420 => 1,
        Chroma::Yuv422 => 2,
        Chroma::Yuv444 => 3,
    });
    let Colour { primaries, transfer, matrix, is_full_range } = colour;
    [primaries, transfer, matrix].into_iter().for_each(|value| record.byte(value));
    record.flag(is_full_range);
}

fn take_video(fields: &mut Fields<'_>) -> Option<VideoTrack> {
    Some(VideoTrack {
        width: fields.u32()?,
        height: fields.u32()?,
        sample_aspect: (fields.u32()?, fields.u32()?),
        frame_rate: take_rate(fields)?,
        is_interlaced: fields.flag()?,
        bit_depth: fields.byte()?,
        chroma: match fields.byte()? {
            0 => Chroma::Monochrome,
            1 => Chroma::Yuv420,
            2 => Chroma::Yuv422,
            3 => Chroma::Yuv444,
            _ => return None,
        },
        colour: Colour {
            primaries: fields.byte()?,
            transfer: fields.byte()?,
            matrix: fields.byte()?,
            is_full_range: fields.flag()?,
        },
    })
}

fn put_audio(record: &mut Record, audio: &AudioTrack) {
    record.uint(audio.sample_rate.into());
    record.byte(audio.channels);
}

fn take_audio(fields: &mut Fields<'_>) -> Option<AudioTrack> {
    Some(AudioTrack { sample_rate: fields.u32()?, channels: fields.byte()? })
}

/// Zero frames where the rate is not known.
fn put_rate(record: &mut Record, rate: Option<FrameRate>) {
    record.uint(rate.map_or(0, FrameRate::num).into());
    if let Some(rate) = rate {
        record.uint(rate.den().into());
    }
}

fn take_rate(fields: &mut Fields<'_>) -> Option<Option<FrameRate>> {
    match fields.u32()? {
        0 => Some(None),
        num => FrameRate::new(num, fields.u32()?).map(Some),
    }
}

fn put_list(record: &mut Record, list: &[Bytes]) {
    record.count(list.len());
    list.iter().for_each(|entry| record.bytes(entry));
}

fn take_list(fields: &mut Fields<'_>) -> Option<Vec<Bytes>> {
    (0..fields.count()?).map(|_| fields.bytes()).collect()
}

const H264: u8 = 1;
const MPEG2: u8 = 2;
const HEVC: u8 = 3;
const AV1: u8 = 4;
const AAC: u8 = 5;
const AC3: u8 = 6;
const MPA: u8 = 7;
const TEXT: u8 = 8;
const UNKNOWN: u8 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    fn formats() -> Vec<TrackFormat> {
        let bytes = Bytes::from_static(b"set-up");
        let video = VideoTrack {
            sample_aspect: (64, 45),
            frame_rate: Some(FrameRate::FPS_29_97),
            is_interlaced: true,
            bit_depth: 10,
            chroma: Chroma::Yuv422,
            colour: Colour { is_full_range: true, ..Colour::BT601_625 },
            ..VideoTrack::new(720, 576)
        };
        let audio = AudioTrack { sample_rate: 48_000, channels: 6 };
        let h264 = |framing| H264Config { framing, sps: vec![bytes.clone(), Bytes::new()], pps: vec![bytes.clone()] };
        vec![
            TrackFormat::H264(video, h264(NalFraming::Length(4))),
            TrackFormat::H264(VideoTrack { chroma: Chroma::Monochrome, ..video }, h264(NalFraming::AnnexB)),
            TrackFormat::Mpeg2(VideoTrack { frame_rate: None, chroma: Chroma::Yuv444, ..video }),
            TrackFormat::Hevc(video, HevcConfig { hvcc: bytes.clone() }),
            TrackFormat::Av1(video, Av1Config { av1c: bytes.clone() }),
            TrackFormat::Aac(audio, AacConfig { asc: bytes.clone() }),
            TrackFormat::Ac3(audio, Ac3Config { dac3: bytes.clone() }),
            TrackFormat::Mpa(audio, MpaConfig { layer: 2, frame_samples: 1152 }),
            TrackFormat::Text(TextConfig { four_cc: *b"TTML", subtype: "CAPT".into() }),
            TrackFormat::Unknown("stream type 0x99".into()),
        ]
    }

    #[test]
    fn every_format_comes_back_whole_and_never_from_less() {
        for format in formats() {
            let language = Language::new("deu").unwrap();
            let spec = TrackSpec { bitrate: u32::MAX, ..TrackSpec::audio(TrackId(7), "a.b", 0, format, language) };
            let mut record = Record::default();
            put(&mut record, &spec);
            let mut fields = Fields(&record.0);
            assert_eq!(take(&mut fields), Some(spec));
            assert!(fields.is_empty());
            (0..record.0.len()).for_each(|len| assert_eq!(take(&mut Fields(&record.0[..len])), None));
        }
    }

    #[test]
    fn a_track_never_leaves_the_folder_of_its_asset() {
        for name in ["", "..", ".a", "a/b", "a\\b", "a\0", "ä"] {
            let spec = TrackSpec { name: name.into(), ..crate::archive::rig::aac(1) };
            let mut record = Record::default();
            put(&mut record, &spec);
            assert_eq!(take(&mut Fields(&record.0)), None, "{name:?}");
        }
    }
}
