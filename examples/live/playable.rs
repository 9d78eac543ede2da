//! What can be played, as JSON: the channel's own URLs, its programs and its preview, each with the URLs of every protocol.

use axum::http::HeaderMap;
use headend::{
    channel::{ProgramConfig, ProgramId, ProgramState},
    time::MediaDuration,
};
use serde_json::{Map, Value, json};

use crate::{
    events::seconds,
    handle::{Gone, View},
    http::App,
    programs::{Listed, Published},
    status::host,
};

/// A program as the channel and the host know it.
pub(crate) struct Program {
    id: ProgramId,
    config: ProgramConfig,
    state: ProgramState,
    listed: Listed,
}

/// Every program, oldest first.
pub(crate) async fn programs(app: &App, headers: &HeaderMap) -> Result<Vec<Value>, Gone> {
    let known = app.handle.look(known).await?;
    Ok(known.iter().map(|program| program.json(app, headers)).collect())
}

/// What is known of programs where the channel is.
pub(crate) fn known(view: &View<'_>) -> Vec<Program> {
    let program = |(id, config, state): (ProgramId, &ProgramConfig, ProgramState)| {
        Some(Program { id, config: config.clone(), state, listed: view.director.program(id)?.clone() })
    };
    view.channel.programs().filter_map(program).collect()
}

impl Program {
    pub(crate) fn json(&self, app: &App, headers: &HeaderMap) -> Value {
        let Self { id, config, state, listed } = self;
        let Listed { published, is_published, started, stopped } = listed;
        let (segments, held) = app.endpoint.held(&published.asset);
        let window = |window: Option<MediaDuration>| window.map(|window| seconds(window.flicks()));
        json!({
            "id": id.0,
            "asset": config.asset.as_str(),
            "state": state.to_string(),
            "window_seconds": window(config.window),
            "rewind_seconds": window(config.rewind),
            "locator": published.locator,
            "is_published": is_published,
            "started_ms": started,
            "stopped_ms": stopped,
            "segments": segments,
            "seconds": seconds(held.flicks()),
            "playback": if *is_published { urls(app, headers, &published.locator) } else { Map::new() },
        })
    }
}

/// The URLs of a program, and those of the preview (A11.2) as `preview` (Smooth Streaming) and `preview_hls`.
pub(crate) fn of_channel(app: &App, headers: &HeaderMap, published: Option<&Published>) -> Value {
    let mut all = published.map(|published| urls(app, headers, &published.locator)).unwrap_or_default();
    if let Some(preview) = app.endpoint.preview() {
        let mut of_preview = urls(app, headers, &preview.locator);
        for (key, form) in [("preview", "smooth"), ("preview_hls", "hls")] {
            if let Some(url) = of_preview.remove(form) {
                all.insert(key.into(), url);
            }
        }
    }
    all.into()
}

/// The preview; null where there is none.
pub(crate) fn preview(app: &App, headers: &HeaderMap) -> Value {
    let Some(preview) = app.endpoint.preview() else { return Value::Null };
    let asset = preview.asset();
    let (segments, held) = asset.as_ref().map(|asset| app.endpoint.held(asset)).unwrap_or_default();
    json!({
        "asset": asset.map(|asset| asset.to_string()),
        "segments": segments,
        "seconds": seconds(held.flicks()),
        "playback": urls(app, headers, &preview.locator),
    })
}

/// The extension after the parenthesis is for players that look at one (A20.6). Not listed is what the origin refuses:
/// Smooth Streaming needs pictures and sound (A20.14), and older protocols know older codecs only.
fn urls(app: &App, headers: &HeaderMap, locator: &str) -> Map<String, Value> {
    let base = format!("{}://{}", app.scheme.as_str(), host(headers).1);
    let url = |(key, form): &(&str, &str)| {
        let path = format!("/{locator}/{}.ism/{form}", app.name);
        let is_there = app.endpoint.can_have(&path, &app.handle.clock);
        is_there.then(|| ((*key).to_owned(), Value::from(format!("{base}{path}"))))
    };
    MANIFESTS.iter().filter_map(url).collect()
}

/// What each protocol's manifest is asked for by (A20.1 to A20.5).
const MANIFESTS: &[(&str, &str)] = &[
    ("hls", "Manifest(format=m3u8-cmaf).m3u8"),
    ("hls_v4", "Manifest(format=m3u8-aapl).m3u8"),
    ("hls_v3", "Manifest(format=m3u8-aapl-v3).m3u8"),
    ("dash", "Manifest(format=mpd-time-cmaf).mpd"),
    ("dash_number", "Manifest(format=mpd-number-cmaf).mpd"),
    ("smooth", "Manifest"),
    ("hds", "Manifest(format=f4m-f4f).f4m"),
];
