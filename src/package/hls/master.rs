//! The master playlist (RFC 8216 clause 4.3.4), written with `m3u8-rs`.

use m3u8_rs::{AlternativeMedia, AlternativeMediaType, MasterPlaylist, Resolution, VariantStream};

use crate::media::{Bitrates, Language, Presentation, TrackSpec};

/// The group that all audio renditions are in.
const AUDIO_GROUP: &str = "audio";

/// The master playlist of a presentation whose tracks have these measured bit rates and are listed where `offered` says so,
/// both in the order of the tracks.
///
/// Each video rung is a variant that plays with any rendition of the audio group, one for each language; with no video,
/// each audio rendition is a variant of its own. `None` where there is nothing measured to say: a master needs a segment.
#[must_use]
pub fn master(presentation: &Presentation, rates: &[Bitrates], offered: &[bool]) -> Option<String> {
    let listed = presentation.tracks.iter().zip(rates).zip(offered).filter(|(_, is_offered)| **is_offered);
    let tracks: Vec<(&TrackSpec, &Bitrates)> = listed.map(|(track, _)| track).collect();
    let video = || tracks.iter().filter(|(track, _)| track.format.is_video());
    let audio = || tracks.iter().filter(|(track, _)| track.format.is_audio());
    let has_video = video().next().is_some();
    let group: Vec<&TrackSpec> = audio().filter(|_| has_video).map(|(track, _)| *track).collect();
    let variants: Vec<_> = if has_video {
        // RFC 8216 clause 4.3.4.2: the greatest sum of any combination that can be played.
        let heaviest = audio().map(|(_, rates)| **rates).max_by_key(|rates| rates.peak).unwrap_or_default();
        video().filter_map(|(track, rates)| variant(track, **rates, &group, heaviest)).collect()
    } else {
        audio().filter_map(|(track, rates)| variant(track, **rates, &[], Bitrates::default())).collect()
    };
    if variants.is_empty() {
        return None;
    }
    let alternatives = (0..group.len()).filter_map(|n| rendition(&group, n));
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

fn variant(track: &TrackSpec, own: Bitrates, group: &[&TrackSpec], sound: Bitrates) -> Option<VariantStream> {
    if own.peak == 0 {
        return None;
    }
    let size = track.format.video();
    let resolution = size.map(|video| Resolution { width: video.width.into(), height: video.height.into() });
    Some(VariantStream {
        uri: uri(track),
        bandwidth: own.peak.saturating_add(sound.peak),
        average_bandwidth: Some(own.mean.saturating_add(sound.mean)),
        codecs: codecs(track, group),
        resolution,
        // RFC 8216 clause 4.3.4.2: rounded to three decimals.
        frame_rate: track.frame_rate.map(|rate| (rate.as_f64() * 1000.0).round() / 1000.0),
        audio: (!group.is_empty()).then(|| AUDIO_GROUP.into()),
        ..VariantStream::default()
    })
}

/// Every format that may be played, each once (RFC 8216 clause 4.3.4.2); nothing where one of them is not known.
fn codecs(track: &TrackSpec, group: &[&TrackSpec]) -> Option<String> {
    let mut all = vec![track.codecs()?];
    for sound in group {
        let sound = sound.codecs()?;
        if !all.contains(&sound) {
            all.push(sound);
        }
    }
    Some(all.join(","))
}

fn rendition(group: &[&TrackSpec], n: usize) -> Option<AlternativeMedia> {
    let (before, rest) = group.split_at_checked(n)?;
    let track = rest.first()?;
    let language = Some(track.language).filter(|language| *language != Language::UND);
    Some(AlternativeMedia {
        media_type: AlternativeMediaType::Audio,
        uri: Some(uri(track)),
        group_id: AUDIO_GROUP.into(),
        language: language.map(|language| language.bcp47().into()),
        name: name(group, track).into(),
        default: n == 0,
        // RFC 8216 clause 4.3.4.1.1: what players choose by themselves should differ in its language.
        autoselect: before.iter().all(|other| other.language.bcp47() != track.language.bcp47()),
        channels: track.format.audio().map(|audio| audio.channels.to_string()),
        ..AlternativeMedia::default()
    })
}

/// What people read: the rendition's name, or its language where it was named after that (RFC 8216 clause 4.3.4.1: names of
/// a group differ).
fn name<'a>(group: &[&TrackSpec], track: &'a TrackSpec) -> &'a str {
    let tag = track.language.bcp47();
    let is_by_language = track.name.strip_prefix("audio_") == Some(track.language.as_str());
    let mut others = group.iter().filter(|other| other.name != track.name);
    let is_free = others.all(|other| other.name != tag && other.language.bcp47() != tag);
    if is_by_language && is_free { tag } else { &track.name }
}
