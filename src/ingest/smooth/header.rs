//! The header boxes of a POST to tracks: `moov` says how samples are coded, the live server manifest what a track is called.

use crate::{
    error::ParseError,
    ingest::smooth::{format, streams::StreamName},
    media::{Language, Track, TrackFormat, TrackId},
    time::Timescale,
    wire::{
        mp4::{Movie, MovieTrack, SampleDefaults},
        smil::{LiveManifest, ManifestKind, ManifestTrack},
    },
};

/// A track as its header boxes name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) track: Track,
    pub(super) role: Role,
    pub(super) stream: StreamName,
    pub(super) defaults: SampleDefaults,
}

/// What its samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Pictures or sound, one fragment after the other.
    Media,
    /// Text that comes when there is some.
    Text,
    /// Messages to splice (SPECS d4).
    Cues,
}

/// The tracks of `movie` in the order of `manifest`; those that it does not name come last.
pub(super) fn headings(movie: &Movie, manifest: Option<&LiveManifest>) -> Result<Vec<Heading>, ParseError> {
    let named = manifest.map_or(&[][..], |manifest| &manifest.tracks);
    let mut tracks: Vec<(usize, &MovieTrack)> = movie
        .tracks
        .iter()
        .enumerate()
        .map(|(place, track)| (position(named, track, place).unwrap_or(usize::MAX), track))
        .collect();
    tracks.sort_by_key(|(place, _)| *place);
    let mut counts = [0; 3];
    let mut headings: Vec<Heading> = Vec::with_capacity(tracks.len());
    for (place, track) in tracks {
        let mut found = heading(track, named.get(place), &mut counts)?;
        let is_same =
            |other: &&Heading| (&other.stream.name, other.stream.bitrate) == (&found.stream.name, found.stream.bitrate);
        found.stream.namesakes = headings.iter().rev().find(is_same).map_or(0, |last| last.stream.namesakes + 1);
        headings.push(found);
    }
    Ok(headings)
}

impl Role {
    pub(super) const fn is_sparse(self) -> bool {
        !matches!(self, Self::Media)
    }
}

/// Where the manifest names a track: by its id or, where it has no ids, by its place.
fn position(named: &[ManifestTrack], track: &MovieTrack, place: usize) -> Option<usize> {
    let has_ids = named.iter().any(|entry| entry.track_id.is_some());
    let by_id = || named.iter().position(|entry| entry.track_id == Some(track.id));
    if has_ids { by_id() } else { named.get(place).map(|_| place) }
}

fn heading(track: &MovieTrack, named: Option<&ManifestTrack>, counts: &mut [u32; 3]) -> Result<Heading, ParseError> {
    let handler = match &track.handler {
        b"vide" => ManifestKind::Video,
        b"soun" => ManifestKind::Audio,
        _ => ManifestKind::Text,
    };
    let kind = named.map_or(handler, |named| named.kind);
    let role = match kind {
        ManifestKind::Video | ManifestKind::Audio => Role::Media,
        ManifestKind::Text if is_cues(track, named) => Role::Cues,
        ManifestKind::Text => Role::Text,
    };
    let format = match (kind, role) {
        (_, Role::Cues) => TrackFormat::Unknown("SCTE-35 in a sparse track".into()),
        (ManifestKind::Video, _) => format::video(track, named)?,
        (ManifestKind::Audio, _) => format::audio(track, named)?,
        (ManifestKind::Text, _) => format::text(track, named),
    };
    let stated = named.map_or(0, |named| named.bitrate);
    let bitrate = if stated > 0 { stated } else { track.entry.as_ref().map_or(0, |entry| entry.bitrate) };
    let (word, count) = match kind {
        ManifestKind::Video => ("video", &mut counts[0]),
        ManifestKind::Audio => ("audio", &mut counts[1]),
        ManifestKind::Text => ("text", &mut counts[2]),
    };
    let index = *count;
    *count += 1;
    let name = match named.map(|named| clean(&named.name)).filter(|name| !name.is_empty()) {
        Some(name) => name,
        None => format!("{word}_{bitrate}"), // A26.3
    };
    let ticks = [track.timescale, named.and_then(|named| named.timescale).unwrap_or(0), USUAL_TIMESCALE];
    let timescale = ticks.into_iter().find_map(Timescale::new).unwrap_or(Timescale::MILLIS);
    let language = named.and_then(|named| Language::new(&named.language)).filter(|known| *known != Language::UND);
    Ok(Heading {
        stream: StreamName { name: name.clone(), bitrate, namesakes: 0 },
        track: Track {
            id: TrackId(track.id),
            index,
            name,
            bitrate,
            language: language.unwrap_or(track.language),
            timescale,
            format,
        },
        role,
        defaults: track.defaults,
    })
}

/// Whether samples are messages to splice: the manifest says so, or without one the sample entry.
fn is_cues(track: &MovieTrack, named: Option<&ManifestTrack>) -> bool {
    match named {
        Some(named) if !named.subtype.is_empty() || !named.scheme.is_empty() => {
            named.subtype.eq_ignore_ascii_case("DATA") && named.scheme.to_ascii_lowercase().contains("scte35")
        }
        _ => track.entry.as_ref().is_some_and(|entry| &entry.kind == b"scte"),
    }
}

/// A name that can stand in a manifest, an event and a log.
fn clean(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(128).collect()
}

/// Ticks per second where nothing says (SPECS d1).
const USUAL_TIMESCALE: u32 = 10_000_000;
