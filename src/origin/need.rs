//! Media: what the host reads from its store, and the answer that comes of it.

use std::{ops::Range, sync::Arc};

use super::{
    error::OriginError,
    range::requested,
    request::{Method, Request},
    response::Response,
};
use crate::{
    archive::ObjectName,
    error::{ParseError, ParseErrorKind},
    media::{Body, PartSpan, Presentation, Segment, SegmentCue, Span, TrackSpec},
    package::{hds, hls, key_frame, smooth},
    time::MediaTime,
};

/// Objects that must be read before the request can be answered, and what is made of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    names: Names,
    view: View,
    content_type: &'static str,
    is_head: bool,
    range: Option<String>,
    /// Some of what it is made of is missing.
    is_partial: bool,
}

/// The objects' names, without an allocation of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Names {
    One(ObjectName),
    /// The pictures, then the sound.
    Two([ObjectName; 2]),
    /// The pictures of a pack, then its sound.
    Many(Vec<ObjectName>),
}

/// What an answer is made of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
enum View {
    /// The one object as it is stored.
    Stored,
    /// These bytes of it.
    Part(Range<usize>),
    /// The segment of HLS before version 7 with this number, out of fragments of the tracks at these positions, of each so many.
    Segment(Arc<Presentation>, u32, Vec<(usize, usize)>),
    /// The key frame of the track at this position, which lasts as long as its fragment, whose span this is; in a transport stream or in
    /// fragmented MP4.
    KeyFrame { presentation: Arc<Presentation>, track: usize, span: Span, is_transport: bool },
    /// A fragment of Smooth Streaming, which says when it is and when those are that follow it.
    TimedFragment(Arc<Presentation>, usize, Span, Vec<smooth::Next>),
    /// A fragment of HDS, out of the fragments of the tracks at these positions, of a segment that starts then and has these cues.
    F4f(Arc<Presentation>, Vec<usize>, MediaTime, Arc<[SegmentCue]>),
}

impl Need {
    /// An object of this track, as it is.
    pub(super) fn stored(name: ObjectName, track: &TrackSpec, request: &Request<'_>) -> Self {
        Self::new(Names::One(name), View::Stored, track.content_type(), request)
    }

    /// A part of a fragment of this track, which may be there as far as it has grown only.
    pub(super) fn part(name: ObjectName, span: PartSpan, track: &TrackSpec, request: &Request<'_>) -> Self {
        let at = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        Self::new(Names::One(name), View::Part(at(span.at)..at(span.end())), track.content_type(), request)
    }

    /// The segment with this number that the fragments of a track make, or those of pictures and those of their sound, each with the
    /// position of its track. Where it is partial, others may have had more of it before the store lost some.
    pub(super) fn segment(
        (number, is_partial): (u64, bool),
        (mut names, track): (Vec<ObjectName>, usize),
        sound: Option<(Vec<ObjectName>, usize)>,
        presentation: &Arc<Presentation>,
        request: &Request<'_>,
    ) -> Self {
        let mut tracks = vec![(track, names.len())];
        if let Some((sound_names, sound)) = sound {
            tracks.push((sound, sound_names.len()));
            names.extend(sound_names);
        }
        let content_type = presentation.tracks.get(track).map_or("video/mp2t", hls::segment_type);
        // Tables count by its last bits.
        let view = View::Segment(Arc::clone(presentation), number as u32, tracks);
        Self { is_partial, ..Self::new(Names::Many(names), view, content_type, request) }
    }

    /// The key frame that a fragment of pictures begins with; `track` is the position of theirs.
    pub(super) fn key_frame(
        (name, track): (ObjectName, usize),
        span: Span,
        is_transport: bool,
        presentation: &Arc<Presentation>,
        request: &Request<'_>,
    ) -> Self {
        let content_type = if is_transport { "video/mp2t" } else { "video/mp4" };
        let view = View::KeyFrame { presentation: Arc::clone(presentation), track, span, is_transport };
        Self::new(Names::One(name), view, content_type, request)
    }

    /// The fragment of HDS that a fragment makes, or one of pictures and one of their sound.
    pub(super) fn f4f(
        (name, track): (ObjectName, usize),
        sound: Option<(ObjectName, usize)>,
        presentation: &Arc<Presentation>,
        segment: &Segment,
        request: &Request<'_>,
    ) -> Self {
        let (names, tracks) = beside((name, track), sound);
        // Of an alternate language, players have them with the pictures.
        let is_video = |track: &TrackSpec| track.format.is_video();
        let is_alternate =
            presentation.tracks.iter().any(is_video) && !presentation.tracks.get(track).is_some_and(is_video);
        let cues = if !is_alternate { Arc::clone(&segment.cues) } else { Arc::default() };
        let view = View::F4f(Arc::clone(presentation), tracks, segment.start, cues);
        Self::new(names, view, hds::FRAGMENT_TYPE, request)
    }

    /// A fragment with its own time and those of the ones that follow.
    pub(super) fn timed(
        (name, track): (ObjectName, usize),
        span: Span,
        ahead: Vec<smooth::Next>,
        presentation: &Arc<Presentation>,
        request: &Request<'_>,
    ) -> Self {
        let content_type = presentation.tracks.get(track).map_or("video/mp4", TrackSpec::content_type);
        let view = View::TimedFragment(Arc::clone(presentation), track, span, ahead);
        Self::new(Names::One(name), view, content_type, request)
    }

    fn new(names: Names, view: View, content_type: &'static str, request: &Request<'_>) -> Self {
        // Longer than any range that makes sense: not worth keeping while the host reads.
        let range = request.range.filter(|range| range.len() <= 64).map(str::to_owned);
        Self { names, view, content_type, is_head: request.method == Method::Head, range, is_partial: false }
    }

    /// The objects to read: one, or the pictures and then the sound of a segment that has both, or several of each.
    #[must_use]
    pub fn names(&self) -> &[ObjectName] {
        match &self.names {
            Names::One(name) => std::slice::from_ref(name),
            Names::Two(names) => names,
            Names::Many(names) => names,
        }
    }

    /// The answer, with the objects in the order of [`names`](Self::names) as they were read, `None` where the store has none of
    /// that name. Where they are not stored as they are sent, this is the work of making it: a gigabyte a second or more.
    #[must_use]
    pub fn fulfil(self, objects: impl IntoIterator<Item = Option<Body>>) -> Response {
        let mut read: Vec<Body> = objects.into_iter().take(self.names().len()).flatten().collect();
        // Half of a segment would be kept in caches for good.
        if read.len() < self.names().len() {
            return self.refuse(OriginError::FragmentTimestampNotFound);
        }
        let body = match &self.view {
            View::Stored => read.pop(),
            View::Part(range) => {
                read.pop().filter(|body| body.len() >= range.end).map(|body| body.slice(range.clone()))
            }
            View::Segment(presentation, number, tracks) => {
                let mut rest = read.as_slice();
                let mut part = |(track, count): &(usize, usize)| {
                    let (bodies, behind) = rest.split_at_checked(*count)?;
                    rest = behind;
                    Some((presentation.tracks.get(*track)?, bodies))
                };
                let parts: Option<Vec<_>> = tracks.iter().map(&mut part).collect();
                parts.and_then(|parts| hls::segment(*number, &parts).ok())
            }
            View::F4f(presentation, tracks, start, cues) => {
                let tracks = tracks.iter().filter_map(|track| presentation.tracks.get(*track));
                hds::fragment(&tracks.zip(&read).collect::<Vec<_>>(), *start, cues).ok()
            }
            View::KeyFrame { presentation, track, span, is_transport } => {
                let make = if *is_transport { hls::key_frame } else { key_frame };
                let pictures = presentation.tracks.get(*track).zip(read.pop());
                match pictures.map(|(track, stored)| make(track, &stored, *span)) {
                    // A rung that came back within the segment.
                    Some(Err(ParseError { kind: ParseErrorKind::Missing { .. }, .. })) => {
                        return self.refuse(OriginError::FragmentTimestampNotFound);
                    }
                    made => made.and_then(Result::ok),
                }
            }
            View::TimedFragment(presentation, track, span, ahead) => {
                let (stored, track) = (read.pop(), presentation.tracks.get(*track));
                stored.zip(track).and_then(|(stored, track)| smooth::fragment(track, &stored, *span, ahead).ok())
            }
        };
        let Some(body) = body else { return self.refuse(OriginError::StoredObjectUnreadable) };
        let len = body.len();
        match self.range.as_deref().and_then(|range| requested(range, len)) {
            None => self.respond(200, body, None),
            Some(Ok(range)) => {
                let extra = ("content-range", format!("bytes {}-{}/{len}", range.start, range.end.saturating_sub(1)));
                self.respond(206, body.slice(range), Some(extra))
            }
            Some(Err(())) => Response::unsatisfiable(len),
        }
    }

    fn refuse(&self, error: OriginError) -> Response {
        let refusal = Response::error(error);
        if self.is_head { Response { body: Body::new(), ..refusal } } else { refusal }
    }

    fn respond(&self, status: u16, body: Body, extra: Option<(&'static str, String)>) -> Response {
        let mut headers = vec![
            ("content-type", self.content_type.into()),
            ("content-length", body.len().to_string().into()),
            ("cache-control", if self.is_partial { BRIEFLY } else { IMMUTABLE }.into()),
            ("accept-ranges", "bytes".into()),
        ];
        headers.extend(extra.map(|(name, value)| (name, value.into())));
        let body = if self.is_head { Body::new() } else { body };
        Response::new(status, headers, body)
    }
}

/// The objects of pictures and their sound, with the positions of their tracks.
fn beside((name, track): (ObjectName, usize), sound: Option<(ObjectName, usize)>) -> (Names, Vec<usize>) {
    match sound {
        None => (Names::One(name), vec![track]),
        Some((sound, position)) => (Names::Two([name, sound]), vec![track, position]),
    }
}

/// What an object name stands for never changes, nor does what is made of it.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// What may be another thing elsewhere, or was.
const BRIEFLY: &str = "max-age=2";
