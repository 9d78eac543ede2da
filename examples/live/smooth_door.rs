//! Takes Smooth Streaming contributions: long POSTs to `/{channel}.isml/Streams(name)` on the HTTP port, answered with the
//! codes of the protocol. Each is a session of its own, many at a time; those to `/{channel}-secondary.isml` are the second
//! encoder's. It hangs in the one router of the HTTP side, so HTTPS is a listener more and nothing here.

use std::net::SocketAddr;

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, Request},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt};
use headend::{
    channel::{CommandError, Session, Slot},
    ingest::{
        Demuxer,
        smooth::{PublishingPoint, Refusal, SmoothConfig, SmoothDemuxer},
    },
};
use tokio::time::timeout;

use crate::{
    handle::{Candidate, Gone, Taken, Visitor},
    http::App,
};

/// From the request to its header boxes; an encoder sends them at once.
const TO_OPEN: std::time::Duration = std::time::Duration::from_secs(10);

/// Whether a request is an encoder's.
pub(crate) fn is_contribution(request: &Request) -> bool {
    let is_post = matches!(*request.method(), Method::POST | Method::PUT);
    is_post && request.uri().path().to_ascii_lowercase().contains(".isml/")
}

/// One POST, from its address and token to the end of its body.
pub(crate) async fn contribution(app: App, request: Request) -> Response {
    let point = match PublishingPoint::parse(request.uri().path()) {
        Ok(point) => point,
        Err(error) => return answer(error.status(), error.code()),
    };
    let Some(slot) = slot(&app, &point.name) else { return answer(404, "there is no such publishing point") };
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let session = Session { slot, name: point.stream, ..Session::new("smooth") };
    let visitor = Visitor { session, from, key: point.token };
    match take(&app, visitor, request.into_body().into_data_stream()).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refused) => refused,
    }
}

/// Whose publishing point it is: the channel's own name, or `ingest`, as the protocol's specification has it.
fn slot(app: &App, point: &str) -> Option<Slot> {
    let point = point.to_ascii_lowercase();
    let is_ours = |name: &str| name == "ingest" || name == app.name.to_ascii_lowercase();
    if is_ours(&point) {
        return Some(Slot::Primary);
    }
    point.strip_suffix("-secondary").filter(|name| is_ours(name)).map(|_| Slot::Secondary)
}

async fn take<E>(
    app: &App,
    visitor: Visitor,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<(), Response> {
    // Before a byte of the body is read: a probe, which has none, asks just this.
    app.handle.admit(visitor.clone()).await.map_err(ending)?.map_err(|why| refused(&why))?;
    let memory = app.smooth.memory(&visitor.session);
    let mut demuxer = SmoothDemuxer::new(SmoothConfig::default(), memory.streams(), app.handle.clock.now());
    let opened = timeout(TO_OPEN, open(app, &mut demuxer, &mut body)).await;
    let is_probe = !opened.map_err(|_| answer(412, "no header boxes came"))??;
    if is_probe {
        return Ok(());
    }
    let session = visitor.session.clone();
    let taken = app.handle.attach(visitor, Candidate::Smooth(Box::new(demuxer))).await.map_err(ending)?;
    let Taken { id, mut replies } = taken.map_err(|why| refused(&why))?;
    app.smooth.keep(&session, &memory);
    let mut handle = app.handle.clone();
    loop {
        let piece = tokio::select! {
            biased;
            // The channel has let go of the session: it was reset or stopped, or the body broke its format.
            None = replies.recv() => return Err(ended()),
            piece = body.next() => piece,
        };
        match piece {
            Some(Ok(bytes)) => {
                handle.offer(id, bytes).await.map_err(ending)?.then_some(()).ok_or_else(ended)?;
                handle.wait_until_wanted().await.map_err(ending)?;
            }
            None => {
                let was_on = handle.finished(id).await.map_err(ending)?;
                return if was_on { Ok(()) } else { Err(ended()) };
            }
            Some(Err(_)) => {
                handle.closed(id).await.map_err(ending)?;
                // Nobody reads this, and the encoder comes again.
                return Err(answer(400, "the body was cut"));
            }
        }
    }
}

/// Reads the header boxes; `false` for a body without a byte, with which encoders probe.
async fn open<E>(
    app: &App,
    demuxer: &mut SmoothDemuxer,
    body: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
) -> Result<bool, Response> {
    let mut is_empty = true;
    while !demuxer.is_open() {
        match body.next().await {
            Some(Ok(bytes)) => {
                is_empty &= bytes.is_empty();
                let pushed = demuxer.push(bytes, app.handle.clock.now());
                pushed.map_err(|error| {
                    let refusal = Refusal::from(&error);
                    answer(refusal.status, &format!("{}: {error}", refusal.code))
                })?;
            }
            None if is_empty => return Ok(false),
            None => return Err(answer(412, "the header boxes are not whole")),
            Some(Err(_)) => return Err(answer(400, "the body was cut")),
        }
    }
    Ok(true)
}

/// Who may not is told so for good; who finds no room now is to come again.
fn refused(why: &CommandError) -> Response {
    let status = match why {
        CommandError::Refused(_) | CommandError::Protocol { .. } => 403,
        _ => 503,
    };
    answer(status, &format!("{}: {why}", why.code()))
}

fn ended() -> Response {
    answer(400, "the session was ended")
}

fn ending(_: Gone) -> Response {
    answer(503, "the host is ending")
}

fn answer(status: u16, why: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Body::from(format!("{why}\n"))).into_response()
}
