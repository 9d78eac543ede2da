//! The API's ad breaks.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use headend::channel::AdBreak;
use serde_json::Value;

use crate::{
    api::{Problem, carry_out, check_name},
    handle::Command,
    http::App,
};

/// `POST /api/channels/{name}/ad-breaks` with `{"cue_id": 1, "duration": seconds}` and, where it is to differ from what the
/// channel is set to, `"show_slate": true` or `false`. A duration of zero cancels the break of that id.
pub(crate) async fn start(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    check_name(&app, &name)?;
    carry_out(&app, &headers, Command::StartAdBreak(wanted(&body)?)).await
}

/// `DELETE /api/channels/{name}/ad-breaks/{cue_id}`.
pub(crate) async fn end(
    State(app): State<App>,
    Path((name, cue_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_name(&app, &name)?;
    let cue_id = cue_id.parse().map_err(|_| Problem::bad_request("a cue id is a number from 1 to 2147483647"))?;
    carry_out(&app, &headers, Command::EndAdBreak(cue_id)).await
}

fn wanted(body: &[u8]) -> Result<AdBreak, Problem> {
    const EXAMPLE: &str = "the body is a JSON object, such as {\"cue_id\": 1, \"duration\": 30}";
    let body: Value = serde_json::from_slice(body).map_err(|_| Problem::bad_request(EXAMPLE))?;
    let cue_id = body.get("cue_id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
    let seconds = body.get("duration").and_then(Value::as_f64).filter(|seconds| (0.0..=86_400.0).contains(seconds));
    let (Some(cue_id), Some(seconds)) = (cue_id, seconds) else { return Err(Problem::bad_request(EXAMPLE)) };
    let show_slate = match body.get("show_slate") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(show)) => Some(*show),
        Some(_) => return Err(Problem::bad_request("show_slate is true or false")),
    };
    Ok(AdBreak { cue_id, duration: Duration::from_secs_f64(seconds), show_slate })
}
