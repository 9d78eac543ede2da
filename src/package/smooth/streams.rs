//! `StreamIndex` and its `QualityLevel`s (MS-SSTR clauses 2.2.2.3 and 2.2.2.5).

use std::fmt::Write as _;

use quick_xml::escape::escape;

use crate::{
    media::{Language, TrackFormat, TrackSpec, VideoTrack},
    package::hex::push_hex,
};

/// The opening tag of the stream of these tracks, of one switching set, and their quality levels; `None` where no client
/// plays its codec.
pub(super) fn streams(tracks: &[&TrackSpec], chunks: usize) -> Option<String> {
    let levels: Vec<String> = tracks.iter().enumerate().filter_map(|(index, track)| level(index, track)).collect();
    let first = tracks.first().filter(|_| !levels.is_empty())?;
    let kind = match &first.format {
        format if format.is_video() => "video",
        format if format.is_audio() => "audio",
        _ => "text",
    };
    let (name, scale) = (escape(first.url_track.as_str()), first.timescale.per_second());
    let mut text = format!("<StreamIndex Type=\"{kind}\" Name=\"{name}\"");
    if let TrackFormat::Text(format) = &first.format {
        let _ = write!(text, " Subtype=\"{}\"", escape(format.subtype.as_str()));
    }
    if first.language != Language::UND {
        let _ = write!(text, " Language=\"{}\"", first.language.as_str());
    }
    let _ = write!(text, " TimeScale=\"{scale}\" QualityLevels=\"{}\" Chunks=\"{chunks}\"", levels.len());
    if let Some((width, height)) = largest(tracks) {
        let _ = write!(text, " MaxWidth=\"{width}\" MaxHeight=\"{height}\"");
        let (width, height) = first.format.video().map_or((width, height), displayed);
        let _ = write!(text, " DisplayWidth=\"{width}\" DisplayHeight=\"{height}\"");
    }
    let _ = write!(text, " Url=\"QualityLevels({{bitrate}})/Fragments({name}={{start time}})\">");
    levels.iter().for_each(|level| text.push_str(level));
    Some(text)
}

/// Whether any client plays this.
pub(crate) const fn carries(format: &TrackFormat) -> bool {
    use TrackFormat as F;
    matches!(format, F::H264(..) | F::Hevc(..) | F::Aac(..) | F::Ac3(..) | F::Text(_))
}

fn level(index: usize, track: &TrackSpec) -> Option<String> {
    let mut text = format!("<QualityLevel Index=\"{index}\" Bitrate=\"{}\"", track.bitrate);
    match &track.format {
        TrackFormat::H264(video, sets) => {
            let nals = sets.sps.iter().chain(&sets.pps);
            let private: String = nals.map(|nal| format!("00000001{}", hex(nal))).collect();
            picture(&mut text, "H264", video, &private);
            text.push_str(" NALUnitLengthField=\"4\"");
        }
        TrackFormat::Hevc(video, config) => picture(&mut text, "HVC1", video, &hex(&config.hvcc)),
        TrackFormat::Aac(audio, config) => {
            sound(&mut text, "AACL", 255, (audio.sample_rate, audio.channels), &hex(&config.asc));
        }
        TrackFormat::Ac3(audio, config) => {
            sound(&mut text, "AC-3", 8192, (audio.sample_rate, audio.channels), &hex(&config.dac3));
        }
        TrackFormat::Text(format) => {
            let four_cc = String::from_utf8_lossy(&format.four_cc).into_owned();
            let _ = write!(text, " FourCC=\"{}\" CodecPrivateData=\"\"", escape(four_cc.as_str()));
        }
        TrackFormat::Mpeg2(_) | TrackFormat::Av1(..) | TrackFormat::Mpa(..) | TrackFormat::Unknown(_) => return None,
    }
    text.push_str("/>");
    Some(text)
}

fn picture(text: &mut String, four_cc: &str, video: &VideoTrack, private: &str) {
    let VideoTrack { width, height, .. } = video;
    let _ = write!(
        text,
        " FourCC=\"{four_cc}\" MaxWidth=\"{width}\" MaxHeight=\"{height}\" CodecPrivateData=\"{private}\""
    );
}

/// `tag` is the one of WAVE; a packet of AAC has no size of its own.
fn sound(text: &mut String, four_cc: &str, tag: u16, (rate, channels): (u32, u8), private: &str) {
    let _ = write!(
        text,
        " FourCC=\"{four_cc}\" AudioTag=\"{tag}\" SamplingRate=\"{rate}\" Channels=\"{channels}\" BitsPerSample=\"16\" \
         PacketSize=\"4\" CodecPrivateData=\"{private}\""
    );
}

fn largest(tracks: &[&TrackSpec]) -> Option<(u32, u32)> {
    let sizes = tracks.iter().filter_map(|track| track.format.video()).map(|video| (video.width, video.height));
    sizes.reduce(|(w, h), (width, height)| (w.max(width), h.max(height)))
}

/// Its size in square samples.
fn displayed(video: &VideoTrack) -> (u32, u32) {
    let (across, down) = video.sample_aspect;
    let width = u64::from(video.width) * u64::from(across.max(1)) / u64::from(down.max(1));
    (u32::try_from(width).unwrap_or(video.width), video.height)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    push_hex(&mut text, bytes);
    text
}
