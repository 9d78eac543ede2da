//! One POST: header boxes, then fragments, however its bytes are cut.
//!
//! ```text
//!  ┌────────┐ manifest, moov ┌──────┐ moof ┌──────────────┐
//!  │ header │ ─────────────► │ open │ ───► │ waits for mdat │ ──► fragments of each track, or a fault for each
//!  └────────┘                └──────┘ ◄─── └──────────────┘
//!      │ moof: 412, the session is over       moov: the tracks are announced anew
//! ```

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::{Bytes, BytesMut};

use super::{
    fragment::Fragment,
    header::{Role, headings},
    lane::{Lane, Out},
    refusal::HEADER,
    streams::SmoothStreams,
};
use crate::{
    error::{Fault, LimitError, ParseError, ParseErrorKind},
    ingest::{Demuxed, Demuxer},
    media::TrackFormat,
    time::Now,
    wire::{
        mp4::{
            BoxSplitter, LIVE_SERVER_MANIFEST, MoofPlace, Movie, MovieFragment, Piece, SampleDefaults, TopBox,
            TrackFragment,
        },
        smil::{self, LiveManifest},
    },
};

/// How patient a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmoothConfig {
    /// How long a fragment waits for one that is missing before it. Default 1 s; a longer wait shows longer holes.
    pub reorder_wait: Duration,
    /// A POST with pictures or sound that sends nothing for so long is ended. Default 30 s: fragments are 2 to 6 s long.
    pub idle_limit: Duration,
}

/// The body of one POST to a publishing point.
///
/// The host pushes bytes until [`is_open`](Self::is_open) and has no need to pull before; then it hands the session to the
/// channel. A body that is empty is an encoder's probe and wants no session at all, only status 200.
#[derive(Debug)]
pub struct SmoothDemuxer {
    config: SmoothConfig,
    streams: SmoothStreams,
    splitter: BoxSplitter,
    input: Bytes,
    more: BytesMut,
    manifest: Option<LiveManifest>,
    /// A `moov` that waits for the fragments before it to be played.
    next_movie: Option<TopBox>,
    lanes: BTreeMap<u32, Lane>,
    /// The `moof` whose `mdat` comes next.
    pending: Option<(u64, Vec<TrackFragment>)>,
    items: VecDeque<Demuxed>,
    ready: VecDeque<Fragment>,
    heard: Duration,
    is_finished: bool,
    is_idle: bool,
    is_ended: bool,
    failure: Option<ParseError>,
}

impl Default for SmoothConfig {
    fn default() -> Self {
        Self { reorder_wait: Duration::from_secs(1), idle_limit: Duration::from_secs(30) }
    }
}

impl SmoothDemuxer {
    /// A session for a POST that began just now, to the identifier whose memory is `streams`.
    #[must_use]
    pub fn new(config: SmoothConfig, streams: SmoothStreams, now: Now) -> Self {
        Self {
            config,
            streams,
            splitter: BoxSplitter::default(),
            input: Bytes::new(),
            more: BytesMut::new(),
            manifest: None,
            next_movie: None,
            lanes: BTreeMap::new(),
            pending: None,
            items: VecDeque::new(),
            ready: VecDeque::new(),
            heard: now.monotonic,
            is_finished: false,
            is_idle: false,
            is_ended: false,
            failure: None,
        }
    }

    /// Whether the header boxes have come and name a track that can be read.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.lanes.is_empty()
    }

    /// Keeps pushed bytes until they are read.
    fn hold(&mut self, bytes: Bytes) -> Result<(), ParseError> {
        if self.input.is_empty() && self.more.is_empty() {
            self.input = bytes;
            return Ok(());
        }
        let asked = self.input.len().saturating_add(self.more.len()).saturating_add(bytes.len());
        if asked > MAX_HELD {
            let limit = LimitError { what: "bytes held", ceiling: MAX_HELD as u64, asked: asked as u64 };
            return Err(ParseError::new(limit.into(), "mp4", None, self.splitter.position()));
        }
        self.more.extend_from_slice(&bytes);
        Ok(())
    }

    /// Reads until there is something to pull or nothing left to read.
    fn run(&mut self) -> Result<(), ParseError> {
        while self.items.is_empty() && self.ready.is_empty() && self.step()? {}
        Ok(())
    }

    /// Reads one box; `false` where more bytes are needed.
    fn step(&mut self) -> Result<bool, ParseError> {
        if let Some(movie) = self.next_movie.take() {
            self.open(&movie)?;
            return Ok(true);
        }
        if self.input.is_empty() {
            self.input = self.more.split().freeze();
        }
        let has_moof = self.pending.is_some();
        match self.splitter.read(&mut self.input, |kind| ceiling(kind, has_moof))? {
            None => return Ok(!self.more.is_empty()),
            Some(Piece::TooLong { kind, error }) => {
                if &kind == b"moov" || &kind == b"uuid" {
                    return Err(in_header(error));
                }
                self.pending = None;
                self.items.push_back(Demuxed::Fault(Fault::Unreadable(error)));
            }
            Some(Piece::Kept(found)) => self.take(found)?,
        }
        Ok(true)
    }

    fn take(&mut self, found: TopBox) -> Result<(), ParseError> {
        match &found.kind {
            b"uuid" => {
                // A FullBox: four bytes of version and flags before the XML.
                if let Some(rest) = found.payload.to_bytes().strip_prefix(&LIVE_SERVER_MANIFEST) {
                    self.manifest = Some(LiveManifest::parse(rest.get(4..).unwrap_or_default())?);
                }
            }
            b"moov" => {
                self.drop_pending();
                self.flush();
                self.next_movie = Some(found);
            }
            b"moof" => {
                self.drop_pending();
                self.fragment(&found)?;
            }
            _ => self.media(&found),
        }
        Ok(())
    }

    /// Announces the tracks of a `moov`, or those that are other than before.
    fn open(&mut self, found: &TopBox) -> Result<(), ParseError> {
        let movie = Movie::parse(&found.payload.to_bytes(), found.offset).map_err(in_header)?;
        let headings = headings(&movie, self.manifest.as_ref())?;
        if headings.is_empty() {
            let kind = ParseErrorKind::Missing { what: "trak" };
            return Err(ParseError::new(kind, HEADER, None, found.offset));
        }
        let is_unknown = |format: &TrackFormat| matches!(format, TrackFormat::Unknown(_));
        if headings.iter().all(|heading| heading.role != Role::Cues && is_unknown(&heading.track.format)) {
            let entry = movie.tracks.first().and_then(|track| track.entry.as_ref());
            let value = entry.map_or(0, |entry| u32::from_be_bytes(entry.kind)).into();
            let kind = ParseErrorKind::Unsupported { what: "sample entry", value };
            return Err(ParseError::new(kind, HEADER, None, found.offset));
        }
        let mut before = std::mem::take(&mut self.lanes);
        for heading in headings {
            let id = heading.track.id.0;
            let lane = match before.remove(&id).filter(|lane| lane.heading == heading) {
                Some(lane) => lane,
                None => {
                    if heading.role != Role::Cues {
                        self.items.push_back(Demuxed::Track(heading.track.clone()));
                    }
                    Lane::new(heading)
                }
            };
            self.lanes.insert(id, lane);
        }
        Ok(())
    }

    /// Reads a `moof`. One without header boxes before it ends the session.
    fn fragment(&mut self, found: &TopBox) -> Result<(), ParseError> {
        if self.lanes.is_empty() {
            let kind = ParseErrorKind::Missing { what: "moov" };
            return Err(ParseError::new(kind, "mp4", None, found.offset));
        }
        let defaults = |id| self.lanes.get(&id).map_or(SampleDefaults::default(), |lane| lane.heading.defaults);
        let place = MoofPlace { offset: found.offset, header: found.header };
        match MovieFragment::parse(&found.payload.to_bytes(), place, defaults) {
            Ok(fragment) => self.pending = Some((found.offset, fragment.tracks)),
            Err(error) => self.items.push_back(Demuxed::Fault(Fault::Unreadable(error))),
        }
        Ok(())
    }

    /// Puts an `mdat` to the `moof` before it.
    fn media(&mut self, mdat: &TopBox) {
        let Some((moof, tracks)) = self.pending.take() else { return };
        for found in tracks {
            let (items, ready, streams) = (&mut self.items, &mut self.ready, &self.streams);
            let Some(lane) = self.lanes.get_mut(&found.track) else {
                let kind = ParseErrorKind::Invalid { what: "track_ID", value: found.track.into() };
                let error = ParseError::new(kind, "mp4", Some(found.track), moof);
                items.push_back(Demuxed::Fault(Fault::Unreadable(error)));
                continue;
            };
            if matches!(lane.heading.track.format, TrackFormat::Unknown(_)) && lane.heading.role != Role::Cues {
                continue;
            }
            match Fragment::new(found, moof, mdat, &lane.heading) {
                Ok(fragment) => lane.push(fragment, self.heard, &mut Out { streams, items, ready }),
                Err(error) => items.push_back(Demuxed::Fault(Fault::Unreadable(error))),
            }
        }
    }

    /// A `moof` whose `mdat` never came.
    fn drop_pending(&mut self) {
        if let Some((offset, _)) = self.pending.take() {
            let error = ParseError::new(ParseErrorKind::Missing { what: "mdat" }, "mp4", None, offset);
            self.items.push_back(Demuxed::Fault(Fault::Unreadable(error)));
        }
    }

    fn flush(&mut self) {
        for lane in self.lanes.values_mut() {
            let (items, ready, streams) = (&mut self.items, &mut self.ready, &self.streams);
            lane.flush(&mut Out { streams, items, ready });
        }
    }

    /// The body is over and all of it is read.
    fn conclude(&mut self) {
        self.flush();
        if !self.ready.is_empty() {
            return;
        }
        self.is_ended = true;
        let is_whole = self.splitter.is_between() && self.pending.is_none();
        if !is_whole {
            let fault = Fault::Dropped { count: 1, reason: "fragment cut by the end of the POST" };
            self.items.push_back(Demuxed::Fault(fault));
        }
        if is_whole || self.is_idle {
            self.items.push_back(Demuxed::End);
        }
    }

    /// The session is over because of `error`.
    fn fail(&mut self, error: &ParseError) {
        self.failure = Some(error.clone());
        (self.input, self.more, self.pending) = (Bytes::new(), BytesMut::new(), None);
        self.items.push_back(Demuxed::End);
        self.is_ended = true;
    }

    fn has_media(&self) -> bool {
        self.lanes.is_empty() || self.lanes.values().any(|lane| lane.heading.role == Role::Media)
    }
}

impl Demuxer for SmoothDemuxer {
    fn push(&mut self, bytes: Bytes, now: Now) -> Result<(), ParseError> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        if !bytes.is_empty() {
            self.heard = now.monotonic;
        }
        let result = self.hold(bytes).and_then(|()| self.run());
        result.inspect_err(|error| self.fail(error))
    }

    fn pull(&mut self) -> Option<Demuxed> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Some(item);
            }
            if let Some(fragment) = self.ready.front_mut() {
                match self.lanes.get_mut(&fragment.track).and_then(|lane| lane.next(fragment)) {
                    Some(item) => return Some(item),
                    None => drop(self.ready.pop_front()),
                }
                continue;
            }
            if self.is_ended {
                return None;
            }
            match self.run() {
                Ok(()) if !self.items.is_empty() || !self.ready.is_empty() => {}
                Ok(()) if self.is_finished => self.conclude(),
                Ok(()) => return None,
                Err(error) => {
                    self.items.push_back(Demuxed::Fault(Fault::Unreadable(error.clone())));
                    self.fail(&error);
                }
            }
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        if self.is_ended || self.is_finished {
            return None;
        }
        let waits = self.lanes.values().filter_map(Lane::waiting_since).min();
        let waits = waits.map(|since| since.saturating_add(self.config.reorder_wait));
        let idle = self.has_media().then(|| self.heard.saturating_add(self.config.idle_limit));
        waits.into_iter().chain(idle).min()
    }

    fn handle_timeout(&mut self, now: Now) {
        if self.is_ended || self.is_finished {
            return;
        }
        for lane in self.lanes.values_mut() {
            let due = lane.waiting_since().map(|since| since.saturating_add(self.config.reorder_wait));
            if due.is_some_and(|due| due <= now.monotonic) {
                let (items, ready, streams) = (&mut self.items, &mut self.ready, &self.streams);
                lane.flush(&mut Out { streams, items, ready });
            }
        }
        let idle = self.heard.saturating_add(self.config.idle_limit);
        if self.has_media() && idle <= now.monotonic {
            let after_millis = u64::try_from(self.config.idle_limit.as_millis()).unwrap_or(u64::MAX);
            self.items.push_back(Demuxed::Fault(Fault::IdleTimeout { after_millis }));
            (self.is_idle, self.is_finished) = (true, true);
        }
    }

    fn finish(&mut self) {
        // What is held may still be whole boxes: `pull` reads them first.
        self.is_finished = true;
    }
}

/// An error in a header box is the header's.
const fn in_header(mut error: ParseError) -> ParseError {
    error.at.format = HEADER;
    error
}

/// Bytes of a top-level box that are taken (FAULTS section 4); nothing for boxes that are stepped over, such as `mfra`.
fn ceiling(kind: [u8; 4], has_moof: bool) -> Option<usize> {
    match &kind {
        b"moov" | b"moof" => Some(1 << 20),
        b"uuid" => Some(MAX_MANIFEST),
        b"mdat" if has_moof => Some(32 << 20),
        _ => None,
    }
}

/// XML after its user type, version and flags.
const MAX_MANIFEST: usize = smil::MAX_LEN + 20;
/// Bytes that wait where the caller pushes and does not pull.
const MAX_HELD: usize = 33 << 20;
