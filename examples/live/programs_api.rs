//! The API's programs (A17, A18): listed, created, started, stopped, published, unpublished and deleted.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use headend::{channel::ProgramId, time::MediaDuration};
use serde_json::Value;

use crate::{
    api::{Problem, check_name},
    http::App,
    playable,
    programs::{Act, ProgramCommand, Windows},
};

/// `GET /api/channels/{name}/programs`, oldest first.
pub(crate) async fn list(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    check_name(&app, &name)?;
    Ok(Json(playable::programs(&app, &headers).await?.into()))
}

/// `GET /api/channels/{name}/programs/{id}`.
pub(crate) async fn show(
    State(app): State<App>,
    Path((name, id)): Path<(String, u64)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    check_name(&app, &name)?;
    found(&app, &headers, ProgramId(id)).await.map(Json)
}

/// `POST /api/channels/{name}/programs` with `{"window_seconds": 300, "rewind_seconds": 60, "start": true}`, each of which may be
/// missing: a new program with an asset and a locator of its own, which starts at once unless `start` is false. 201 and the program.
pub(crate) async fn create(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    check_name(&app, &name)?;
    let body = object(&body)?;
    let starts = match body.get("start") {
        None => true,
        Some(Value::Bool(starts)) => *starts,
        Some(_) => return Err(Problem::bad_request("start is true or false")),
    };
    let windows = windows(&body, app.endpoint.store().is_kept())?;
    let id = app.handle.command_program(ProgramCommand::Create { windows, starts }).await??;
    Ok((StatusCode::CREATED, Json(found(&app, &headers, id).await?)).into_response())
}

/// `PATCH /api/channels/{name}/programs/{id}` with `window_seconds` and `rewind_seconds` as they are to be; before it was started.
pub(crate) async fn update(
    State(app): State<App>,
    Path((name, id)): Path<(String, u64)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    check_name(&app, &name)?;
    let windows = windows(&object(&body)?, app.endpoint.store().is_kept())?;
    act(&app, &headers, ProgramId(id), Act::Update(windows)).await
}

/// `POST /api/channels/{name}/programs/{id}/start`, `stop`, `publish`, `unpublish`: 202 and the program as it is right after that.
pub(crate) async fn command(
    State(app): State<App>,
    Path((name, id, command)): Path<(String, u64, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_name(&app, &name)?;
    let wanted = match command.as_str() {
        "start" => Act::Start,
        "stop" => Act::Stop,
        "publish" => Act::Publish,
        "unpublish" => Act::Unpublish,
        _ => return Err(Problem::not_found("no such command; there are start, stop, publish and unpublish")),
    };
    act(&app, &headers, ProgramId(id), wanted).await
}

/// `DELETE /api/channels/{name}/programs/{id}`: 204. What a store keeps of it can be watched on; what is in memory is given back.
pub(crate) async fn delete(
    State(app): State<App>,
    Path((name, id)): Path<(String, u64)>,
) -> Result<StatusCode, Problem> {
    check_name(&app, &name)?;
    app.handle.command_program(ProgramCommand::Act(ProgramId(id), Act::Delete)).await??;
    Ok(StatusCode::NO_CONTENT)
}

async fn act(app: &App, headers: &HeaderMap, id: ProgramId, act: Act) -> Result<Response, Problem> {
    let id = app.handle.command_program(ProgramCommand::Act(id, act)).await??;
    Ok((StatusCode::ACCEPTED, Json(found(app, headers, id).await?)).into_response())
}

async fn found(app: &App, headers: &HeaderMap, id: ProgramId) -> Result<Value, Problem> {
    let all = playable::programs(app, headers).await?;
    let is_it = |program: &Value| program["id"].as_u64() == Some(id.0);
    all.into_iter().find(is_it).ok_or_else(|| Problem::not_found("no such program"))
}

/// A body that is missing says nothing.
fn object(body: &[u8]) -> Result<Value, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Object(Default::default()));
    }
    let body = serde_json::from_slice(body).ok().filter(Value::is_object);
    body.ok_or_else(|| Problem::bad_request("the body is a JSON object, such as {\"window_seconds\": 600}"))
}

/// The window is five minutes where nothing is said of it; null keeps everything, where there is a store for that.
fn windows(body: &Value, is_kept: bool) -> Result<Windows, Problem> {
    let window = match body.get("window_seconds") {
        None => Some(MediaDuration::from_secs(300)),
        Some(Value::Null) if is_kept => None,
        Some(Value::Null) => {
            return Err(Problem::bad_request("memory cannot keep everything: give a window, or start with --store"));
        }
        Some(seconds) => Some(duration(seconds)?),
    };
    let rewind = body.get("rewind_seconds").filter(|seconds| !seconds.is_null()).map(duration).transpose()?;
    Ok(Windows { window, rewind })
}

/// What is out of range the library says.
fn duration(seconds: &Value) -> Result<MediaDuration, Problem> {
    let millis = seconds
        .as_f64()
        .filter(|seconds| (0.0..=1e6).contains(seconds))
        .map(|seconds| (seconds * 1000.0).round() as i64);
    millis.map(MediaDuration::from_millis).ok_or_else(|| Problem::bad_request("a window is a number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_seconds_and_everything_needs_a_store() {
        let read = |text: &str, is_kept| windows(&object(text.as_bytes()).unwrap(), is_kept);
        let secs = |secs| Some(MediaDuration::from_secs(secs));
        assert_eq!(read("", false).unwrap(), Windows { window: secs(300), rewind: None });
        let both = read(r#"{"window_seconds": 600, "rewind_seconds": 90}"#, false).unwrap();
        assert_eq!(both, Windows { window: secs(600), rewind: secs(90) });
        assert_eq!(read(r#"{"window_seconds": null, "rewind_seconds": null}"#, true).unwrap().window, None);
        for bad in [r#"{"window_seconds": null}"#, r#"{"window_seconds": "x"}"#, r#"{"rewind_seconds": -1}"#] {
            assert!(read(bad, false).is_err(), "{bad}");
        }
        assert!(object(b"[]").is_err() && object(b"{").is_err());
    }
}
