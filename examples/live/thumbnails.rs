//! The newest thumbnail of the contribution: kept by the wheel, fetched over the API.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use headend::{
    channel::{ChannelState, Event, IngestId},
    ladder::Thumbnail,
    time::Now,
};
use serde_json::{Value, json};

use crate::{
    api::{Problem, check_name},
    http::App,
};

/// The newest one.
#[derive(Debug, Default)]
pub(crate) struct Thumbnails {
    count: u64,
    latest: Option<Latest>,
}

#[derive(Clone, Debug)]
struct Latest {
    /// Counts from 1, so that a page knows when there is another.
    number: u64,
    ingest: Option<IngestId>,
    thumbnail: Thumbnail,
    /// When it came out, in Unix milliseconds.
    utc_ms: i64,
}

impl Thumbnails {
    pub(crate) fn see(&mut self, event: &Event, now: Now) {
        match event {
            Event::Thumbnail { ingest, thumbnail } => {
                self.count += 1;
                let (number, ingest, thumbnail) = (self.count, *ingest, thumbnail.clone());
                self.latest = Some(Latest { number, ingest, thumbnail, utc_ms: now.utc.unix_nanos() / 1_000_000 });
            }
            Event::State { to: ChannelState::Stopped, .. } => self.latest = None,
            _ => {}
        }
    }

    pub(crate) fn json(&self, channel: &str) -> Value {
        let Some(Latest { number, ingest, thumbnail, utc_ms }) = &self.latest else { return Value::Null };
        json!({
            "url": format!("/api/channels/{channel}/thumbnail.jpg"),
            "number": number,
            "ingest": ingest.map(|ingest| ingest.0),
            "width": thumbnail.width,
            "height": thumbnail.height,
            "bytes": thumbnail.jpeg.len(),
            "utc_ms": utc_ms,
        })
    }
}

/// `GET /api/channels/{name}/thumbnail.jpg`.
pub(crate) async fn latest(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_name(&app, &name)?;
    let look = |view: &crate::handle::View<'_>| {
        let config = view.channel.config();
        let makes_some = config.thumbnails.is_some() && !config.passes_through();
        (makes_some, view.feeds.thumbnails().latest.clone())
    };
    let (makes_some, latest) = app.handle.look(look).await?;
    let Some(Latest { number, thumbnail, utc_ms, .. }) = latest else {
        return Err(Problem::not_found(if makes_some {
            "there is no thumbnail yet: no picture has come in since the channel started"
        } else {
            "this channel makes no thumbnails: it passes its contribution through, or --thumbnail-seconds is 0"
        }));
    };
    let tag = format!("\"{number}\"");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::ETAG, tag),
        (header::LAST_MODIFIED, http_date(utc_ms)),
    ];
    Ok((headers, thumbnail.jpeg).into_response())
}

/// RFC 9110 clause 5.6.7.
fn http_date(utc_ms: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(utc_ms).unwrap_or_default();
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
