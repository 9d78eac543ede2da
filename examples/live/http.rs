//! The HTTP side: which path goes where, and media from the origin.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
    serve::ListenerExt,
};
use futures_util::{StreamExt, stream};
use headend::origin::{Method, Request as OriginRequest};
use tokio::net::TcpListener;

use crate::{
    ad_breaks, api,
    doors::Addresses,
    endpoint::{Answer, Endpoint},
    events::Events,
    gate,
    handle::Handle,
    https::TlsListener,
    listen, page, programs_api,
    publishing::Publishing,
    smooth_door, thumbnails,
};

/// What every handler needs.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) handle: Handle,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) events: Arc<Events>,
    pub(crate) name: Arc<str>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) scheme: Scheme,
    /// What Smooth Streaming encoders have sent, from one POST to the next.
    pub(crate) smooth: Publishing,
}

/// By what a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Every path of the host, for any listener.
pub(crate) fn router(app: App) -> Router {
    // An image that is too large is refused by what it is, not cut off.
    let slate = post(api::show_slate).delete(api::hide_slate).layer(DefaultBodyLimit::max(4 << 20));
    let api = Router::new()
        .route("/channels", get(api::list))
        .route("/channels/{name}", get(api::show))
        .route("/channels/{name}/slate", slate)
        .route("/channels/{name}/ad-breaks", post(ad_breaks::start))
        .route("/channels/{name}/ad-breaks/{cue_id}", delete(ad_breaks::end))
        .route("/channels/{name}/programs", get(programs_api::list).post(programs_api::create))
        .route(
            "/channels/{name}/programs/{id}",
            get(programs_api::show).patch(programs_api::update).delete(programs_api::delete),
        )
        .route("/channels/{name}/programs/{id}/{command}", post(programs_api::command))
        .route("/channels/{name}/thumbnail.jpg", get(thumbnails::latest))
        .route("/channels/{name}/{command}", post(api::command))
        .route("/endpoint", get(gate::show))
        .route("/endpoint/{command}", post(gate::command))
        .route("/events", get(listen::events))
        .fallback(api::not_found)
        .layer(axum::middleware::from_fn(api::same_origin));
    Router::new()
        .route("/", get(page::index))
        .route("/page/{*file}", get(page::file))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route("/healthz", get(api::healthz))
        .nest("/api", api)
        .fallback(media)
        .with_state(app)
}

/// Serves for ever.
pub(crate) async fn serve(listener: TcpListener, router: Router) -> std::io::Result<()> {
    // A refusal costs one segment's worth of latency and no more.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
}

/// The same over TLS.
pub(crate) async fn serve_tls(listener: TlsListener, router: Router) -> std::io::Result<()> {
    // Only a tapped listener tells the address of a peer.
    axum::serve(listener.tap_io(|_| {}), router.into_make_service_with_connect_info::<SocketAddr>()).await
}

/// Everything else is an encoder's POST or a URL of the origin: manifests and media, with the answers of A20.
async fn media(State(app): State<App>, request: Request) -> Response {
    if smooth_door::is_contribution(&request) {
        return smooth_door::contribution(app, request).await;
    }
    let (request, _) = request.into_parts();
    let text = |name: HeaderName| request.headers.get(name).and_then(|value| value.to_str().ok());
    let asked = OriginRequest {
        method: Method::from(request.method.as_str()),
        path: request.uri.path(),
        query: request.uri.query(),
        if_none_match: text(header::IF_NONE_MATCH),
        range: text(header::RANGE),
    };
    // Every listener tells it.
    let Some(caller) = gate::caller(&request.headers, &request.extensions) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let clock = app.handle.clock;
    let answer = match app.endpoint.answer(&asked, &caller, &clock).await {
        Some(Answer::Whole(answer)) => answer,
        Some(Answer::Growing(growing)) => {
            let answer = growing.response.clone();
            let more = stream::unfold(growing, move |mut growing| {
                let (endpoint, clock) = (Arc::clone(&app.endpoint), clock);
                async move { Some((endpoint.more_of(&mut growing, &clock).await?, growing)) }
            });
            return respond(&answer, Body::from_stream(more));
        }
        None => return StatusCode::NOT_IMPLEMENTED.into_response(),
    };
    let body = match answer.body.parts() {
        [] => Body::empty(),
        [only] => Body::from(only.clone()),
        parts => Body::from_stream(stream::iter(parts.to_vec()).map(Ok::<_, Infallible>)),
    };
    respond(&answer, body)
}

fn respond(answer: &headend::origin::Response, body: Body) -> Response {
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers.iter() {
        if let Ok(value) = value.parse() {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    (StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), headers, body).into_response()
}
