//! The master playlist (RFC 8216 clause 4.3.4), written with `m3u8-rs`.

use m3u8_rs::{AlternativeMedia, AlternativeMediaType, MasterPlaylist, Resolution, VariantStream};

use crate::media::{Bitrates, Language, Presentation, TrackFormat, TrackSpec};

/// The group that all audio renditions are in.
const AUDIO_GROUP: &str = "audio";

/// The master playlist of a presentation whose tracks have these measured bit rates, in the order of the tracks.
///
/// Each video rung is a variant that plays with any rendition of the audio group; with no video, each audio rendition is
/// a variant of its own. `None` where there is nothing measured to say: a master needs a segment.
#[must_use]
pub fn master(presentation: &Presentation, rates: &[Bitrates]) -> Option<String> {
    let tracks = || presentation.tracks.iter().zip(rates);
    let video = || tracks().filter(|(track, _)| track.format.is_video());
    let audio = || tracks().filter(|(track, _)| track.format.is_audio());
    let has_video = video().next().is_some();
    // RFC 8216 clause 4.3.4.2: the greatest sum of any combination that can be played.
    let heaviest = audio().map(|(_, rates)| *rates).max_by_key(|rates| rates.peak);
    let first_audio = audio().next().map(|(track, _)| track).filter(|_| has_video);
    let variants: Vec<_> = if has_video {
        video().filter_map(|(track, rates)| variant(track, *rates, first_audio, heaviest.unwrap_or_default())).collect()
    } else {
        audio().filter_map(|(track, rates)| variant(track, *rates, None, Bitrates::default())).collect()
    };
    if variants.is_empty() {
        return None;
    }
    let alternatives = audio().filter(|_| has_video).enumerate().map(|(n, (track, _))| rendition(track, n == 0));
    let playlist = MasterPlaylist {
        version: Some(7),
        independent_segments: true,
        alternatives: alternatives.collect(),
        variants,
        ..MasterPlaylist::default()
    };
    let mut text = Vec::new();
    playlist.write_to(&mut text).ok()?;
    String::from_utf8(text).ok()
}

/// Where the media playlist of a track stands, relative to the master (A20.9).
fn uri(track: &TrackSpec) -> String {
    format!("QualityLevels({})/Manifest({},format=m3u8-cmaf).m3u8", track.bitrate, track.url_track)
}

fn variant(track: &TrackSpec, own: Bitrates, audio: Option<&TrackSpec>, sound: Bitrates) -> Option<VariantStream> {
    if own.peak == 0 {
        return None;
    }
    let with_audio = audio.map(TrackSpec::codecs);
    let codecs = match (track.codecs(), with_audio) {
        (Some(own), None) => Some(own),
        (Some(own), Some(Some(audio))) => Some(format!("{own},{audio}")),
        _ => None,
    };
    let size = track.format.video();
    let resolution = size.map(|video| Resolution { width: video.width.into(), height: video.height.into() });
    Some(VariantStream {
        uri: uri(track),
        bandwidth: own.peak.saturating_add(sound.peak),
        average_bandwidth: Some(own.mean.saturating_add(sound.mean)),
        codecs,
        resolution,
        // RFC 8216 clause 4.3.4.2: rounded to three decimals.
        frame_rate: track.frame_rate.map(|rate| (rate.as_f64() * 1000.0).round() / 1000.0),
        audio: audio.map(|_| AUDIO_GROUP.into()),
        ..VariantStream::default()
    })
}

fn rendition(track: &TrackSpec, is_first: bool) -> AlternativeMedia {
    let channels = if let TrackFormat::Aac(audio, _) = &track.format { Some(audio.channels.to_string()) } else { None };
    AlternativeMedia {
        media_type: AlternativeMediaType::Audio,
        uri: Some(uri(track)),
        group_id: AUDIO_GROUP.into(),
        language: Some(track.language).filter(|language| *language != Language::UND).map(|l| l.as_str().into()),
        name: track.name.clone(),
        default: is_first,
        autoselect: true,
        channels,
        ..AlternativeMedia::default()
    }
}
