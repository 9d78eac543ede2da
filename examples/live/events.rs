//! Events of the channel as sentences and JSON, for the log and for pages that listen.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use headend::{
    channel::{Event, OperationState, Slot, SpliceReport},
    media::{Track, TrackFormat},
    splice::{BreakEnd, Loss, LossCause, LossShows, OnAir, SpliceKind},
    time::Now,
};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::cue_text::cue_text;

/// Tells events to everybody who listens and keeps the newest for who comes later.
#[derive(Debug)]
pub(crate) struct Events {
    recent: Mutex<Recent>,
    sender: broadcast::Sender<Told>,
}

/// An event as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) id: u64,
    pub(crate) json: String,
}

/// Something that the host itself has to tell.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    /// As events have one: `fault`, `ingest`.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) detail: Value,
}

#[derive(Debug, Default)]
struct Recent {
    next: u64,
    told: VecDeque<Told>,
}

impl Events {
    const KEPT: usize = 200;

    pub(crate) fn new() -> Self {
        Self { recent: Mutex::default(), sender: broadcast::Sender::new(Self::KEPT) }
    }

    /// Tells an event. What it says comes from the library, which puts no stream key into it.
    pub(crate) fn tell(&self, event: &Event, now: Now) {
        let (kind, text, detail) = describe(event);
        self.note(Note { kind, text, detail }, now);
    }

    /// Tells what the host has to say.
    pub(crate) fn note(&self, note: Note, now: Now) {
        let Note { kind, text, detail } = note;
        println!("live: {text}");
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let id = recent.next;
        recent.next += 1;
        let at = now.utc.unix_nanos() / 1_000_000;
        let told =
            Told { id, json: json!({"id": id, "at": at, "kind": kind, "text": text, "detail": detail}).to_string() };
        if recent.told.len() == Self::KEPT {
            recent.told.pop_front();
        }
        recent.told.push_back(told.clone());
        // Nobody listens: that is fine.
        let _ = self.sender.send(told);
    }

    /// The kept events after this id (all without one), and those to come. None is missing between the two.
    pub(crate) fn listen(&self, after: Option<u64>) -> (Vec<Told>, broadcast::Receiver<Told>) {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |told: &&Told| after.is_none_or(|after| told.id > after);
        (recent.told.iter().filter(is_new).cloned().collect(), self.sender.subscribe())
    }
}

/// The name of a source, as the API gives it.
pub(crate) const fn source_name(source: OnAir) -> &'static str {
    match source {
        OnAir::Live => "live",
        OnAir::Slate => "slate",
        OnAir::OperatorSlate => "operator_slate",
        OnAir::BreakSlate => "break_slate",
        OnAir::Test => "test",
    }
}

/// The name of a slot, as the API gives it.
pub(crate) const fn slot_name(slot: Slot) -> &'static str {
    match slot {
        Slot::Primary => "primary",
        Slot::Secondary => "secondary",
    }
}

fn describe(event: &Event) -> (&'static str, String, Value) {
    match event {
        Event::State { from, to } => ("state", format!("channel {from} → {to}"), json!({"state": to.to_string()})),
        Event::Operation { id, operation, state } => match state {
            OperationState::Failed { code, message } => {
                ("error", format!("{operation} failed: {message} ({code})"), json!({"operation": id.0, "code": code}))
            }
            OperationState::InProgress => ("operation", format!("{operation} began"), json!({"operation": id.0})),
            OperationState::Succeeded => ("operation", format!("{operation} succeeded"), json!({"operation": id.0})),
        },
        Event::OnAir { source, at } => {
            let what = match source {
                OnAir::Live => "the contribution",
                OnAir::Slate => "a slate, because nothing comes in",
                OnAir::OperatorSlate => "the operator's slate",
                OnAir::BreakSlate => "the slate of an ad break",
                OnAir::Test => "the test source",
            };
            let detail = json!({"source": source_name(*source), "media_seconds": seconds(at.flicks())});
            ("on_air", format!("on air: {what}"), detail)
        }
        Event::Loss { loss, at } => {
            let text = loss.map_or_else(|| "the feed is good again".into(), loss_text);
            ("loss", text, json!({"loss": loss.map(loss_json), "media_seconds": seconds(at.flicks())}))
        }
        Event::Attached { ingest, protocol } => {
            ("ingest", format!("contribution {ingest} connected by {protocol}"), json!({"protocol": protocol}))
        }
        Event::Detached { ingest, reason } => {
            ("ingest", format!("contribution {ingest} ended: {reason}"), json!({"code": reason.code()}))
        }
        Event::Track { ingest, track } => {
            ("ingest", format!("contribution {ingest}: {}", track_text(track)), Value::Null)
        }
        Event::Cue { ingest, cue } => {
            let text = format!("contribution {ingest}: cue {} ({})", cue_text(cue), cue.carriage);
            ("cue", text, json!({"media_seconds": seconds(cue.at.flicks())}))
        }
        Event::Splice(report) => splice(report),
        Event::ConnectionRejected { peer, protocol, code, reason, count } => {
            let from = peer.map(|peer| format!(" from {peer}")).unwrap_or_default();
            let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
            let text = format!("a contribution by {protocol}{from} was refused: {reason}{times}");
            ("fault", text, json!({"code": code, "count": count}))
        }
        Event::TrackDiscontinuity { ingest, jump } => ("ingest", format!("contribution {ingest}: {jump}"), Value::Null),
        Event::StreamsOutOfSync { slot, .. } => {
            let text = format!("pictures and sound of the {} ingest are seconds apart", slot_name(*slot));
            ("fault", text, json!({"slot": slot_name(*slot)}))
        }
        Event::VideoStreamsOutOfSync { slot, .. } => {
            let text = format!("rungs of the {} ingest are seconds apart", slot_name(*slot));
            ("fault", text, json!({"slot": slot_name(*slot)}))
        }
        Event::Failover { from, to } => {
            let (from, to) = (slot_name(*from), slot_name(*to));
            let text = format!("failover: the {to} ingest is on air, the {from} one fell silent");
            ("failover", text, json!({"from": from, "to": to}))
        }
        Event::Fault { fault, count, .. } => {
            let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
            ("fault", format!("{fault}{times}"), json!({"code": fault.code(), "count": count}))
        }
        Event::ProgramStarted { program, asset } => {
            ("program", format!("program {program} started into {asset}"), json!({"asset": asset.as_str()}))
        }
        Event::ProgramStopped { program } => {
            ("program", format!("program {program} stopped; its asset is complete"), Value::Null)
        }
        Event::PreviewStarted { asset } => ("preview", format!("the preview began, as {asset}"), Value::Null),
        Event::PreviewStopped { .. } => ("preview", "the preview ended".into(), Value::Null),
        Event::MeterStarted => ("meter", "billing began".into(), Value::Null),
        Event::MeterStopped { why } => ("meter", format!("billing ended: {why}"), Value::Null),
        other => ("event", other.telemetry_name().unwrap_or("something happened").into(), Value::Null),
    }
}

fn loss_text(loss: Loss) -> String {
    let is_lost = matches!(loss.cause, LossCause::NoBytes | LossCause::NoPictures);
    let shows = match loss.shows {
        LossShows::Hold if is_lost => "the last picture stays",
        LossShows::Hold => "it shows as it comes",
        LossShows::Black => "black shows",
        LossShows::Slate => "the slate shows",
        LossShows::Image => "an image shows",
    };
    let what = match loss.cause {
        LossCause::NoBytes => "lost (no bytes)",
        LossCause::NoPictures => "lost (no pictures)",
        LossCause::Black => "black",
        LossCause::Frozen => "frozen",
        LossCause::Silence => "silent",
    };
    format!("the feed is {what}: {shows}, stage {}", loss.stage + 1)
}

/// A stage of the loss policy that acts, as the API gives it.
pub(crate) fn loss_json(loss: Loss) -> Value {
    json!({"cause": loss.cause.to_string(), "stage": loss.stage + 1, "shows": shows_name(loss.shows)})
}

/// The name of what a stage shows, as the API gives it.
pub(crate) const fn shows_name(shows: LossShows) -> &'static str {
    match shows {
        LossShows::Hold => "hold",
        LossShows::Black => "black",
        LossShows::Slate => "slate",
        LossShows::Image => "image",
    }
}

fn splice(SpliceReport { splice, .. }: &SpliceReport) -> (&'static str, String, Value) {
    let late = splice.achieved.since(splice.asked).flicks().max(0);
    let off = if late > 0 { format!(", {} s after it was due", seconds(late)) } else { String::new() };
    let what = match splice.kind {
        SpliceKind::Out(Some(duration)) => format!("began, for {} s", seconds(duration.flicks())),
        SpliceKind::Out(None) => "began, until it is ended".into(),
        SpliceKind::In(BreakEnd::Cue) => "ended by a cue".into(),
        SpliceKind::In(BreakEnd::Cancelled) => "was cancelled".into(),
        SpliceKind::In(BreakEnd::Duration) => "is over".into(),
        SpliceKind::In(BreakEnd::Superseded) => "ended where the next one began".into(),
        SpliceKind::In(BreakEnd::Ceiling) => "was closed: nothing ended it".into(),
    };
    let detail = json!({
        "cue_id": splice.id,
        "asked_seconds": seconds(splice.asked.flicks()),
        "achieved_seconds": seconds(splice.achieved.flicks()),
        "is_out": matches!(splice.kind, SpliceKind::Out(_)),
    });
    ("splice", format!("ad break {} {what}, at {} s{off}", splice.id, seconds(splice.achieved.flicks())), detail)
}

fn track_text(track: &Track) -> String {
    let (codec, form) = (track.format.codec_name(), form_text(track));
    let language = track.language.as_str();
    match &track.format {
        format if format.is_video() => format!("video {codec} {form}"),
        format if format.is_audio() => format!("sound {codec} {form}, {language}"),
        TrackFormat::Text(_) => format!("text {codec}, {language}"),
        _ => format!("{codec} is carried and not read"),
    }
}

/// Size and rate of a track, as people say them.
pub(crate) fn form_text(track: &Track) -> String {
    if let Some(video) = track.format.video() {
        let rate = video.frame_rate.map(|rate| format!(" at {} fps", round(rate.as_f64()))).unwrap_or_default();
        let scan = if video.is_interlaced { ", interlaced" } else { "" };
        let depth = if video.bit_depth > 8 { format!(", {} bit", video.bit_depth) } else { String::new() };
        return format!("{}x{}{rate}{scan}{depth}", video.width, video.height);
    }
    let Some(audio) = track.format.audio() else { return String::new() };
    let channels = match audio.channels {
        1 => "mono".into(),
        2 => "stereo".into(),
        more => format!("{more} channels"),
    };
    format!("{} Hz, {channels}", audio.sample_rate)
}

/// To thousandths, so that 30000/1001 is told as 29.97.
pub(crate) fn round(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

/// Flicks as seconds to the millisecond.
pub(crate) fn seconds(flicks: i64) -> f64 {
    round(flicks as f64 / headend::time::FLICKS_PER_SECOND as f64)
}
