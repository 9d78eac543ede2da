//! The life of a streaming endpoint (A19.2), as a drawn machine and a table.

use std::fmt;

/// Where a streaming endpoint is in its life (A19.2).
///
/// ```text
///               start                      finish
///   ┌─────────┐ ─────────► ┌──────────┐ ───────────► ┌─────────┐ ─────────────► ┌─────────┐
///   │ Stopped │            │ Starting │              │ Running │  update, scale │ Scaling │
///   └─────────┘ ◄───────── └──────────┘              └─────────┘ ◄───────────── └─────────┘
///     │  ▲       give_up                                  │       finish, give_up
///     │  │ finish  ┌──────────┐   stop                    │
///     │  └──────── │ Stopping │ ◄─────────────────────────┘
///     │ delete     └──────────┘
///     ▼
///   ┌──────────┐
///   │ Deleting │  and gone
///   └──────────┘
/// ```
///
/// What is between two states that last is the host's to finish: it alone knows when its sockets stand, and when the answers
/// that are out have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointState {
    /// As created (A19.1); nothing is served, nothing is billed.
    Stopped,
    /// The host opens its doors.
    Starting,
    /// Serves, and is billed (A19.3).
    Running,
    /// New requests are refused, the answers that are out are sent.
    Stopping,
    /// Serves as before, until what was changed comes into force.
    Scaling,
    /// Going; nothing is taken any more.
    Deleting,
}

/// What an owner may ask of a streaming endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointOperation {
    /// Serve.
    Start,
    /// Serve no more.
    Stop,
    /// Change the configuration.
    Update,
    /// Change the scale units.
    Scale,
    /// Remove the endpoint.
    Delete,
}

impl EndpointState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Stopped, Self::Starting, Self::Running, Self::Stopping, Self::Scaling, Self::Deleting];

    /// Whether `operation` may be asked for in this state.
    #[must_use]
    pub const fn allows(self, operation: EndpointOperation) -> bool {
        match operation {
            EndpointOperation::Start | EndpointOperation::Delete => matches!(self, Self::Stopped),
            EndpointOperation::Stop => matches!(self, Self::Running),
            EndpointOperation::Update | EndpointOperation::Scale => matches!(self, Self::Stopped | Self::Running),
        }
    }

    /// Whether new requests are served.
    #[must_use]
    pub const fn serves(self) -> bool {
        matches!(self, Self::Running | Self::Scaling)
    }

    /// Whether time in this state is billed: while Running, and not by what is served (A19.3).
    #[must_use]
    pub const fn is_billed(self) -> bool {
        matches!(self, Self::Running)
    }
}

impl EndpointOperation {
    /// Every operation.
    pub const ALL: [Self; 5] = [Self::Start, Self::Stop, Self::Update, Self::Scale, Self::Delete];
}

impl fmt::Display for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Display for EndpointOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        EndpointOperation::{self, Delete, Scale, Start, Stop, Update},
        EndpointState,
    };

    #[test]
    fn the_matrix_of_operations_and_states_a19_2() {
        let allowed = |state: EndpointState| -> Vec<EndpointOperation> {
            EndpointOperation::ALL.into_iter().filter(|operation| state.allows(*operation)).collect()
        };
        assert_eq!(allowed(EndpointState::Stopped), [Start, Update, Scale, Delete]);
        assert_eq!(allowed(EndpointState::Running), [Stop, Update, Scale]);
        let transient =
            [EndpointState::Starting, EndpointState::Stopping, EndpointState::Scaling, EndpointState::Deleting];
        for state in transient {
            assert_eq!(allowed(state), [], "{state}");
        }
    }

    #[test]
    fn only_running_is_billed_a19_3() {
        let billed: Vec<_> = EndpointState::ALL.into_iter().filter(|state| state.is_billed()).collect();
        assert_eq!(billed, [EndpointState::Running]);
    }
}
