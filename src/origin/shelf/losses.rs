//! An asset whose store has lost fragments (FAULTS row 59).

use super::Shelf;
use crate::archive::Loss;

impl Shelf {
    /// Manifests show that these are missing. That costs what they list, once for all that are lost together.
    pub(in crate::origin) fn lose(&mut self, losses: &[Loss]) {
        for left in &mut self.left {
            losses.iter().for_each(|loss| {
                loss.mark(left);
            });
        }
        if !self.timeline.lose(losses) {
            return;
        }
        self.views.lose(&self.timeline);
        self.filtered.forget();
    }
}
