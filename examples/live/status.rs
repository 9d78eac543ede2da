//! A channel as JSON: the snapshot that `GET /api/channels` gives.

use std::net::SocketAddr;

use axum::http::{HeaderMap, header};
use headend::{
    channel::{Channel, IngestHealth},
    ladder::Preset,
    media::Bitrates,
    time::{MediaTime, Now},
};
use serde_json::{Value, json};

use crate::{
    director::Published,
    events::{round, seconds, source_name},
    handle::Gone,
    http::App,
};

/// The channel, with URLs as the asking client can reach them.
pub(crate) async fn channel(app: &App, headers: &HeaderMap) -> Result<Value, Gone> {
    let (mut value, published, preset) = app
        .handle
        .look(|channel, director, now| {
            (snapshot(channel, now), director.published().clone(), channel.config().preset.clone())
        })
        .await?;
    let (segments, rates) = app.endpoint.measured(&published.asset);
    value["ingest"] = ingest(app, headers);
    value["playback"] = playback(app, headers, &published);
    value["asset"] = published.asset.as_str().into();
    value["segments"] = segments.into();
    value["rungs"] = rungs(&preset, &rates);
    value["audio"] = sound(&preset, &rates);
    Ok(value)
}

fn snapshot(channel: &Channel, now: Now) -> Value {
    let config = channel.config();
    let health = channel.contribution().map_or(Value::Null, |(id, health)| health_json(id.0, health));
    let programs: Vec<Value> =
        channel.programs().map(|(id, asset)| json!({"id": id.0, "asset": asset.as_str()})).collect();
    let position = channel.position().map(|at| {
        let utc = config.epoch.plus(at.since(MediaTime::ZERO)).unix_nanos() / 1_000_000;
        json!({"media_seconds": seconds(at.flicks()), "utc_ms": utc})
    });
    json!({
        "name": config.name.as_str(),
        "state": channel.state().to_string(),
        "portal_state": channel.portal_state().to_string(),
        "on_air": channel.on_air().map(source_name),
        "health": health,
        "programs": programs,
        "position": position,
        "preset": config.preset.name,
        "segment_seconds": round(config.gop.as_secs_f64()),
        "loss_after_ms": config.loss_after.as_millis() as u64,
        "meter": meter(channel, now),
        "utc_ms": now.utc.unix_nanos() / 1_000_000,
    })
}

fn health_json(id: u64, health: &IngestHealth) -> Value {
    let time = |at: Option<MediaTime>| at.map(|at| seconds(at.flicks()));
    json!({
        "ingest": id,
        "protocol": health.protocol,
        "bitrate": health.bitrate,
        "frame_rate": round(health.frame_rate),
        "bytes": health.bytes,
        "width": health.video.map(|video| video.width),
        "height": health.video.map(|video| video.height),
        "stated_frame_rate": health.video.and_then(|video| video.frame_rate).map(|rate| round(rate.as_f64())),
        "last_video_seconds": time(health.last_video),
        "last_audio_seconds": time(health.last_audio),
        "dropped": health.dropped,
        "time_jumps": health.jumps,
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

fn rungs(preset: &Preset, rates: &[Bitrates]) -> Value {
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

fn sound(preset: &Preset, rates: &[Bitrates]) -> Value {
    json!({
        "name": "audio",
        "codec": "AAC-LC",
        "sample_rate": preset.audio_sample_rate,
        "channels": 2,
        "bitrate": preset.audio_bitrate,
        "measured": measured(rates.get(preset.rungs.len())),
    })
}

fn measured(rates: Option<&Bitrates>) -> Value {
    rates.filter(|rates| rates.mean > 0).map_or(Value::Null, |rates| json!({"mean": rates.mean, "peak": rates.peak}))
}

fn ingest(app: &App, headers: &HeaderMap) -> Value {
    let at = |address: SocketAddr| format!("{}:{}", host(headers).0, address.port());
    json!({
        "rtmp": format!("rtmp://{}/live/{}", at(app.rtmp), app.name),
        "rtp": format!("rtp://{}", at(app.ts)),
        "udp": format!("udp://{}", at(app.ts)),
    })
}

/// The extension after the parenthesis is for players that look at one (A20.6).
fn playback(app: &App, headers: &HeaderMap, published: &Published) -> Value {
    let base = format!("http://{}/{}/{}.ism", host(headers).1, published.locator, app.name);
    json!({
        "hls": format!("{base}/Manifest(format=m3u8-cmaf).m3u8"),
        "dash": format!("{base}/Manifest(format=mpd-time-cmaf).mpd"),
    })
}

/// The name by which the client reached us, without and with the port.
fn host(headers: &HeaderMap) -> (&str, &str) {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let name = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
    (name, host)
}
