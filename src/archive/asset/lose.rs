//! An asset whose store has lost objects (FAULTS row 59).

use super::Asset;
use crate::archive::{ObjectName, TimelineChange};

impl Asset {
    /// The store does not have these objects, and never will: what was given up because it could not be written. Manifests show a
    /// gap for each fragment among them, and the index remembers it. How many fragments of this asset they were; whatever else
    /// is named is passed over.
    ///
    /// A host names together what is lost together: it costs the origin what the window holds.
    pub fn lose(&mut self, names: &[ObjectName]) -> usize {
        let losses = self.kept.losses(&self.name, names);
        let count = losses.len();
        if self.kept.lose(&losses) {
            self.tell(TimelineChange::Lost(losses.into()));
        }
        count
    }
}
