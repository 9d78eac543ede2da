//! Long operations and how they end (A2.11).

use std::{collections::VecDeque, fmt};

use crate::channel::Operation;

/// Names a long operation of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u64);

/// How a long operation stands (A2.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationState {
    /// Not yet done.
    InProgress,
    /// Done.
    Succeeded,
    /// Given up; the channel is as it was before.
    Failed {
        /// A code that stays the same from release to release.
        code: &'static str,
        /// For people.
        message: String,
    },
}

/// The newest operations of a channel and how they stand.
#[derive(Debug, Default)]
pub(super) struct OperationLog {
    next: u64,
    entries: VecDeque<(OperationId, Operation, OperationState)>,
}

impl OperationLog {
    /// Operations that can still be asked about.
    const KEPT: usize = 256;

    pub(super) fn begin(&mut self, operation: Operation) -> OperationId {
        let id = OperationId(self.next);
        self.next += 1;
        if self.entries.len() == Self::KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back((id, operation, OperationState::InProgress));
        id
    }

    /// Ends an operation; what it was, unless it had ended before.
    pub(super) fn end(&mut self, id: OperationId, state: OperationState) -> Option<Operation> {
        let (_, operation, entry) = self.entries.iter_mut().find(|(known, ..)| *known == id)?;
        if *entry != OperationState::InProgress {
            return None;
        }
        *entry = state;
        Some(*operation)
    }

    pub(super) fn state(&self, id: OperationId) -> Option<&OperationState> {
        self.entries.iter().find(|(known, ..)| *known == id).map(|(.., state)| state)
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_ends_once_and_old_ones_are_forgotten_a2_11() {
        let mut log = OperationLog::default();
        let first = log.begin(Operation::Start);
        assert_eq!(log.state(first), Some(&OperationState::InProgress));
        assert_eq!(log.end(first, OperationState::Succeeded), Some(Operation::Start));
        assert_eq!(log.end(first, OperationState::InProgress), None);
        for _ in 0..OperationLog::KEPT {
            log.begin(Operation::Stop);
        }
        assert_eq!(log.state(first), None);
        assert_eq!(log.entries.len(), OperationLog::KEPT);
    }
}
