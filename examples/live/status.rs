//! A channel as JSON: the snapshot that `GET /api/channels` gives.

use axum::http::{HeaderMap, header};
use headend::{
    channel::{AdMarkers, Channel, IngestId},
    ladder::Preset,
    media::{Bitrates, Presentation, TrackSpec},
    splice::{CaptionLedger, CueAction, LossCause, LossPolicy, LossStage},
    time::{MediaTime, Now},
};
use serde_json::{Value, json};

use crate::{
    events::{loss_json, round, seconds, shows_name, slot_name, source_name},
    feeds::health_json,
    handle::{Gone, View},
    http::App,
    playable,
    preview::Preview,
};

/// The channel, with URLs as the asking client can reach them.
pub(crate) async fn channel(app: &App, headers: &HeaderMap) -> Result<Value, Gone> {
    let look = |view: &View<'_>| {
        let published = view.director.published(view.channel).cloned();
        (snapshot(view), published, playable::known(view), Offer::of(view.channel))
    };
    let (mut value, published, programs, offer) = app.handle.look(look).await?;
    let asset = published.as_ref().map(|published| &published.asset);
    // Without a program the preview is measured.
    let previewed = app.endpoint.preview().and_then(Preview::asset);
    let rates = asset.or(previewed.as_ref()).map(|asset| app.endpoint.measured(asset));
    let (rungs, sounds) = offer.renditions(&rates.unwrap_or_default());
    value["ingest"] = ingest(app, headers);
    value["playback"] = playable::of_channel(app, headers, published.as_ref());
    value["asset"] = asset.map(|asset| asset.as_str()).into();
    value["segments"] = asset.map_or(0, |asset| app.endpoint.held(asset).0).into();
    value["programs"] = programs.iter().map(|program| program.json(app, headers)).collect();
    value["preview"] = playable::preview(app, headers);
    value["endpoint"] = app.endpoint.gate().json(app.handle.clock.now());
    let store = app.endpoint.store();
    value["store"] = json!({"is_kept": store.is_kept(), "waiting": store.waiting(), "unwritten": store.unwritten()});
    value["audio"] = sounds.first().cloned().unwrap_or(Value::Null);
    value["rungs"] = rungs.into();
    value["sounds"] = sounds.into();
    Ok(value)
}

fn snapshot(view: &View<'_>) -> Value {
    let View { channel, feeds, now, .. } = *view;
    let config = channel.config();
    let health = channel.contribution().map_or(Value::Null, |(id, health)| health_json(id, health));
    let position = channel.position().map(|at| {
        // A pass-through channel's media time is its contribution's own.
        let epoch = channel.presentation().map_or(config.epoch, |offered| offered.epoch);
        let utc = epoch.plus(at.since(MediaTime::ZERO)).unix_nanos() / 1_000_000;
        json!({"media_seconds": seconds(at.flicks()), "utc_ms": utc})
    });
    let slot = channel.slot_on_air();
    json!({
        "name": config.name.as_str(),
        "encoding": if config.passes_through() { "none" } else { "standard" },
        "state": channel.state().to_string(),
        "portal_state": channel.portal_state().to_string(),
        "on_air": on_air(channel),
        "loss": channel.loss().map(loss_json),
        "ad_break": channel.ad_break().map(|cue| cue.id),
        "ad_break_seconds": planned(channel),
        "ad_markers": if channel.config().ad_markers == AdMarkers::Api { "api" } else { "scte35" },
        "slot_on_air": slot.map(|(slot, _)| slot_name(slot)),
        "time_locked": slot.is_some_and(|(_, is_locked)| is_locked),
        "captions": channel.captions().map(captions),
        "health": health,
        "ingest_on_air": channel.contribution().map(|(IngestId(id), _)| id),
        "sessions": feeds.sessions(channel),
        "cues": feeds.cues(),
        "breaks": feeds.breaks().json(channel),
        "insert_slate_on_ad_marker": config.insert_slate_on_ad_marker,
        "thumbnail": feeds.thumbnails().json(config.name.as_str()),
        "thumbnail_seconds": config.thumbnails.map(|thumbnails| round(thumbnails.interval.as_secs_f64())),
        "position": position,
        "preset": config.preset.name,
        "segment_seconds": round(config.gop.as_secs_f64()),
        "part_ms": config.parts.map(|parts| parts.to_std().as_millis() as u64),
        "loss_after_ms": config.loss_after.as_millis() as u64,
        "loss_policy": (!config.passes_through()).then(|| loss_policy(&config.loss_policy)),
        "meter": meter(channel, now),
        "utc_ms": now.utc.unix_nanos() / 1_000_000,
    })
}

/// The stages of each cause, and what they show.
fn loss_policy(policy: &LossPolicy) -> Value {
    let stage = |stage: &LossStage| json!({"shows": shows_name(stage.show.shows()), "after_ms": stage.after.to_std().as_millis() as u64});
    let stages = |cause: LossCause| policy.stages(cause).iter().map(stage).collect::<Vec<_>>();
    let causes = LossCause::ALL.into_iter().map(|cause| (cause.to_string(), Value::from(stages(cause))));
    causes.collect::<serde_json::Map<_, _>>().into()
}

/// How long the break that runs is meant to be.
fn planned(channel: &Channel) -> Option<f64> {
    let CueAction::Out { duration, .. } = channel.ad_break()?.action else { return None };
    duration.map(|duration| seconds(duration.flicks()))
}

/// The source on air. A pass-through channel has none of its own: it is live, or it waits for a contribution, or for that
/// one's tracks to be known.
fn on_air(channel: &Channel) -> Option<&'static str> {
    if !channel.config().passes_through() || !channel.state().is_billed() {
        return channel.on_air().map(source_name);
    }
    let has_session = channel.contributions().next().is_some();
    Some(match (has_session, channel.presentation()) {
        (false, _) => "waiting",
        (true, None) => "collecting",
        (true, Some(_)) => "live",
    })
}

/// What became of every byte pair of the contribution's captions.
fn captions(ledger: &CaptionLedger) -> Value {
    let dropped = ledger.dropped.iter().map(|(reason, count)| (reason.code().to_owned(), Value::from(*count)));
    json!({
        "taken": ledger.taken,
        "moved": ledger.moved,
        "merged": ledger.merged,
        "padding": ledger.padding,
        "held": ledger.held,
        "dropped": dropped.collect::<serde_json::Map<_, _>>(),
        "added": ledger.added,
        "broken": ledger.broken,
    })
}

fn meter(channel: &Channel, now: Now) -> Value {
    let meter = channel.meter();
    let spans: Vec<Value> = meter
        .spans()
        .map(|span| {
            json!({
                "from_ms": span.from.unix_nanos() / 1_000_000,
                "until_ms": span.until.map(|until| until.unix_nanos() / 1_000_000),
                "billed_seconds": round(span.billed.as_secs_f64()),
                "ended_by": span.ended_by.map(|why| format!("{why:?}")),
            })
        })
        .collect();
    let newest = spans.get(spans.len().saturating_sub(20)..).unwrap_or_default();
    json!({"billed_seconds": round(meter.total(now).as_secs_f64()), "spans": newest})
}

/// What players are offered.
struct Offer {
    /// What is asked for, where the channel encodes: known before it is on air.
    preset: Option<Preset>,
    presentation: Option<Presentation>,
}

impl Offer {
    fn of(channel: &Channel) -> Self {
        let preset = (!channel.config().passes_through()).then(|| channel.config().preset.clone());
        Self { preset, presentation: channel.presentation().map(|offered| Presentation::clone(offered)) }
    }

    /// Rungs and sounds with their measured bit rates, in the order of the presentation.
    fn renditions(&self, rates: &[Bitrates]) -> (Vec<Value>, Vec<Value>) {
        let tracks = self.presentation.iter().flat_map(|offered| &offered.tracks).enumerate();
        let told = tracks.map(|(n, track)| (track, measured(rates.get(n))));
        let (videos, others): (Vec<_>, Vec<_>) = told.partition(|(track, _)| track.format.is_video());
        let sounds = others.iter().filter(|(track, _)| track.format.is_audio());
        let mut sounds: Vec<Value> = sounds.map(|(track, measured)| self.sound(track, measured)).collect();
        let Some(preset) = &self.preset else {
            return (videos.iter().map(|(track, measured)| passed_rung(track, measured)).collect(), sounds);
        };
        if sounds.is_empty() {
            sounds.push(sound_of(preset));
        }
        (rungs(preset, rates), sounds)
    }

    fn sound(&self, track: &TrackSpec, measured: &Value) -> Value {
        let audio = track.format.audio();
        json!({
            "name": track.name,
            "codec": if self.preset.is_some() { "AAC-LC" } else { track.format.codec_name() },
            "language": track.language.as_str(),
            "sample_rate": audio.map(|audio| audio.sample_rate),
            "channels": audio.map(|audio| audio.channels),
            "bitrate": track.bitrate,
            "measured": measured,
        })
    }
}

fn rungs(preset: &Preset, rates: &[Bitrates]) -> Vec<Value> {
    let rung = |(n, rung): (usize, &headend::ladder::Rung)| {
        json!({
            "name": rung.name,
            "width": rung.width,
            "height": rung.height,
            "profile": rung.profile.to_string(),
            "bitrate": rung.bitrate,
            "measured": measured(rates.get(n)),
        })
    };
    preset.rungs.iter().enumerate().map(rung).collect()
}

fn passed_rung(track: &TrackSpec, measured: &Value) -> Value {
    let video = track.format.video();
    json!({
        "name": track.name,
        "width": video.map(|video| video.width),
        "height": video.map(|video| video.height),
        "profile": track.format.codec_name(),
        "bitrate": track.bitrate,
        "measured": measured,
    })
}

/// The sound of an encoding channel that is not on air yet.
fn sound_of(preset: &Preset) -> Value {
    json!({
        "name": "audio",
        "codec": "AAC-LC",
        "language": "und",
        "sample_rate": preset.audio_sample_rate,
        "channels": 2,
        "bitrate": preset.audio_bitrate,
        "measured": Value::Null,
    })
}

fn measured(rates: Option<&Bitrates>) -> Value {
    rates.filter(|rates| rates.mean > 0).map_or(Value::Null, |rates| json!({"mean": rates.mean, "peak": rates.peak}))
}

fn ingest(app: &App, headers: &HeaderMap) -> Value {
    let urls = app.addresses.ingest(host(headers).0);
    urls.into_iter().map(|(key, url)| (key.to_owned(), Value::from(url))).collect::<serde_json::Map<_, _>>().into()
}

/// The name by which the client reached us, without and with the port.
pub(crate) fn host(headers: &HeaderMap) -> (&str, &str) {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let name = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
    (name, host)
}
