//! The renditions of a pass-through channel: which tracks, in which order, under which names (A20.9, A26.3).

use std::{
    collections::{BTreeSet, VecDeque},
    num::NonZeroU8,
    sync::Arc,
    time::Duration,
};

use crate::{
    archive::{Presentation, TrackSpec},
    channel::{
        PassThrough,
        heartbeat::kind_of,
        relay::{Trouble, settling::Settling},
    },
    error::Fault,
    media::{CueFormats, FrameRate, NalFraming, Packing, Track, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Timescale},
    wire::mp4::init_segment,
};

/// What the channel's configuration says of how it is published.
#[derive(Clone, Copy, Debug)]
pub(in crate::channel) struct Delivery {
    /// How viewers are told of cues.
    pub(in crate::channel) cues: CueFormats,
    /// Fragments that make one segment of HLS with transport streams.
    pub(in crate::channel) fragments: Option<NonZeroU8>,
    /// Ticks of what is stored, where they are not to be the contribution's.
    pub(in crate::channel) timescale: Option<Timescale>,
}

/// What is known once the tracks are settled.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) presentation: Arc<Presentation>,
    /// The contribution's tracks, in the order of the renditions.
    pub(super) sources: Vec<Source>,
    /// How long a segment usually lasts.
    pub(super) segment_duration: MediaDuration,
    /// The longest that players are told to expect.
    pub(super) longest_segment: MediaDuration,
    /// When the first access unit came, on the monotonic clock and on the time line.
    pub(super) began: (Duration, MediaTime),
}

/// A track of the contribution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    /// Its id in the merged contribution.
    pub(super) track: TrackId,
    /// The clock of its time stamps.
    pub(super) clock: Timescale,
}

/// Makes renditions of the tracks that were seen; `None` where there are no pictures that can be stored.
pub(super) fn settle_renditions(
    config: &PassThrough,
    (gop, delivery): (MediaDuration, Delivery),
    tracks: &[Track],
    seen: &Settling,
    faults: &mut VecDeque<Trouble>,
) -> Option<Settled> {
    let start = seen.start()?;
    let mut chosen: Vec<(TrackId, TrackSpec)> = Vec::new();
    for track in tracks.iter().filter(|track| seen.seen.contains_key(&track.id) || is_text(&track.format)) {
        match rendition(track, seen, (config, delivery.timescale)) {
            Ok(spec) => chosen.push((track.id, spec)),
            Err(what) => faults.push_back(Trouble::of(track.id, Fault::Unsupported { what })),
        }
    }
    // Not in the order in which sessions came: two hosts are to agree.
    let place = |spec: &TrackSpec| (place_of(&spec.format), std::cmp::Reverse(spec.bitrate), spec.name.clone());
    chosen.sort_by_key(|(id, spec)| (place(spec), *id));
    limit(&mut chosen, config, faults);
    chosen.first().filter(|(_, spec)| spec.format.is_video())?;
    name_apart(&mut chosen);
    let reference = chosen.first().map(|(id, _)| *id);
    let segment_duration = segment_duration(gop, seen, reference);
    let longest_segment = longest_segment(config, segment_duration, seen, reference);
    let began = seen.began?;
    let clock_of = |id| tracks.iter().find(|track| track.id == id).map_or(Timescale::MPEG, |track| track.timescale);
    let sources = chosen.iter().map(|(id, _)| Source { track: *id, clock: clock_of(*id) }).collect();
    let specs = chosen.into_iter().zip(0..).map(|((_, spec), n)| TrackSpec { id: TrackId(n), ..spec });
    let epoch = began.utc.plus(MediaTime::ZERO.since(start));
    let Delivery { cues, fragments, .. } = delivery;
    let packing = Packing::new(fragments, segment_duration);
    let presentation = Arc::new(Presentation { tracks: specs.collect(), epoch, cues, packing });
    let began = (began.monotonic, start);
    Some(Settled { presentation, sources, segment_duration, longest_segment, began })
}

/// The rendition of one track; why it cannot be one.
fn rendition(
    track: &Track,
    seen: &Settling,
    (config, scale): (&PassThrough, Option<Timescale>),
) -> Result<TrackSpec, String> {
    if let TrackFormat::H264(_, set_up) = &track.format
        && set_up.framing == NalFraming::AnnexB
    {
        // Lengths in their stead would be other bytes than those that came.
        return Err("H.264 with start codes cannot be stored untouched".into());
    }
    let measured = || seen.bitrate(track.id, config.settle).max(1);
    let bitrate = if track.bitrate > 0 { track.bitrate } else { measured() };
    let kind = kind_of(&track.format);
    let name = if track.name.is_empty() { format!("{kind}_{bitrate}") } else { sanitise(&track.name) };
    let step = seen.seen.get(&track.id).and_then(|seen| seen.step);
    let stated = track.format.video().and_then(|video| video.frame_rate);
    let frame_rate = stated.or_else(|| step.and_then(FrameRate::nearest)).unwrap_or(FrameRate::FPS_30);
    let spec = TrackSpec {
        id: track.id,
        name,
        url_track: kind.into(),
        bitrate,
        language: track.language,
        format: track.format.clone(),
        timescale: scale.unwrap_or_else(|| timescale(track)),
        frame_rate: track.format.is_video().then_some(frame_rate),
    };
    if init_segment(&spec).is_none() {
        return Err(format!("{} cannot be stored", track.format.codec_name()));
    }
    Ok(spec)
}

/// The source's own ticks where they are fine enough to be exact: 10 MHz of Smooth Streaming, 90 kHz, a sample rate. RTMP's
/// milliseconds are exact in 90 kHz, too.
fn timescale(track: &Track) -> Timescale {
    let own = track.timescale.per_second();
    if (10_000..=10_000_000).contains(&own) {
        return track.timescale;
    }
    track.format.audio().and_then(|audio| Timescale::new(audio.sample_rate)).unwrap_or(Timescale::MPEG)
}

/// Takes as many of each kind as are allowed; video rungs with most bits per second stay.
fn limit(chosen: &mut Vec<(TrackId, TrackSpec)>, config: &PassThrough, faults: &mut VecDeque<Trouble>) {
    let mut counts = [0usize; 3];
    chosen.retain(|(id, spec)| {
        let place = place_of(&spec.format);
        let ceiling = if place == 0 { config.video_tracks } else { config.other_tracks };
        let count = &mut counts[place];
        *count += 1;
        if *count > ceiling {
            let what = format!("{}: over the ceiling of {ceiling}", spec.name);
            faults.push_back(Trouble::of(*id, Fault::TrackLeftOut { what }));
        }
        *count <= ceiling
    });
}

/// Gives every rendition a name and every switching set a bitrate of its own: `name` and `name_2`, 800000 and 800001.
/// Renditions of one kind, codec and language are one switching set: `audio`, then `audio_eng`, `audio_eng_2`.
fn name_apart(chosen: &mut [(TrackId, TrackSpec)]) {
    let mut names = BTreeSet::new();
    let mut sets: Vec<(String, String)> = Vec::new();
    let mut bitrates = BTreeSet::new();
    for (_, spec) in chosen {
        spec.name = unused(&spec.name, |name| !names.contains(name));
        names.insert(spec.name.clone());
        let set = format!("{} {} {}", spec.url_track, spec.format.codec_name(), spec.language.as_str());
        let known = sets.iter().find(|(known, _)| *known == set).map(|(_, url)| url.clone());
        let url = known.unwrap_or_else(|| {
            let is_free = |url: &str| sets.iter().all(|(_, other)| other != url);
            let full = format!("{}_{}", spec.url_track, spec.language.as_str());
            let url = if is_free(&spec.url_track) { spec.url_track.clone() } else { unused(&full, is_free) };
            sets.push((set, url.clone()));
            url
        });
        while !bitrates.insert((url.clone(), spec.bitrate)) {
            spec.bitrate = spec.bitrate.wrapping_add(1);
        }
        spec.url_track = url;
    }
}

fn unused(name: &str, is_free: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|n: u32| format!("{name}_{n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| is_free(name)).unwrap_or_default()
}

/// Letters, digits, `_`, `-` and `.`, not starting with a dot, at most 64.
fn sanitise(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let plain: String = name.chars().take(64).map(|c| if is_plain(c) { c } else { '_' }).collect();
    if plain.starts_with('.') { format!("_{plain}") } else { plain }
}

/// Whole GOPs of the reference rung, at least as long as was asked for; as long as it waited where it showed none.
fn segment_duration(gop: MediaDuration, seen: &Settling, reference: Option<TrackId>) -> MediaDuration {
    let seen = reference.and_then(|id| seen.seen.get(&id));
    let Some(seen) = seen else { return gop };
    let (Some(first), Some(second)) = (seen.idrs.first(), seen.idrs.get(1)) else {
        return gop.max(PassThrough::LONGEST_SETTLE);
    };
    let own = second.since(*first).flicks().max(1);
    let half = seen.step.map_or(0, |step| step.flicks() / 2);
    let count = gop.flicks().saturating_sub(half).max(1).saturating_add(own - 1) / own;
    MediaDuration::from_flicks(own.saturating_mul(count.max(1))).max(gop)
}

/// RFC 8216 clause 4.3.3.1 and ISO/IEC 23009-1 clause 5.3.1.2: no segment is longer than what was told before the first,
/// and so it is told with room for GOPs that grow.
fn longest_segment(
    config: &PassThrough,
    usual: MediaDuration,
    seen: &Settling,
    reference: Option<TrackId>,
) -> MediaDuration {
    let knows_gop = reference.and_then(|id| seen.seen.get(&id)).is_some_and(|seen| seen.idrs.len() >= 2);
    let least = if knows_gop { config.longest_segment } else { PassThrough::LONGEST_GOP };
    usual.max(least)
}

const fn is_text(format: &TrackFormat) -> bool {
    matches!(format, TrackFormat::Text(_))
}

const fn place_of(format: &TrackFormat) -> usize {
    match format {
        TrackFormat::Text(_) | TrackFormat::Unknown(_) => 2,
        format if format.is_video() => 0,
        _ => 1,
    }
}
