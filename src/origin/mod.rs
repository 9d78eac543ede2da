//! Requests in, responses out: the streaming endpoint (A19, A20) without its sockets.
//!
//! An [`Origin`] follows the timelines of assets ([`Origin::apply`]), maps locators to them, and answers requests. Manifests
//! are pure functions of the timeline and are rendered once per change. Media is not kept here: [`Reply::Need`] names the
//! objects that the host reads from its store and makes the answer out of them, [`Reply::Wait`] holds a request for what is due
//! next. A request leaves nothing behind, known or unknown (FAULTS row 55).
//! An [`Endpoint`] stands before it: it says whether a request is let in and how much may be sent, and counts what was.
//! To add a format: a line in `url::Format`, one in `shelf::Shelf::manifest`.

mod endpoint;
mod error;
mod filter;
mod filtered;
mod growing;
mod locators;
mod need;
mod query;
mod range;
mod reload;
mod rendered;
mod request;
mod response;
mod service;
mod shelf;
mod url;
mod views;

pub use endpoint::{
    Admission, Caller, CrossSitePolicies, Endpoint, EndpointConfig, EndpointError, EndpointOperation, EndpointState,
    SignatureKey, Traffic, TrafficRow,
};
pub use error::OriginError;
pub use filter::{Condition, Filter, FilterError};
pub use growing::{Growing, Grown};
pub use locators::{Locator, PublishError, Validity};
pub use need::Need;
pub use request::{Method, Request};
pub use response::{Headers, Reply, Response, Wait};
pub use service::{ApplyError, Origin, OriginConfig};
