//! What became of every byte pair of the contribution's captions.

use std::collections::BTreeMap;

/// Every byte pair that came is in exactly one of the other counts: `taken` is the sum of `moved`, `merged`, `padding`,
/// `held` and all of `dropped` (A13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptionLedger {
    /// Valid byte pairs, of CEA-608 and of DTVCC packets, that the contribution's pictures carried.
    pub taken: u64,
    /// Written into the output frame that shows their own picture.
    pub moved: u64,
    /// Written into another frame: their own picture is not shown, or its frame had no room.
    pub merged: u64,
    /// Null pairs of CEA-608 that say nothing; the output has its own where they are due.
    pub padding: u64,
    /// Waiting for their picture's frame, or for room in one; bounded.
    pub held: u64,
    /// Left out, by reason.
    pub dropped: BTreeMap<CaptionDrop, u64>,
    /// Byte pairs that the channel wrote itself, to erase what was displayed.
    pub added: u64,
    /// Messages that ended too early; what was whole of them was taken.
    pub broken: u64,
}

/// Why byte pairs of captions were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CaptionDrop {
    /// A slate hides the picture, or something else stands in for it.
    #[error("its picture is hidden")]
    Hidden,
    /// The contribution was lost, is measured anew, or gave way to another one before the picture showed.
    #[error("its contribution went off air")]
    OffAir,
    /// The picture cannot be decoded: no IDR picture came yet.
    #[error("before the first IDR")]
    BeforeIdr,
    /// No decoder takes the contribution's pictures.
    #[error("its contribution is refused")]
    Refused,
    /// Its time stamps are those of a time before a jump, and its frame had not come.
    #[error("time stamps jumped")]
    Jumped,
    /// A byte of CEA-608 with even parity.
    #[error("bad parity")]
    Parity,
    /// Of a DTVCC packet that does not hold what its header says, or that has no header.
    #[error("broken DTVCC packet")]
    BrokenPacket,
    /// The contribution brings more than the output has room for.
    #[error("no room in the output")]
    NoRoom,
}

impl CaptionLedger {
    /// Whether every byte pair is accounted for.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let dropped: u64 = self.dropped.values().sum();
        self.taken == self.moved + self.merged + self.padding + self.held + dropped
    }

    /// Byte pairs that were left out for this reason.
    #[must_use]
    pub fn dropped_for(&self, reason: CaptionDrop) -> u64 {
        self.dropped.get(&reason).copied().unwrap_or(0)
    }

    /// Byte pairs came, and wait.
    pub(super) const fn take(&mut self, count: u64) {
        self.taken += count;
        self.held += count;
    }

    /// Byte pairs that waited are left out.
    pub(super) fn drop(&mut self, count: u64, reason: CaptionDrop) {
        self.held -= count;
        if count > 0 {
            *self.dropped.entry(reason).or_default() += count;
        }
    }

    /// A byte pair that waited says nothing.
    pub(super) const fn pad(&mut self) {
        self.held -= 1;
        self.padding += 1;
    }

    /// A byte pair is written: one that waited, or one of the channel's own.
    pub(super) const fn write(&mut self, written: Written) {
        match written {
            Written::Added => self.added += 1,
            Written::Moved => self.moved += 1,
            Written::Merged => self.merged += 1,
        }
        if !matches!(written, Written::Added) {
            self.held -= 1;
        }
    }
}

impl CaptionDrop {
    /// A code that stays the same from release to release.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::OffAir => "off_air",
            Self::BeforeIdr => "before_idr",
            Self::Refused => "refused",
            Self::Jumped => "jumped",
            Self::Parity => "parity",
            Self::BrokenPacket => "broken_packet",
            Self::NoRoom => "no_room",
        }
    }

    /// Whether the contribution is to blame, and whoever runs it wants to know.
    #[must_use]
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::Parity | Self::BrokenPacket | Self::NoRoom)
    }
}

/// Where a byte pair was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Added,
    Moved,
    Merged,
}
