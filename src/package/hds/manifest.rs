//! The set-level manifest, F4M 1.0, and the bootstraps that it names.
//!
//! A switching set has one bootstrap for all of its renditions, since their fragments are the same, and it counts the boundaries of
//! segments for sound, too: a player that looks for the sound of an instant finds the fragment of the same number.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    bootstrap::Bootstrap,
    clock::millis,
    fragment_number,
    lane::carries,
    media::{Listed, bootstrap_url, write_media},
};
use crate::{
    media::{Body, Presentation, Segment, Span, TrackFormat, TrackSpec},
    package::sets::switching_sets,
};

/// A manifest that follows a timeline. Tell it of every segment that joins and, in order, of every one that leaves.
#[derive(Clone, Debug)]
pub struct Manifest {
    presentation: Arc<Presentation>,
    sets: Vec<Set>,
    offered: Arc<[bool]>,
    is_ended: bool,
}

/// A switching set of what HDS carries.
#[derive(Clone, Debug)]
struct Set {
    /// Positions of its tracks.
    tracks: Vec<usize>,
    bootstrap: Bootstrap,
}

impl Manifest {
    /// A manifest without segments.
    #[must_use]
    pub fn new(presentation: Arc<Presentation>) -> Self {
        let is_carried = |track: &usize| presentation.tracks.get(*track).is_some_and(carries);
        let mut sets = switching_sets(&presentation);
        sets.iter_mut().for_each(|tracks| tracks.retain(is_carried));
        sets.retain(|tracks| !tracks.is_empty());
        Self {
            sets: sets.into_iter().map(|tracks| Set { tracks, bootstrap: Bootstrap::default() }).collect(),
            offered: presentation.tracks.iter().map(|_| true).collect(),
            is_ended: false,
            presentation,
        }
    }

    /// Whether there is anything that HDS carries.
    #[must_use]
    pub fn is_playable(&self) -> bool {
        !self.sets.is_empty()
    }

    /// Lists these renditions only, in the order of the presentation's tracks.
    pub fn offer(&mut self, offered: &Arc<[bool]>) {
        self.offered = Arc::clone(offered);
    }

    /// A segment joined at the live edge. A switching set that has nothing in it has a gap there.
    pub fn append(&mut self, segment: &Segment) {
        let Some(number) = fragment_number(segment.sequence) else { return };
        let (start, end) = (millis(segment.start), millis(segment.end()));
        let is_there = |track: &usize| !segment.spans.get(*track).is_none_or(Span::is_missing);
        let sets = self.sets.iter_mut().filter(|set| set.tracks.iter().any(is_there));
        sets.for_each(|set| set.bootstrap.append(number, start, end));
    }

    /// The oldest segment, which is this one, left the window.
    pub fn remove(&mut self, segment: &Segment) {
        let Some(number) = fragment_number(segment.sequence) else { return };
        self.sets.iter_mut().for_each(|set| set.bootstrap.remove(number));
    }

    /// Nothing follows.
    pub const fn end(&mut self) {
        self.is_ended = true;
    }

    /// The bootstrap of the track at this position, which is that of its switching set; `None` while it has no fragment, and where
    /// HDS does not carry it.
    #[must_use]
    pub fn bootstrap(&self, track: usize) -> Option<Body> {
        self.sets.iter().find(|set| set.tracks.contains(&track))?.bootstrap.render(self.is_ended)
    }

    /// The manifest as it stands, `ends` being the oldest and the newest segment of the timeline; `None` where it would list
    /// nothing.
    ///
    /// Each rung is a `media`, with the first language in its fragments; other languages are alternate ones. Without pictures
    /// the first language is what the others are alternates of. `filter` is how the URLs of bootstraps end: parameters within the
    /// brackets, and a query behind a `?`.
    #[must_use]
    pub fn render(&self, ends: (&Segment, &Segment), filter: &str) -> Option<Body> {
        let duration = self.is_ended.then(|| millis(ends.1.end()).saturating_sub(millis(ends.0.start)));
        let mut text = head(duration);
        let listed = self.listed();
        let mut bootstraps = BTreeSet::new();
        for one in &listed {
            if bootstraps.insert(one.bootstrap) {
                text.push_str(&bootstrap_url(one, filter));
            }
        }
        // yt-dlp and others tell renditions apart by the bit rate.
        let mut rates = BTreeSet::new();
        for one in &listed {
            let rate = (one.kilobits()..).find(|rate| rates.insert(*rate)).unwrap_or(u32::MAX);
            write_media(&mut text, one, rate, duration);
        }
        text.push_str("</manifest>\n");
        (!listed.is_empty()).then(|| text.into())
    }

    /// What is listed: rungs, then languages.
    fn listed(&self) -> Vec<Listed<'_>> {
        let of = |is_wanted: fn(&TrackFormat) -> bool| {
            let all = self.sets.iter().enumerate().filter(|(_, set)| !set.bootstrap.is_empty());
            all.filter_map(move |(bootstrap, set)| {
                let tracks = set.tracks.iter().filter(|track| self.is_offered(**track));
                let tracks = tracks.filter_map(|track| self.presentation.tracks.get(*track));
                let tracks: Vec<&TrackSpec> = tracks.filter(|track| is_wanted(&track.format)).collect();
                (!tracks.is_empty()).then_some((bootstrap, tracks))
            })
        };
        let mut languages = of(TrackFormat::is_audio).peekable();
        let has_pictures = of(TrackFormat::is_video).next().is_some();
        let mut listed = Vec::new();
        let sound = if has_pictures { languages.next().and_then(|(_, tracks)| tracks.first().copied()) } else { None };
        for (bootstrap, tracks) in of(TrackFormat::is_video) {
            let rung = |track| Listed { track, sound, bootstrap, is_alternate: false };
            listed.extend(tracks.into_iter().map(rung));
        }
        // One rendition of a language: players do not switch alternates.
        for (bootstrap, tracks) in languages {
            let is_alternate = !listed.is_empty();
            let language = |track| Listed { track, sound: None, bootstrap, is_alternate };
            listed.extend(tracks.into_iter().take(if is_alternate { 1 } else { usize::MAX }).map(language));
        }
        listed
    }

    fn is_offered(&self, track: usize) -> bool {
        self.offered.get(track).copied().unwrap_or_default()
    }
}

/// Up to the first bootstrap; the duration, in milliseconds, of what has ended.
fn head(duration: Option<u64>) -> String {
    let kind = match duration {
        // The whole of the bootstrap may be gone back to.
        None => "<streamType>live</streamType>\n<dvrInfo beginOffset=\"0\" endOffset=\"0\"/>\n".into(),
        Some(millis) => {
            let (seconds, millis) = (millis / 1000, millis % 1000);
            format!("<streamType>recorded</streamType>\n<duration>{seconds}.{millis:03}</duration>\n")
        }
    };
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest xmlns=\"http://ns.adobe.com/f4m/1.0\">\n";
    format!("{xml}{kind}<deliveryType>streaming</deliveryType>\n")
}

#[cfg(test)]
mod tests;
