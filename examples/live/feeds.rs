//! What the channel's events said of its contribution sessions: their tracks, the newest heartbeats, the last cues. For the
//! page, and for sentences about what got worse or better.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
};

use headend::{
    channel::{Channel, Event, IngestHealth, IngestId, Session, TrackHeartbeat},
    media::{CueSignal, Track, TrackId},
    time::{MediaTime, Now},
};
use serde_json::{Value, json};

use crate::{
    breaks::Breaks,
    cue_text::cue_text,
    events::{Note, form_text, round, seconds, slot_name},
    thumbnails::Thumbnails,
};

/// The sessions that are on, and what they carry.
#[derive(Debug, Default)]
pub(crate) struct Feeds {
    sessions: BTreeMap<IngestId, Feed>,
    cues: VecDeque<(IngestId, CueSignal)>,
    thumbnails: Thumbnails,
    breaks: Breaks,
}

#[derive(Debug, Default)]
struct Feed {
    from: Option<IpAddr>,
    tracks: BTreeMap<TrackId, Track>,
    /// In the order of the tracks.
    beats: Vec<TrackHeartbeat>,
}

impl Feeds {
    const CUES: usize = 10;

    /// Takes an event in; what is worth a sentence that the event itself is not.
    pub(crate) fn see(&mut self, event: &Event, now: Now) -> Vec<Note> {
        self.thumbnails.see(event, now);
        self.breaks.see(event);
        match event {
            Event::Attached { ingest, .. } => {
                // The door may have told already where it comes from.
                self.sessions.entry(*ingest).or_default();
            }
            Event::Detached { ingest, .. } => drop(self.sessions.remove(ingest)),
            Event::Track { ingest, track } => {
                if let Some(feed) = self.sessions.get_mut(ingest) {
                    feed.tracks.insert(track.id, track.clone());
                }
            }
            Event::Cue { ingest, cue } => {
                if self.cues.len() == Self::CUES {
                    self.cues.pop_front();
                }
                self.cues.push_back((*ingest, cue.clone()));
            }
            Event::Heartbeat { ingest, tracks } => {
                let feed = self.sessions.entry(*ingest).or_default();
                let before = std::mem::replace(&mut feed.beats, tracks.clone());
                return changes(*ingest, &before, tracks);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Where a session came from.
    pub(crate) fn came_from(&mut self, id: IngestId, from: Option<IpAddr>) {
        self.sessions.entry(id).or_default().from = from;
    }

    /// Every session, with its live health and what the last heartbeat said of each track.
    pub(crate) fn sessions(&self, channel: &Channel) -> Value {
        let session = |(id, session, health): (IngestId, &Session, &IngestHealth)| {
            let feed = self.sessions.get(&id);
            json!({
                "id": id.0,
                "protocol": session.protocol,
                "slot": slot_name(session.slot),
                "name": session.name,
                "from": feed.and_then(|feed| feed.from).map(|from| from.to_string()),
                "health": health_json(id, health),
                "tracks": feed.map_or_else(Vec::new, |feed| feed.tracks(health)),
            })
        };
        channel.contributions().map(session).collect()
    }

    pub(crate) const fn thumbnails(&self) -> &Thumbnails {
        &self.thumbnails
    }

    pub(crate) const fn breaks(&self) -> &Breaks {
        &self.breaks
    }

    /// The last cues, oldest first.
    pub(crate) fn cues(&self) -> Value {
        let cue = |(ingest, cue): &(IngestId, CueSignal)| {
            let hex: String = cue.payload.iter().take(256).map(|byte| format!("{byte:02x}")).collect();
            json!({
                "ingest": ingest.0,
                "at_seconds": seconds(cue.at.flicks()),
                "due_seconds": cue.due.map(|due| seconds(due.flicks())),
                "says": cue_text(cue),
                "carriage": cue.carriage.to_string(),
                "bytes": cue.payload.len(),
                "payload_hex": hex,
            })
        };
        self.cues.iter().map(cue).collect()
    }
}

impl Feed {
    fn tracks(&self, health: &IngestHealth) -> Vec<Value> {
        // The health of the session is newer than its heartbeat.
        let track = |(n, track): (usize, &Track)| track_json(track, self.beats.get(n), health.last_timestamp(track.id));
        self.tracks.values().enumerate().map(track).collect()
    }
}

fn track_json(track: &Track, beat: Option<&TrackHeartbeat>, live: Option<MediaTime>) -> Value {
    let kind = match &track.format {
        format if format.is_video() => "video",
        format if format.is_audio() => "audio",
        _ => "text",
    };
    let name = if track.name.is_empty() { format!("{kind}_{}", track.bitrate) } else { track.name.clone() };
    let last = live.or_else(|| beat.and_then(|beat| beat.last_timestamp));
    json!({
        "kind": kind,
        "index": track.index,
        "name": beat.map_or(name, |beat| beat.name.clone()),
        "codec": track.format.codec_name(),
        "form": form_text(track),
        "language": track.language.as_str(),
        "bitrate_declared": track.bitrate,
        "bitrate_incoming": beat.map(|beat| beat.incoming_bitrate),
        "last_timestamp_seconds": last.map(|at| seconds(at.flicks())),
        "overlap": beat.map(|beat| beat.overlap),
        "discontinuity": beat.map(|beat| beat.discontinuity),
        "nonincreasing": beat.map(|beat| beat.nonincreasing),
        "unaligned_key_frames": beat.map(|beat| beat.unaligned_key_frames),
        "unaligned_presentation_time": beat.map(|beat| beat.unaligned_presentation_time),
        "unexpected_bitrate": beat.map(|beat| beat.unexpected_bitrate),
        "drift_ms_per_minute": beat.map(|beat| beat.drift_millis_per_minute),
        "healthy": beat.map(|beat| beat.healthy),
    })
}

/// A session's health, as the API gives it.
pub(crate) fn health_json(id: IngestId, health: &IngestHealth) -> Value {
    let first = |kind| health.tracks.iter().find(|track| track.kind == kind)?.last_timestamp;
    let time = |kind| first(kind).map(|at| seconds(at.flicks()));
    json!({
        "ingest": id.0,
        "protocol": health.protocol,
        "bitrate": health.bitrate,
        "frame_rate": round(health.frame_rate),
        "bytes": health.bytes,
        "width": health.video.map(|video| video.width),
        "height": health.video.map(|video| video.height),
        "stated_frame_rate": health.video.and_then(|video| video.frame_rate).map(|rate| round(rate.as_f64())),
        "last_video_seconds": time("video"),
        "last_audio_seconds": time("audio"),
        "dropped": health.dropped,
        "time_jumps": health.jumps,
        "spare": health.spare,
    })
}

/// Tracks that were healthy and are not, and the other way round.
fn changes(ingest: IngestId, before: &[TrackHeartbeat], after: &[TrackHeartbeat]) -> Vec<Note> {
    let was_healthy = |n: usize| before.get(n).is_none_or(|beat| beat.healthy);
    let changed = after.iter().enumerate().filter(|(n, beat)| beat.healthy != was_healthy(*n));
    let note = |(_, beat): (usize, &TrackHeartbeat)| {
        let name = &beat.name;
        if beat.healthy {
            let text = format!("contribution {ingest}: {name} is healthy again");
            return Note { kind: "ingest", text, detail: Value::Null };
        }
        let why = complaints(beat).join(", ");
        let text = format!("contribution {ingest}: {name} is not healthy: {why}");
        Note { kind: "fault", text, detail: json!({"code": "HEARTBEAT_UNHEALTHY", "track": name}) }
    };
    changed.map(note).collect()
}

fn complaints(beat: &TrackHeartbeat) -> Vec<String> {
    let counts = [
        (beat.overlap, "overlaps"),
        (beat.discontinuity, "gaps"),
        (beat.nonincreasing, "time stamps that do not increase"),
        (beat.unaligned_key_frames, "IDRs off the grid"),
        (beat.unaligned_presentation_time, "segments that begin at another time"),
    ];
    let counted = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let kilobits = |rate: u64| rate.saturating_add(500) / 1000;
    let (incoming, declared) = (kilobits(beat.incoming_bitrate), kilobits(beat.declared_bitrate.into()));
    let rates = format!("{incoming} kbit/s for {declared} declared");
    counted.chain(beat.unexpected_bitrate.then_some(rates)).collect()
}
