//! Why an index cannot be read.

use crate::archive::TimelineError;

/// An index is not what this crate writes; says where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("index page {page} at byte {offset}: {kind}")]
pub struct IndexError {
    /// Number of the page.
    pub page: u64,
    /// Bytes of it that are whole.
    pub offset: u64,
    /// What is wrong behind them.
    pub kind: IndexErrorKind,
}

/// What is wrong with an index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexErrorKind {
    /// Nothing of it is whole: the asset was never opened, as far as anybody knows.
    #[error("nothing is whole")]
    Empty,
    /// It ends inside a record, and another page follows.
    #[error("it is cut short")]
    CutShort,
    /// A checksum is wrong, and another page follows.
    #[error("a record has a wrong checksum")]
    Checksum,
    /// It does not begin as a page does, and another page follows.
    #[error("it does not begin as a page of an index does")]
    Mark,
    /// Another version wrote it.
    #[error("version {0} is not known")]
    Version(u8),
    /// A record is not of the form of its kind.
    #[error("a record of kind {0} cannot be read")]
    Record(u8),
    /// Pages are to follow each other by their numbers, and to say which one they are.
    #[error("page {0} was to come here")]
    Order(u64),
    /// It is of another asset, or of another presentation.
    #[error("it belongs to something else")]
    Foreign,
    /// Its segments do not follow each other.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
}
