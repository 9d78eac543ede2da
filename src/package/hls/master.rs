//! The master playlist (RFC 8216 clause 4.3.4), written with `m3u8-rs`.

use m3u8_rs::{
    AlternativeMedia, AlternativeMediaType, ClosedCaptionGroupId, InstreamId, MasterPlaylist, Resolution, VariantStream,
};

use super::{format::HlsFormat, rates};
use crate::{
    media::{Bitrates, CaptionService, Language, Presentation, TrackFormat, TrackSpec},
    time::MediaDuration,
};

/// What a master playlist is made of.
///
/// Each video rung is a variant that plays with any rendition of the audio group, one for each language; sound of another
/// codec is a group of its own, with variants of its own, so that a player that lacks a codec finds one without it. With no
/// video, each audio rendition is a variant of its own. Timed text is a group that plays with every variant, and so are the
/// caption services that the pictures carry; while none was seen, nothing is said of captions.
///
/// Behind the variants of video stand the playlists of the I-frames of each rung, from version 4 on.
///
/// Version 4 lists what transport streams and packed audio hold, no timed text, and ends with a variant of sound alone (A21.5).
/// Version 3 has no groups: its segments have pictures and one language.
#[derive(Clone, Copy, Debug)]
pub struct Master<'a> {
    /// Which HLS.
    pub format: HlsFormat,
    /// What there is.
    pub presentation: &'a Presentation,
    /// Measured bit rates, in the order of the tracks.
    pub rates: &'a [Bitrates],
    /// For each track whether manifests list it.
    pub offered: &'a [bool],
    /// Caption services that the pictures carry.
    pub captions: &'a [CaptionService],
    /// The longest that a segment may last.
    pub segment_duration: MediaDuration,
    /// The language of version 3, by its position; without one the first.
    pub sound: Option<usize>,
    /// Whether versions 3 and 4 have a variant of sound alone beside video.
    pub has_audio_only: bool,
    /// The nominal bit rate that players are to begin with (A22.7): of the variants the nearest comes first.
    pub first_quality: Option<u32>,
    /// How the URLs of its playlists end: parameters within the brackets, and a query behind a `?`.
    pub filter: &'a str,
}

/// A track that is listed.
struct Listed<'a> {
    track: &'a TrackSpec,
    /// Of what is stored.
    stored: Bitrates,
}

impl<'a> Master<'a> {
    /// The playlist; `None` where there is nothing measured to say: a master needs a segment.
    #[must_use]
    pub fn render(&self) -> Option<String> {
        let all = self.presentation.tracks.iter().zip(self.rates).zip(self.offered);
        let all = all.filter(|((track, _), is_offered)| **is_offered && self.format.lists(track));
        let mut tracks: Vec<Listed<'a>> = all.map(|((track, stored), _)| Listed { track, stored: *stored }).collect();
        self.put_first_quality_first(&mut tracks);
        let of = |is_wanted: fn(&TrackFormat) -> bool| tracks.iter().filter(move |one| is_wanted(&one.track.format));
        let text = tracks.iter().map(|one| one.track).filter(|track| text_codec(track).is_some()).collect();
        let text = Group { id: Some("subtitles".into()), renditions: text, heaviest: Bitrates::default() };
        let has_video = of(TrackFormat::is_video).next().is_some();
        let sound = match self.format {
            _ if !has_video => Vec::new(),
            HlsFormat::V3 => self.multiplexed(of(TrackFormat::is_audio)).into_iter().collect(),
            HlsFormat::V4 | HlsFormat::Cmaf => self.sound_groups(of(TrackFormat::is_audio)),
        };
        let beside: Vec<Option<&Group<'_>>> =
            if sound.is_empty() { vec![None] } else { sound.iter().map(Some).collect() };
        let mut variants = Vec::new();
        for group in beside {
            let tracks = of(if has_video { TrackFormat::is_video } else { TrackFormat::is_audio });
            variants.extend(tracks.filter_map(|listed| self.variant(listed, group, &text)));
        }
        if variants.is_empty() {
            return None;
        }
        variants.extend(of(TrackFormat::is_video).filter_map(|listed| self.i_frames(listed)));
        variants.extend(self.audio_only(&sound, &tracks));
        // RFC 8216 clause 4.3.4.2: the attribute is in all variants or in none.
        let captions: Vec<_> = self.captions.iter().filter(|one| has_video && self.format.names(one)).collect();
        if !captions.is_empty() {
            let group = Some(ClosedCaptionGroupId::GroupId(CAPTIONS.into()));
            let shown = variants.iter_mut().filter(|variant| !variant.is_i_frame);
            shown.for_each(|variant| variant.closed_captions.clone_from(&group));
        }
        let urls = (self.format, self.filter);
        let sounds = sound.iter().flat_map(|group| group.listed(urls, AlternativeMediaType::Audio));
        let text = text.listed(urls, AlternativeMediaType::Subtitles);
        let alternatives = sounds.chain(text).chain(captions.into_iter().enumerate().map(closed_captions)).collect();
        let playlist = MasterPlaylist {
            version: Some(self.format.version()),
            independent_segments: true,
            alternatives,
            variants,
            ..MasterPlaylist::default()
        };
        let mut text = Vec::new();
        playlist.write_to(&mut text).ok()?;
        String::from_utf8(text).ok()
    }

    /// What a track has in segments of its own.
    fn on_the_wire(&self, Listed { track, stored }: &Listed<'_>) -> Bitrates {
        match self.format {
            HlsFormat::Cmaf => *stored,
            _ if track.format.is_video() => rates::of_pictures(track, *stored, self.segment_duration),
            _ => rates::of_packed(track, *stored, self.segment_duration),
        }
    }

    /// The sound that is in the segments of every rung.
    fn multiplexed<'l>(&self, mut audio: impl Iterator<Item = &'l Listed<'a>>) -> Option<Group<'a>>
    where
        'a: 'l,
    {
        let chosen = self.sound.and_then(|sound| self.presentation.tracks.get(sound));
        let found = audio.find(|one| chosen.is_none_or(|chosen| chosen.name == one.track.name))?;
        let Listed { track, stored } = *found;
        let heaviest = rates::of_frames(track, stored, self.segment_duration);
        Some(Group { id: None, renditions: vec![track], heaviest })
    }

    /// The sound of each codec, in the order in which they come.
    fn sound_groups<'l>(&self, audio: impl Iterator<Item = &'l Listed<'a>>) -> Vec<Group<'a>>
    where
        'a: 'l,
    {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for listed in audio {
            let (track, rates) = (listed.track, self.on_the_wire(listed));
            let is_alike = |other: &&TrackSpec| other.format.codec_name() == track.format.codec_name();
            if let Some(group) = groups.iter_mut().find(|group| group.renditions.first().is_some_and(is_alike)) {
                group.renditions.push(track);
                group.heaviest = std::cmp::max_by_key(group.heaviest, rates, |rates| rates.peak);
                continue;
            }
            let id =
                if groups.is_empty() { "audio".into() } else { format!("audio_{}", groups.len().saturating_add(1)) };
            groups.push(Group { id: Some(id), renditions: vec![track], heaviest: rates });
        }
        groups
    }

    fn variant(&self, listed: &Listed<'_>, sound: Option<&Group<'_>>, text: &Group<'_>) -> Option<VariantStream> {
        let (track, own) = (listed.track, self.on_the_wire(listed));
        if listed.stored.peak == 0 {
            return None;
        }
        let size = track.format.video();
        let resolution = size.map(|video| Resolution { width: video.width.into(), height: video.height.into() });
        let beside = sound.map(|group| group.heaviest).unwrap_or_default();
        let multiplexed = sound.filter(|group| group.id.is_none()).and_then(|group| group.renditions.first());
        Some(VariantStream {
            uri: self.format.playlist(track, multiplexed.copied(), self.filter),
            bandwidth: own.peak.saturating_add(beside.peak),
            average_bandwidth: Some(own.mean.saturating_add(beside.mean)),
            codecs: self.codecs(track, sound.map_or(&[], |group| &group.renditions), text),
            resolution,
            // RFC 8216 clause 4.3.4.2: rounded to three decimals.
            frame_rate: track.frame_rate.map(|rate| (rate.as_f64() * 1000.0).round() / 1000.0),
            audio: sound.and_then(|group| group.id.clone()),
            subtitles: text.id.clone().filter(|_| !text.renditions.is_empty()),
            ..VariantStream::default()
        })
    }

    /// The I-frames of a rung. How large they are is not known; BANDWIDTH is an upper bound, the peak of the whole rung, as Azure Media
    /// Services had it (A20.8), and no mean is given.
    fn i_frames(&self, listed: &Listed<'_>) -> Option<VariantStream> {
        if !self.format.has_i_frames() || listed.stored.peak == 0 {
            return None;
        }
        let size = listed.track.format.video();
        Some(VariantStream {
            is_i_frame: true,
            uri: self.format.i_frames_playlist(listed.track, self.filter),
            bandwidth: self.on_the_wire(listed).peak,
            codecs: self.format.codecs(listed.track),
            resolution: size.map(|video| Resolution { width: video.width.into(), height: video.height.into() }),
            ..VariantStream::default()
        })
    }

    /// The rung whose nominal bit rate is nearest to the one that players are to begin with goes before the others.
    fn put_first_quality_first(&self, tracks: &mut [Listed<'a>]) {
        let Some(wanted) = self.first_quality else { return };
        let rungs = tracks.iter().map(|one| one.track).filter(|track| track.format.is_video());
        let Some(nearest) = rungs.min_by_key(|track| track.bitrate.abs_diff(wanted)) else { return };
        // A stable sort: the others keep their order.
        tracks.sort_by_key(|one| one.track.name != nearest.name);
    }

    /// The variant of sound alone, which versions before 7 have behind those of video (A20.8, A21.5).
    fn audio_only(&self, sound: &[Group<'_>], tracks: &[Listed<'_>]) -> Option<VariantStream> {
        let group = sound.first().filter(|_| self.format != HlsFormat::Cmaf && self.has_audio_only)?;
        let track = group.renditions.first()?;
        let listed = tracks.iter().find(|one| one.track.name == track.name && one.stored.peak > 0)?;
        let rates = self.on_the_wire(listed);
        // A player that takes it for its group may play any rendition of that.
        let heaviest = if group.id.is_some() { group.heaviest } else { rates };
        Some(VariantStream {
            uri: self.format.playlist(track, None, self.filter),
            bandwidth: heaviest.peak,
            average_bandwidth: Some(heaviest.mean),
            codecs: self.format.codecs(track),
            audio: group.id.clone(),
            ..VariantStream::default()
        })
    }

    /// Every format that may be played, each once (RFC 8216 clause 4.3.4.2); nothing where one of them is not known.
    fn codecs(&self, track: &TrackSpec, sounds: &[&TrackSpec], text: &Group<'_>) -> Option<String> {
        let mut all = vec![self.format.codecs(track)?];
        for sound in sounds {
            let sound = self.format.codecs(sound)?;
            if !all.contains(&sound) {
                all.push(sound);
            }
        }
        all.extend(text.renditions.first().and_then(|text| text_codec(text)).map(String::from));
        Some(all.join(","))
    }
}

/// Renditions of which one plays beside a variant (RFC 8216 clause 4.3.4.1.1), or, without a name, in its segments.
struct Group<'a> {
    id: Option<String>,
    renditions: Vec<&'a TrackSpec>,
    /// Of the rendition with the highest peak: a variant states the greatest sum of any combination that can be played
    /// (RFC 8216 clause 4.3.4.2).
    heaviest: Bitrates,
}

/// Text that HLS takes: IMSC1 in fragmented MP4, under the name that its players want (RFC 8216bis clause 3.1.4; TTML Profiles
/// for Internet Media Subtitles and Captions 1.0 section 6.9). Of text in the older namespace no player would make anything.
fn text_codec(track: &TrackSpec) -> Option<&'static str> {
    matches!(&track.format, TrackFormat::Text(text) if &text.four_cc == b"TTML").then_some("stpp.ttml.im1t")
}

impl Group<'_> {
    fn listed(
        &self,
        urls: (HlsFormat, &str),
        media_type: AlternativeMediaType,
    ) -> impl Iterator<Item = AlternativeMedia> {
        (0..self.renditions.len()).filter_map(move |n| self.rendition(n, urls, media_type.clone()))
    }

    fn rendition(
        &self,
        n: usize,
        (format, filter): (HlsFormat, &str),
        media_type: AlternativeMediaType,
    ) -> Option<AlternativeMedia> {
        let (before, rest) = self.renditions.split_at_checked(n)?;
        let track = rest.first()?;
        let language = Some(track.language).filter(|language| *language != Language::UND);
        Some(AlternativeMedia {
            // Text is shown when somebody asks for it.
            default: n == 0 && media_type == AlternativeMediaType::Audio,
            media_type,
            uri: Some(format.playlist(track, None, filter)),
            group_id: self.id.clone()?,
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
mod tests;
