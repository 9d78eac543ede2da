//! The life of a channel (A2), as a drawn machine and a table.

use std::fmt;

/// Where a channel is in its life (A2.1).
///
/// ```text
///               start                    every codec is ready
///   ┌─────────┐ ─────────► ┌──────────┐ ─────────────────────► ┌─────────┐ ◄─┐
///   │ Stopped │            │ Starting │                        │ Running │   │ reset
///   └─────────┘ ◄───────── └──────────┘                        └─────────┘ ──┘
///     │  ▲        a codec fails (A2.4)                              │ stop, or idle for too long (A4.1)
///     │  │                 ┌──────────┐                             │
///     │  └──────────────── │ Stopping │ ◄───────────────────────────┘
///     │ delete  all work   └──────────┘
///     ▼         is back
///   ┌──────────┐
///   │ Deleting │  and gone
///   └──────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelState {
    /// Nothing runs, nothing is billed; properties may be changed (A2.2).
    Stopped,
    /// Codecs are being made ready; no update, no streaming (A2.3).
    Starting,
    /// On air and billed, with or without a contribution (A3.2).
    Running,
    /// Work that is still out comes back; no update, no streaming (A2.3).
    Stopping,
    /// Going; nothing is taken any more.
    Deleting,
}

/// What the portal calls a running channel (A2.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortalState {
    /// As the channel's own state.
    As(ChannelState),
    /// Running without a running program.
    Ready,
    /// Running with at least one running program.
    Streaming,
}

/// What a caller may ask of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Go on air.
    Start,
    /// Go off air.
    Stop,
    /// Begin anew after the encoder was reconfigured (A2.8).
    Reset,
    /// Change properties (A1.11).
    Update,
    /// Remove the channel.
    Delete,
    /// Put the slate on air (A15.1).
    ShowSlate,
    /// Take the slate off air (A15.3).
    HideSlate,
    /// Begin an ad break (A14.2).
    StartAdBreak,
    /// End an ad break (A14.6).
    EndAdBreak,
    /// Start a program (A17.12).
    StartProgram,
    /// Stop a program.
    StopProgram,
    /// Take in a contribution session (A5.1).
    Attach,
}

impl ChannelState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Stopped, Self::Starting, Self::Running, Self::Stopping, Self::Deleting];

    /// Whether `operation` may be asked for in this state, programs aside: the matrix of A2.15.
    #[must_use]
    pub const fn allows(self, operation: Operation) -> bool {
        match operation {
            Operation::Start | Operation::Update | Operation::Delete => matches!(self, Self::Stopped),
            Operation::Stop
            | Operation::Reset
            | Operation::ShowSlate
            | Operation::HideSlate
            | Operation::StartAdBreak
            | Operation::EndAdBreak
            | Operation::StartProgram
            | Operation::StopProgram
            | Operation::Attach => matches!(self, Self::Running),
        }
    }

    /// Whether time in this state is billed (A3.1).
    #[must_use]
    pub const fn is_billed(self) -> bool {
        matches!(self, Self::Running)
    }
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 12] = [
        Self::Start,
        Self::Stop,
        Self::Reset,
        Self::Update,
        Self::Delete,
        Self::ShowSlate,
        Self::HideSlate,
        Self::StartAdBreak,
        Self::EndAdBreak,
        Self::StartProgram,
        Self::StopProgram,
        Self::Attach,
    ];

    /// Whether it needs every program to be stopped (A2.6, A2.8).
    #[must_use]
    pub const fn needs_programs_stopped(self) -> bool {
        matches!(self, Self::Stop | Self::Reset)
    }
}

impl fmt::Display for ChannelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Display for PortalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::As(state) => state.fmt(f),
            Self::Ready => f.write_str("Ready"),
            Self::Streaming => f.write_str("Streaming"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_the_one_of_a2_15() {
        let allowed = |state: ChannelState| -> Vec<Operation> {
            Operation::ALL.into_iter().filter(|operation| state.allows(*operation)).collect()
        };
        assert_eq!(allowed(ChannelState::Stopped), [Operation::Start, Operation::Update, Operation::Delete]);
        for transient in [ChannelState::Starting, ChannelState::Stopping, ChannelState::Deleting] {
            assert_eq!(allowed(transient), [], "A2.3: {transient} takes nothing");
        }
        assert_eq!(allowed(ChannelState::Running).len(), 9);
    }

    #[test]
    fn only_running_is_billed_a3_1() {
        let billed: Vec<_> = ChannelState::ALL.into_iter().filter(|state| state.is_billed()).collect();
        assert_eq!(billed, [ChannelState::Running]);
    }
}
