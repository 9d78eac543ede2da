//! What the host's store has lost (FAULTS row 59).

use crate::{archive::ObjectName, channel::Channel};

impl Channel {
    /// The host's store has lost these objects for good: they could not be written, and it had to give them up. Of each fragment among
    /// them that belongs to a running program, or to the preview, manifests show a gap from now on, in the updates that come next,
    /// and the index remembers it. How many there were; whatever else is named is passed over.
    ///
    /// Name together what is lost together: an update costs the origin what the window holds. Of an asset that no program writes any
    /// more, [`Asset::reopen`](crate::archive::Asset::reopen) and [`Asset::lose`](crate::archive::Asset::lose) say the same.
    pub fn lose_objects(&mut self, names: &[ObjectName]) -> usize {
        let of_programs = self.programs.iter_mut().filter_map(|program| program.asset.as_mut());
        let all = of_programs.chain(self.preview.iter_mut().map(|preview| &mut preview.asset));
        let lost = all.map(|asset| asset.lose(names)).fold(0, usize::saturating_add);
        self.take_asset_outputs();
        lost
    }
}
