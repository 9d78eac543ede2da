//! The streaming endpoint before the origin: who may play, how much may be sent, what was. Its state and traffic for the API.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
};

use axum::{
    Json,
    extract::{ConnectInfo, Path, State},
    http::{Extensions, HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use clap::Args;
use headend::{
    access::{AccessList, AddressRule},
    origin::{
        Admission, Caller, Endpoint, EndpointConfig, EndpointError, Method, Request, Response as Answer, TrafficRow,
    },
    time::Now,
};
use serde_json::{Value, json};

use crate::{api::Problem, http::App};

/// Who may play, and how much.
#[derive(Clone, Debug, Args)]
pub(crate) struct ViewerOptions {
    /// Scale units, which limit what players get: 0 is 600 Mbit/s, 1 to 10 are 200 Mbit/s each; what is over that is answered
    /// with 503. By default no limit but the line's own: on one machine a player's first seconds alone are more than a unit
    #[arg(long, env = "HEADEND_SCALE_UNITS", value_name = "N", help_heading = crate::options::VIEWERS,
          value_parser = clap::value_parser!(u8).range(0..=10))]
    scale_units: Option<u8>,

    /// Addresses that may play, in the forms of --allow; by default everybody. The page and the API are not behind it
    #[arg(long, env = "HEADEND_ALLOW_VIEWERS", value_name = "ADDRESS", value_delimiter = ',', help_heading = crate::options::VIEWERS)]
    allow_viewers: Vec<AddressRule>,
}

/// An endpoint that several requests ask at a time.
#[derive(Debug)]
pub(crate) struct Gate(Mutex<Endpoint>);

impl Gate {
    /// The endpoint, running: the doors are open when this is made.
    pub(crate) fn open(options: &ViewerOptions) -> Result<Self, String> {
        let access = match options.allow_viewers.as_slice() {
            [] => AccessList::unset(),
            rules => AccessList::new(rules.to_vec()).map_err(|error| format!("--allow-viewers: {error}"))?,
        };
        let config = EndpointConfig { scale_units: options.scale_units, access, ..EndpointConfig::default() };
        let mut endpoint = Endpoint::new(config).map_err(|error| error.to_string())?;
        endpoint.start().map_err(|error| error.to_string())?;
        endpoint.finish();
        Ok(Self(Mutex::new(endpoint)))
    }

    pub(crate) fn admit(&self, request: &Request<'_>, caller: &Caller<'_>, now: Now) -> Admission {
        self.with(|endpoint| endpoint.admit(request, caller, now))
    }

    pub(crate) fn send(&self, answer: Answer, method: Method, now: Now) -> Answer {
        self.with(|endpoint| endpoint.send(answer, method, now))
    }

    pub(crate) fn send_more(&self, answer: &Answer, bytes: usize, now: Now) {
        self.with(|endpoint| endpoint.send_more(answer, bytes, now));
    }

    /// Carries out a command; `None` where there is none of this name. Nothing here takes time, so that it is finished at once.
    fn command(&self, name: &str) -> Option<Result<(), EndpointError>> {
        let done = self.with(|endpoint| {
            let begun = match name {
                "start" => endpoint.start(),
                "stop" => endpoint.stop(),
                _ => return None,
            };
            Some(begun.map(|()| endpoint.finish()))
        });
        done.map(|done| done.map(drop))
    }

    /// As `GET /api/endpoint` and `GET /api/channels` have it.
    pub(crate) fn json(&self, now: Now) -> Value {
        self.with(|endpoint| {
            let (config, traffic) = (endpoint.config(), endpoint.traffic());
            let row = |row: TrafficRow| json!({"status": row.status, "code": row.code, "requests": row.requests, "bytes": row.bytes});
            json!({
                "name": config.name,
                "state": endpoint.state().to_string(),
                "scale_units": config.scale_units,
                "line_rate": config.line_rate(),
                "rate": traffic.rate(now.monotonic),
                "requests": traffic.requests(),
                "bytes": traffic.bytes(),
                "refused": traffic.of_class(4) + traffic.of_class(5),
                "traffic": traffic.rows().map(row).collect::<Vec<_>>(),
            })
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Endpoint) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Who asks, by the socket and the headers.
pub(crate) fn caller<'a>(headers: &'a HeaderMap, extensions: &Extensions) -> Option<Caller<'a>> {
    let address: IpAddr = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Some(Caller { address, auth_data: text("x-akamai-g2o-auth-data"), auth_sign: text("x-akamai-g2o-auth-sign") })
}

/// `GET /api/endpoint`.
pub(crate) async fn show(State(app): State<App>) -> Json<Value> {
    Json(app.endpoint.gate().json(app.handle.clock.now()))
}

/// `POST /api/endpoint/start`, `stop`: players are answered with 503 while it is stopped; the channel goes on.
pub(crate) async fn command(State(app): State<App>, Path(command): Path<String>) -> Result<Response, Problem> {
    let gate = app.endpoint.gate();
    gate.command(&command).ok_or_else(|| Problem::not_found("no such command; there are start and stop"))??;
    Ok((StatusCode::ACCEPTED, Json(gate.json(app.handle.clock.now()))).into_response())
}
