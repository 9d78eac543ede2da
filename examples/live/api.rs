//! The JSON API: what the channel is, and commands to it. Errors are `{code, message}`.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use headend::{
    channel::CommandError,
    origin::EndpointError,
    splice::{SlateError, SlateImage},
};
use serde_json::{Value, json};

use crate::{
    handle::{Command, Gone},
    http::App,
    programs::Refused,
    status,
};

/// `GET /api/channels`.
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    Ok(Json(json!([status::channel(&app, &headers).await?])))
}

/// `GET /api/channels/{name}`.
pub(crate) async fn show(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    check_name(&app, &name)?;
    Ok(Json(status::channel(&app, &headers).await?))
}

/// `POST /api/channels/{name}/start`, `stop`, `reset`.
pub(crate) async fn command(
    State(app): State<App>,
    Path((name, command)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_name(&app, &name)?;
    let command = match command.as_str() {
        "start" => Command::Start,
        "stop" => Command::Stop,
        "reset" => Command::Reset,
        _ => return Err(Problem::not_found("no such command; there are start, stop, reset, slate and programs")),
    };
    carry_out(&app, &headers, command).await
}

/// `POST /api/channels/{name}/slate` with `{"duration": seconds}`, or without one until it is hidden: the default slate. Or with an
/// image of its own as `image/jpeg`, and `?duration=seconds`.
pub(crate) async fn show_slate(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    check_name(&app, &name)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let command = if kind.starts_with("image/jpeg") {
        let seconds = query.get("duration").map(|text| text.parse().map_err(|_| Problem::bad_request(DURATION)));
        let duration = seconds.transpose()?.map(duration).transpose()?;
        let image = tokio::task::spawn_blocking(move || SlateImage::from_jpeg(&body)).await.map_err(|_| Gone)??;
        Command::ShowSlate(duration, Some(image))
    } else {
        Command::ShowSlate(slate_duration(&body)?, None)
    };
    carry_out(&app, &headers, command).await
}

/// `DELETE /api/channels/{name}/slate`.
pub(crate) async fn hide_slate(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_name(&app, &name)?;
    carry_out(&app, &headers, Command::HideSlate).await
}

/// `GET /healthz`: the wheel turns.
pub(crate) async fn healthz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.handle.look(|_| ()).await?;
    Ok("ok\n")
}

pub(crate) async fn not_found() -> Problem {
    Problem::not_found("no such path; there are /api/channels, /api/endpoint and /api/events")
}

/// Lets no page of another site press the buttons.
pub(crate) async fn same_origin(request: Request, next: Next) -> Response {
    if !request.method().is_safe() && is_from_elsewhere(request.headers()) {
        let message = "commands are taken from this server's own page and from tools, not from other sites";
        return Problem { status: StatusCode::FORBIDDEN, code: "CROSS_ORIGIN", message: message.into() }
            .into_response();
    }
    next.run(request).await
}

/// Browsers say which site a request comes from; tools say nothing.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    origin.is_some() && origin != text(header::HOST)
}

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Problem {
    pub(crate) fn not_found(message: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "NOT_FOUND", message: message.into() }
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "BAD_REQUEST", message: message.into() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"code": self.code, "message": self.message}))).into_response()
    }
}

impl From<Gone> for Problem {
    fn from(_: Gone) -> Self {
        let message = String::from("the server is ending");
        Self { status: StatusCode::SERVICE_UNAVAILABLE, code: "ENDING", message }
    }
}

impl From<SlateError> for Problem {
    fn from(error: SlateError) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, code: error.code(), message: error.to_string() }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let status = match error {
            CommandError::SlateDuration(_)
            | CommandError::BreakDuration(_)
            | CommandError::CueId(_)
            | CommandError::Window(_)
            | CommandError::Rewind(_) => StatusCode::BAD_REQUEST,
            CommandError::NoProgram(_) => StatusCode::NOT_FOUND,
            _ => StatusCode::CONFLICT,
        };
        Self { status, code: error.code(), message: error.to_string() }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Command(error) => error.into(),
            Refused::Publish(error) => {
                Self { status: StatusCode::CONFLICT, code: "LOCATOR", message: error.to_string() }
            }
        }
    }
}

impl From<EndpointError> for Problem {
    fn from(error: EndpointError) -> Self {
        Self { status: StatusCode::CONFLICT, code: error.code(), message: error.to_string() }
    }
}

/// `{"duration": seconds}`, more than zero and at most a day; nothing at all is no duration.
fn slate_duration(body: &[u8]) -> Result<Option<Duration>, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    let body: Value = serde_json::from_slice(body).map_err(|_| Problem::bad_request("the body is not JSON"))?;
    let is_object = body.is_object();
    match body.get("duration") {
        None if is_object => Ok(None),
        Some(Value::Null) => Ok(None),
        Some(value) => duration(value.as_f64().ok_or_else(|| Problem::bad_request(DURATION))?).map(Some),
        None => Err(Problem::bad_request("the body is a JSON object, such as {\"duration\": 30}")),
    }
}

fn duration(seconds: f64) -> Result<Duration, Problem> {
    let is_good = (0.0..=86_400.0).contains(&seconds);
    if is_good { Ok(Duration::from_secs_f64(seconds)) } else { Err(Problem::bad_request(DURATION)) }
}

const DURATION: &str = "duration is a number of seconds, more than 0 and at most 86400";

pub(crate) fn check_name(app: &App, name: &str) -> Result<(), Problem> {
    if *app.name == *name { Ok(()) } else { Err(Problem::not_found("no such channel")) }
}

/// Answers with the channel as it is right after the command; what takes longer is told as events.
pub(crate) async fn carry_out(app: &App, headers: &HeaderMap, command: Command) -> Result<Response, Problem> {
    app.handle.command(command).await??;
    Ok((StatusCode::ACCEPTED, Json(status::channel(app, headers).await?)).into_response())
}
