//! The master playlist (RFC 8216 clause 4.3.4), written with `m3u8-rs`.

use m3u8_rs::{
    AlternativeMedia, AlternativeMediaType, ClosedCaptionGroupId, InstreamId, MasterPlaylist, Resolution, VariantStream,
};

use crate::media::{Bitrates, CaptionService, Language, Presentation, TrackFormat, TrackSpec};

/// The master playlist of a presentation whose tracks have these measured bit rates and are listed where `offered` says so,
/// both in the order of the tracks.
///
/// Each video rung is a variant that plays with any rendition of the audio group, one for each language; sound of another
/// codec is a group of its own, with variants of its own, so that a player that lacks a codec finds one without it. With no
/// video, each audio rendition is a variant of its own. Timed text is a group that plays with every variant, and so are the
/// caption services that the pictures carry; while none was seen, nothing is said of captions. `None` where there is nothing
/// measured to say: a master needs a segment.
#[must_use]
pub fn master(
    presentation: &Presentation,
    rates: &[Bitrates],
    offered: &[bool],
    captions: &[CaptionService],
) -> Option<String> {
    let listed = presentation.tracks.iter().zip(rates).zip(offered).filter(|(_, is_offered)| **is_offered);
    let tracks: Vec<(&TrackSpec, &Bitrates)> = listed.map(|(track, _)| track).collect();
    let of = |is_wanted: fn(&TrackFormat) -> bool| tracks.iter().filter(move |(track, _)| is_wanted(&track.format));
    let text = tracks.iter().map(|(track, _)| *track).filter(|track| text_codec(track).is_some()).collect();
    let text = Group { id: "subtitles".into(), renditions: text, heaviest: Bitrates::default() };
    let has_video = of(TrackFormat::is_video).next().is_some();
    let sound = if has_video { sound_groups(of(TrackFormat::is_audio)) } else { Vec::new() };
    let beside: Vec<Option<&Group<'_>>> = if sound.is_empty() { vec![None] } else { sound.iter().map(Some).collect() };
    let mut variants = Vec::new();
    for group in beside {
        let tracks = of(if has_video { TrackFormat::is_video } else { TrackFormat::is_audio });
        variants.extend(tracks.filter_map(|(track, rates)| variant(track, **rates, group, &text)));
    }
    if variants.is_empty() {
        return None;
    }
    // RFC 8216 clause 4.3.4.2: the attribute is in all variants or in none.
    let captions = if has_video { captions } else { &[] };
    if !captions.is_empty() {
        let group = Some(ClosedCaptionGroupId::GroupId(CAPTIONS.into()));
        variants.iter_mut().for_each(|variant| variant.closed_captions.clone_from(&group));
    }
    let sounds = sound.iter().flat_map(|group| group.listed(AlternativeMediaType::Audio));
    let text = text.listed(AlternativeMediaType::Subtitles);
    let alternatives = sounds.chain(text).chain(captions.iter().enumerate().map(closed_captions)).collect();
    let playlist = MasterPlaylist {
        version: Some(7),
        independent_segments: true,
        alternatives,
        variants,
        ..MasterPlaylist::default()
    };
    let mut text = Vec::new();
    playlist.write_to(&mut text).ok()?;
    String::from_utf8(text).ok()
}

/// Renditions of which one plays beside a variant (RFC 8216 clause 4.3.4.1.1).
struct Group<'a> {
    id: String,
    renditions: Vec<&'a TrackSpec>,
    /// Of the rendition with the highest peak: a variant states the greatest sum of any combination that can be played
    /// (RFC 8216 clause 4.3.4.2).
    heaviest: Bitrates,
}

/// The sound of each codec, in the order in which they come.
fn sound_groups<'a>(audio: impl Iterator<Item = &'a (&'a TrackSpec, &'a Bitrates)>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (track, rates) in audio {
        let is_alike = |other: &&TrackSpec| other.format.codec_name() == track.format.codec_name();
        if let Some(group) = groups.iter_mut().find(|group| group.renditions.first().is_some_and(is_alike)) {
            group.renditions.push(track);
            group.heaviest = std::cmp::max_by_key(group.heaviest, **rates, |rates| rates.peak);
            continue;
        }
        let id = if groups.is_empty() { "audio".into() } else { format!("audio_{}", groups.len().saturating_add(1)) };
        groups.push(Group { id, renditions: vec![track], heaviest: **rates });
    }
    groups
}

/// Text that HLS takes: IMSC1 in fragmented MP4, under the name that its players want (RFC 8216bis clause 3.1.4; TTML Profiles
/// for Internet Media Subtitles and Captions 1.0 section 6.9). Of text in the older namespace no player would make anything.
fn text_codec(track: &TrackSpec) -> Option<&'static str> {
    matches!(&track.format, TrackFormat::Text(text) if &text.four_cc == b"TTML").then_some("stpp.ttml.im1t")
}

/// Where the media playlist of a track stands, relative to the master (A20.9).
fn uri(track: &TrackSpec) -> String {
    format!("QualityLevels({})/Manifest({},format=m3u8-cmaf).m3u8", track.bitrate, track.url_track)
}

fn variant(track: &TrackSpec, own: Bitrates, sound: Option<&Group<'_>>, text: &Group<'_>) -> Option<VariantStream> {
    if own.peak == 0 {
        return None;
    }
    let size = track.format.video();
    let resolution = size.map(|video| Resolution { width: video.width.into(), height: video.height.into() });
    let beside = sound.map(|group| group.heaviest).unwrap_or_default();
    Some(VariantStream {
        uri: uri(track),
        bandwidth: own.peak.saturating_add(beside.peak),
        average_bandwidth: Some(own.mean.saturating_add(beside.mean)),
        codecs: codecs(track, sound.map_or(&[], |group| &group.renditions), text),
        resolution,
        // RFC 8216 clause 4.3.4.2: rounded to three decimals.
        frame_rate: track.frame_rate.map(|rate| (rate.as_f64() * 1000.0).round() / 1000.0),
        audio: sound.map(|group| group.id.clone()),
        subtitles: (!text.renditions.is_empty()).then(|| text.id.clone()),
        ..VariantStream::default()
    })
}

/// Every format that may be played, each once (RFC 8216 clause 4.3.4.2); nothing where one of them is not known.
fn codecs(track: &TrackSpec, sounds: &[&TrackSpec], text: &Group<'_>) -> Option<String> {
    let mut all = vec![track.codecs()?];
    for sound in sounds {
        let sound = sound.codecs()?;
        if !all.contains(&sound) {
            all.push(sound);
        }
    }
    all.extend(text.renditions.first().and_then(|text| text_codec(text)).map(String::from));
    Some(all.join(","))
}

impl Group<'_> {
    fn listed(&self, media_type: AlternativeMediaType) -> impl Iterator<Item = AlternativeMedia> {
        (0..self.renditions.len()).filter_map(move |n| self.rendition(n, media_type.clone()))
    }

    fn rendition(&self, n: usize, media_type: AlternativeMediaType) -> Option<AlternativeMedia> {
        let (before, rest) = self.renditions.split_at_checked(n)?;
        let track = rest.first()?;
        let language = Some(track.language).filter(|language| *language != Language::UND);
        Some(AlternativeMedia {
            // Text is shown when somebody asks for it.
            default: n == 0 && media_type == AlternativeMediaType::Audio,
            media_type,
            uri: Some(uri(track)),
            group_id: self.id.clone(),
            language: language.map(|language| language.bcp47().into()),
            name: name(&self.renditions, track).into(),
            // RFC 8216 clause 4.3.4.1.1: what players choose by themselves should differ in its language.
            autoselect: before.iter().all(|other| other.language.bcp47() != track.language.bcp47()),
            channels: track.format.audio().map(|audio| audio.channels.to_string()),
            ..AlternativeMedia::default()
        })
    }
}

/// A caption service (RFC 8216 clause 4.3.4.1). Its language is not known.
fn closed_captions((n, service): (usize, &CaptionService)) -> AlternativeMedia {
    AlternativeMedia {
        media_type: AlternativeMediaType::ClosedCaptions,
        group_id: CAPTIONS.into(),
        name: service.to_string(),
        // What players choose by themselves should differ in its language, and none has one.
        autoselect: n == 0,
        instream_id: Some(match service {
            CaptionService::Cea608(number) => InstreamId::CC(*number),
            CaptionService::Cea708(number) => InstreamId::Service(*number),
        }),
        ..AlternativeMedia::default()
    }
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

/// The group of the caption services.
const CAPTIONS: &str = "captions";

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        archive::rig::ladder,
        media::{Ac3Config, AudioTrack, TextConfig, TrackId},
        time::Utc,
    };

    #[test]
    fn sound_of_another_codec_has_variants_of_its_own_and_text_goes_with_all() {
        let mut tracks = ladder();
        let rungs = tracks.iter().filter(|track| track.format.is_video()).count();
        let ac3 = Ac3Config { dac3: Bytes::from_static(&[0x10, 0x3D, 0x40]) };
        let format = TrackFormat::Ac3(AudioTrack { sample_rate: 48_000, channels: 6 }, ac3);
        let german = Language::new("ger").unwrap();
        tracks.push(TrackSpec::audio(TrackId(7), "surround", 448_000, format, german));
        for four_cc in [*b"TTML", *b"DFXP"] {
            let format = TrackFormat::Text(TextConfig { four_cc, subtype: "SUBT".into() });
            tracks.push(TrackSpec {
                url_track: "text".into(),
                ..TrackSpec::audio(TrackId(8), "text_deu", 1, format, german)
            });
        }
        let (rates, offered) = (vec![Bitrates { peak: 1000, mean: 900 }; tracks.len()], vec![true; tracks.len()]);
        let text = master(&Presentation::new(tracks, Utc::UNIX_EPOCH), &rates, &offered, &[]).unwrap();
        let count = |part: &str| text.matches(part).count();
        assert_eq!(count("CODECS=\"avc1.64001F,mp4a.40.2,stpp.ttml.im1t\""), rungs, "{text}");
        assert_eq!(count("CODECS=\"avc1.64001F,ac-3,stpp.ttml.im1t\""), rungs, "{text}");
        assert_eq!(count(",AUDIO=\"audio_2\",SUBTITLES=\"subtitles\""), rungs, "{text}");
        assert_eq!(count("TYPE=SUBTITLES"), 1, "{text}");
        let listed = "GROUP-ID=\"subtitles\",LANGUAGE=\"de\",NAME=\"text_deu\",AUTOSELECT=YES";
        assert_eq!(count(listed), 1, "{text}");
    }

    #[test]
    fn caption_services_are_a_group_that_every_variant_names_a13_2() {
        let tracks = ladder();
        let rungs = tracks.iter().filter(|track| track.format.is_video()).count();
        let (rates, offered) = (vec![Bitrates { peak: 1000, mean: 900 }; tracks.len()], vec![true; tracks.len()]);
        let presentation = Presentation::new(tracks, Utc::UNIX_EPOCH);
        let text = |captions: &[CaptionService]| master(&presentation, &rates, &offered, captions).unwrap();
        assert!(!text(&[]).contains("CAPTIONS"));
        let text = text(&[CaptionService::Cea608(1), CaptionService::Cea708(12)]);
        let media = "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"captions\",NAME=";
        assert!(text.contains(&format!("{media}\"CC1\",AUTOSELECT=YES,INSTREAM-ID=\"CC1\"")), "{text}");
        assert!(text.contains(&format!("{media}\"SERVICE12\",INSTREAM-ID=\"SERVICE12\"")), "{text}");
        assert_eq!(text.matches(",CLOSED-CAPTIONS=\"captions\"").count(), rungs, "{text}");
    }
}
