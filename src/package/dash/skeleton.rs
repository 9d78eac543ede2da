//! Everything of an MPD but its periods' times, events and segment timelines, made with `dash-mpd`.

use chrono::{DateTime, Utc as ChronoUtc};
use dash_mpd::{
    Accessibility, AdaptationSet, AudioChannelConfiguration, InbandEventStream, MPD, Period, Representation, Role,
    SegmentTemplate, SegmentTimeline as EmptyTimeline,
};

use super::{
    patch::announce,
    template::{DEPTH, OFFSET, PUBLISH_TIME, START_NUMBER, Template},
    timing::{low_latency, utc_timing},
    trick_play::trick_play,
};
use crate::{
    media::{CaptionService, Language, Presentation, TrackFormat, TrackSpec},
    package::sets::{is_listed, switching_sets},
    time::{MediaDuration, MediaTime, Utc},
};

/// Which DASH format: the two of A20.4, which are the same MPD with its own name in the URLs of its fragments, and one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flavour {
    /// `mpd-time-cmaf`.
    Cmaf,
    /// `mpd-time-csf`.
    Csf,
    /// `mpd-time-cmaf`, and the MPD says where its patches are while it is live.
    Patched,
    /// `mpd-number-cmaf`: players make the URL of a segment out of its number and need no new MPD for it. Not of A20.4.
    Number,
}

/// What an MPD says of its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) window: Option<MediaDuration>,
    pub(super) segment_duration: MediaDuration,
    pub(super) extent: Extent,
    /// How long a part lasts, where segments are sent part by part.
    pub(super) parts: Option<MediaDuration>,
    /// What its time counts from.
    pub(super) began: MediaTime,
}

/// Where the presentation's time begins, or ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Extent {
    /// It is live, and its time began then.
    Since(Utc),
    /// It has ended, so long after it began.
    Lasted(MediaDuration),
}

/// What an MPD lists: for each track whether it does, and the caption services, sorted.
pub(super) type Listed<'a> = (&'a [bool], &'a [CaptionService]);

/// The fixed text of an MPD with the tracks that are listed.
pub(super) fn skeleton(presentation: &Presentation, listed: Listed<'_>, flavour: Flavour, shape: Shape) -> Template {
    let mut mpd = mpd(presentation, listed, flavour, shape);
    if let (Flavour::Number, Extent::Since(_), Some(part)) = (flavour, shape.extent, shape.parts) {
        low_latency(&mut mpd, part);
    }
    if let (Flavour::Patched, Extent::Since(_)) = (flavour, shape.extent) {
        announce(&mut mpd, shape.began, shape.segment_duration);
    }
    Template::of(&mpd.to_string())
}

fn mpd(presentation: &Presentation, (offered, captions): Listed<'_>, flavour: Flavour, shape: Shape) -> MPD {
    let (live, since, lasted) = match shape.extent {
        Extent::Since(began) => (true, date_time(began), None),
        Extent::Lasted(span) => (false, None, Some(span.to_std())),
    };
    let main_sound = presentation.first_of_each().1;
    // A set keeps its id whatever else is listed.
    let all = switching_sets(presentation);
    let sets = all.iter().enumerate().filter(|(_, set)| is_listed(set, offered));
    let adaptations = sets.map(|(id, set)| {
        let listed = set.iter().filter(|n| is_listed(&[**n], offered));
        let tracks: Vec<&TrackSpec> = listed.filter_map(|n| presentation.tracks.get(*n)).collect();
        let role = role(tracks.first().copied(), main_sound.is_some_and(|main| set.contains(&main)));
        let is_video = tracks.first().is_some_and(|track| track.format.is_video());
        let accessibility = if is_video { accessibility(captions) } else { Vec::new() };
        let set = adaptation_set(id, &tracks, role, flavour, presentation.cues.in_band);
        AdaptationSet { Accessibility: accessibility, ..set }
    });
    let mut adaptations: Vec<AdaptationSet> = adaptations.collect();
    // Behind all others: what plays at the usual pace is what a player comes to first.
    let is_by_time = flavour != Flavour::Number;
    let key_frames = adaptations.iter().filter(|_| is_by_time);
    let key_frames: Vec<AdaptationSet> =
        key_frames.filter_map(|set| trick_play(set, all.len(), shape.segment_duration)).collect();
    adaptations.extend(key_frames);
    let period = Period { adaptations, ..Period::default() };
    // By numbers it grows with the presentation first: FFmpeg takes what lies before the presentation's beginning for a number far ahead.
    let depth = shape.window.map(|window| if is_by_time { window.to_std() } else { DEPTH.0 });
    let cmaf = if flavour == Flavour::Csf { "" } else { ",urn:mpeg:dash:profile:cmaf:2019" };
    MPD {
        xmlns: Some("urn:mpeg:dash:schema:mpd:2011".into()),
        profiles: Some(format!("urn:mpeg:dash:profile:isoff-live:2011{cmaf}")),
        mpdtype: Some(if live { "dynamic" } else { "static" }.into()),
        availabilityStartTime: since,
        publishTime: PUBLISH_TIME.parse().ok().filter(|_| live),
        mediaPresentationDuration: lasted,
        minimumUpdatePeriod: live.then(|| shape.segment_duration.to_std()),
        timeShiftBufferDepth: depth.filter(|_| live),
        suggestedPresentationDelay: live.then(|| shape.segment_duration.times(3).to_std()),
        maxSegmentDuration: Some(shape.segment_duration.to_std()),
        minBufferTime: Some(shape.segment_duration.to_std()),
        periods: vec![period],
        UTCTiming: live.then(utc_timing).into_iter().collect(),
        ..MPD::default()
    }
}

/// ISO/IEC 23009-1 clause 5.8.5.5: one sound is the main one, the other languages are alternatives to it.
fn role(track: Option<&TrackSpec>, is_main_sound: bool) -> &'static str {
    match track.map(|track| &track.format) {
        Some(TrackFormat::Text(text)) if text.subtype.eq_ignore_ascii_case("CAPT") => "caption",
        Some(TrackFormat::Text(_)) => "subtitle",
        Some(format) if format.is_audio() && !is_main_sound => "alternate",
        _ => "main",
    }
}

/// Captions inside the pictures, of languages that are not known (the schemes of SCTE 214-1, as DASH-IF IOP 4.3 takes them).
fn accessibility(captions: &[CaptionService]) -> Vec<Accessibility> {
    let of = |scheme: &str, name: fn(&CaptionService) -> Option<String>| {
        let services: Vec<String> = captions.iter().filter_map(name).collect();
        (!services.is_empty()).then(|| Accessibility {
            schemeIdUri: format!("urn:scte:dash:cc:{scheme}:2015"),
            value: Some(services.join(";")),
            ..Accessibility::default()
        })
    };
    let cea_608 = of("cea-608", |service| match service {
        CaptionService::Cea608(_) => Some(format!("{service}=und")),
        CaptionService::Cea708(_) => None,
    });
    let cea_708 = of("cea-708", |service| match service {
        CaptionService::Cea708(number) => Some(format!("{number}=lang:und")),
        CaptionService::Cea608(_) => None,
    });
    cea_608.into_iter().chain(cea_708).collect()
}

fn adaptation_set(id: usize, tracks: &[&TrackSpec], role: &str, flavour: Flavour, is_in_band: bool) -> AdaptationSet {
    let first = tracks.first();
    let language = first.map(|track| track.language).filter(|language| *language != Language::UND);
    let mime_type = first.map(|track| track.content_type());
    let is_text = first.is_some_and(|track| matches!(track.format, TrackFormat::Text(_)));
    let kind = if is_text { Some("text") } else { mime_type.and_then(|mime| mime.split('/').next()) };
    // The value is that of the boxes.
    let in_band = first.filter(|track| is_in_band && track.format.is_video()).map(|_| InbandEventStream {
        schemeIdUri: "urn:scte:scte35:2013:bin".into(),
        value: Some("1".into()),
        ..InbandEventStream::default()
    });
    let role = Role { schemeIdUri: "urn:mpeg:dash:role:2011".into(), value: Some(role.into()), ..Role::default() };
    AdaptationSet {
        id: Some(id.to_string()),
        contentType: kind.map(Into::into),
        mimeType: mime_type.map(Into::into),
        lang: language.map(|language| language.bcp47().into()),
        segmentAlignment: Some(true),
        startWithSAP: Some(1),
        Role: vec![role],
        InbandEventStream: in_band.into_iter().collect(),
        SegmentTemplate: first.map(|track| segment_template(track, flavour)),
        representations: tracks.iter().map(|track| representation(track)).collect(),
        ..AdaptationSet::default()
    }
}

fn segment_template(track: &TrackSpec, flavour: Flavour) -> SegmentTemplate {
    let format = flavour.format();
    let fragment =
        |number: &str| format!("QualityLevels($Bandwidth$)/Fragments({}={number},format={format})", track.url_track);
    if flavour == Flavour::Number {
        // What else there is to say differs from period to period.
        return SegmentTemplate {
            startNumber: Some(START_NUMBER),
            initialization: Some(fragment("i")),
            media: Some(fragment("$Number$")),
            ..SegmentTemplate::default()
        };
    }
    SegmentTemplate {
        timescale: Some(track.timescale.per_second().into()),
        presentationTimeOffset: Some(OFFSET),
        initialization: Some(fragment("i")),
        media: Some(fragment("$Time$")),
        SegmentTimeline: Some(EmptyTimeline { segments: Vec::new() }),
        ..SegmentTemplate::default()
    }
}

fn representation(track: &TrackSpec) -> Representation {
    let common = Representation {
        id: Some(track.name.clone()),
        // Nominal, because it stands in the URLs; HLS carries the measured rate.
        bandwidth: Some(track.bitrate.into()),
        codecs: track.codecs(),
        ..Representation::default()
    };
    match &track.format {
        TrackFormat::H264(video, _)
        | TrackFormat::Mpeg2(video)
        | TrackFormat::Hevc(video, _)
        | TrackFormat::Av1(video, _) => Representation {
            width: Some(video.width.into()),
            height: Some(video.height.into()),
            sar: Some(format!("{}:{}", video.sample_aspect.0.max(1), video.sample_aspect.1.max(1))),
            frameRate: track.frame_rate.map(|rate| match rate.den() {
                1 => rate.num().to_string(),
                den => format!("{}/{den}", rate.num()),
            }),
            ..common
        },
        TrackFormat::Aac(audio, _) | TrackFormat::Ac3(audio, _) | TrackFormat::Mpa(audio, _) => Representation {
            audioSamplingRate: Some(audio.sample_rate.to_string()),
            AudioChannelConfiguration: vec![AudioChannelConfiguration {
                schemeIdUri: "urn:mpeg:dash:23003:3:audio_channel_configuration:2011".into(),
                value: Some(channel_configuration(audio.channels).to_string()),
                ..AudioChannelConfiguration::default()
            }],
            ..common
        },
        TrackFormat::Text(_) | TrackFormat::Unknown(_) => common,
    }
}

/// ISO/IEC 23001-8 table 8, the usual layout of so many channels: up to six the number says it, 6.1 is 11 and 7.1 is 12.
const fn channel_configuration(channels: u8) -> u8 {
    match channels {
        7 => 11,
        8 => 12,
        up_to_six => up_to_six,
    }
}

pub(super) fn date_time(at: Utc) -> Option<DateTime<ChronoUtc>> {
    Some(DateTime::from_timestamp_nanos(at.unix_nanos()))
}

impl Flavour {
    pub(super) const ALL: [Self; 4] = [Self::Cmaf, Self::Csf, Self::Patched, Self::Number];

    /// The value of `format` in URLs.
    #[must_use]
    pub const fn format(self) -> &'static str {
        match self {
            Self::Cmaf | Self::Patched => "mpd-time-cmaf",
            Self::Csf => "mpd-time-csf",
            Self::Number => "mpd-number-cmaf",
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        archive::rig::ladder,
        media::{Ac3Config, AudioTrack, TextConfig, TrackId},
    };

    /// Two rungs, AAC, AC-3 in German and two texts, as a feed that is passed through may have them.
    fn passed_through() -> Presentation {
        let mut tracks = ladder();
        let ac3 = Ac3Config { dac3: Bytes::from_static(&[0x10, 0x3D, 0x40]) };
        let format = TrackFormat::Ac3(AudioTrack { sample_rate: 48_000, channels: 6 }, ac3);
        let german =
            TrackSpec::audio(TrackId(3), "surround", 448_000, format, Language::new("ger").unwrap_or(Language::UND));
        tracks.push(TrackSpec { url_track: "surround".into(), ..german });
        for (id, subtype) in [(4, "CAPT"), (5, "SUBT")] {
            let format = TrackFormat::Text(TextConfig { four_cc: *b"TTML", subtype: subtype.into() });
            let text = TrackSpec::audio(TrackId(id), subtype, 1000, format, Language::UND);
            tracks.push(TrackSpec { url_track: subtype.into(), ..text });
        }
        Presentation::new(tracks, Utc::UNIX_EPOCH)
    }

    fn sets(offered: &[bool]) -> Vec<AdaptationSet> {
        let segment_duration = MediaDuration::from_secs(2);
        let shape = Shape {
            window: None,
            segment_duration,
            extent: Extent::Since(Utc::UNIX_EPOCH),
            parts: None,
            began: MediaTime::ZERO,
        };
        let mut mpd = mpd(&passed_through(), (offered, &[]), Flavour::Cmaf, shape);
        let mut sets = mpd.periods.remove(0).adaptations;
        let key_frames = sets.iter().position(|set| !set.essential_property.is_empty());
        sets.truncate(key_frames.unwrap_or(sets.len()));
        sets
    }

    #[test]
    fn each_language_and_text_has_a_set_with_its_kind_and_role() {
        let found = sets(&[true; 6]);
        let of = |set: &AdaptationSet| {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            let one = &set.representations[0];
            [text(&set.contentType), text(&set.mimeType), text(&set.Role[0].value), text(&set.lang), text(&one.codecs)]
        };
        let expected = [
            ["video", "video/mp4", "main", "", "avc1.64001F"],
            ["audio", "audio/mp4", "main", "", "mp4a.40.2"],
            ["audio", "audio/mp4", "alternate", "de", "ac-3"],
            ["text", "application/mp4", "caption", "", "stpp"],
            ["text", "application/mp4", "subtitle", "", "stpp"],
        ];
        assert_eq!(found.iter().map(of).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_set_of_which_nothing_is_offered_is_not_listed_and_the_others_keep_their_ids() {
        let ids = |offered| sets(offered).iter().map(|set| set.id.clone().unwrap_or_default()).collect::<Vec<_>>();
        assert_eq!(ids(&[false, true, true, false, true, true]), ["0", "1", "3", "4"]);
        assert_eq!(sets(&[false, true, true, true, true, true])[0].representations.len(), 1);
    }
}
