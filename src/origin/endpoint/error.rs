//! Why an operation on a streaming endpoint was refused.

use super::state::{EndpointOperation, EndpointState};
use crate::error::LimitError;

/// Why an operation was refused; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The state does not allow it (A19.2).
    #[error("{operation} is not possible while the endpoint is {state}")]
    State {
        /// What was asked for.
        operation: EndpointOperation,
        /// The state that it met.
        state: EndpointState,
    },
    /// The default endpoint stays (A19.3).
    #[error("the default endpoint cannot be deleted")]
    Default,
    /// 1 to 24 letters, digits and hyphens, with a letter or digit at both ends (A19.12).
    #[error("{0:?} is no name: 1 to 24 letters, digits and hyphens, no hyphen at either end")]
    Name(String),
    /// An update has another name.
    #[error("an endpoint keeps its name, {0}")]
    Renamed(String),
    /// A19.5.
    #[error("{0} scale units; at most 10 are allowed")]
    ScaleUnits(u8),
    /// Longer than a year.
    #[error("a maximum age of {0} s is over 31536000 s")]
    MaxAge(u32),
    /// What names a key of signature headers: 1 to 64 visible ASCII characters without a comma.
    #[error("the identifier of a signature key has 1 to 64 visible characters and no comma")]
    KeyIdentifier,
    /// A key of signature headers: Base64 of 1 to 256 bytes.
    #[error("a signature key is the Base64 of 1 to 256 bytes")]
    Key,
    /// A ceiling.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

impl EndpointError {
    /// A code that stays the same from release to release.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::State { .. } => "ENDPOINT_STATE",
            Self::Default => "ENDPOINT_DEFAULT",
            Self::Name(_) => "ENDPOINT_NAME",
            Self::Renamed(_) => "ENDPOINT_RENAMED",
            Self::ScaleUnits(_) => "ENDPOINT_SCALE_UNITS",
            Self::MaxAge(_) => "ENDPOINT_MAX_AGE",
            Self::KeyIdentifier => "ENDPOINT_KEY_IDENTIFIER",
            Self::Key => "ENDPOINT_KEY",
            Self::Limit(_) => "ENDPOINT_LIMIT",
        }
    }
}
