//! `GET /api/events`: what happens, as it happens, as server-sent events. Reconnects go on where they were.

use std::{collections::VecDeque, convert::Infallible};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{events::Told, http::App};

/// The kept events that the listener does not have yet, then every new one.
pub(crate) async fn events(
    State(app): State<App>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (kept, news) = app.events.listen(last);
    let stream = stream::unfold(Listener { kept: kept.into(), news }, next);
    Sse::new(stream).keep_alive(KeepAlive::default())
}

struct Listener {
    kept: VecDeque<Told>,
    news: Receiver<Told>,
}

async fn next(mut listener: Listener) -> Option<(Result<Event, Infallible>, Listener)> {
    let told = match listener.kept.pop_front() {
        Some(told) => told,
        None => loop {
            match listener.news.recv().await {
                Ok(told) => break told,
                // Too slow for some of them: go on with the oldest that is left.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        },
    };
    Some((Ok(Event::default().id(told.id.to_string()).data(told.json)), listener))
}
