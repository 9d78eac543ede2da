//! The refusals of an endpoint, with the codes of A27.

/// Why a request was refused. Its text is the body of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{} (0x{:08X})", self.code(), self.number())]
pub enum OriginError {
    /// 400: the URL breaks the grammar of A20.
    BadUrlSyntax,
    /// 404: no such locator, name or asset.
    ResourceNotFound,
    /// 404: the asset has no such rendition.
    TrackNotFound,
    /// 404: no such filter.
    FilterNotFound,
    /// 404: the asset has no segment yet.
    NoLiveEntries,
    /// 404: no fragment starts at this time.
    FragmentTimestampNotFound,
    /// 405: only GET, HEAD and OPTIONS.
    MethodNotAllowed,
    /// 412: the fragment lies ahead of the live edge; ask again.
    FragmentNotReady,
    /// 415: a format that this endpoint does not deliver.
    OutputFormatNotSupported,
    /// 416: nothing of the object lies in the range.
    RangeNotSatisfiable,
    /// 500: what the host read from its store is not what was stored.
    StoredObjectUnreadable,
}

impl OriginError {
    /// HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadUrlSyntax => 400,
            Self::ResourceNotFound
            | Self::TrackNotFound
            | Self::FilterNotFound
            | Self::NoLiveEntries
            | Self::FragmentTimestampNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::FragmentNotReady => 412,
            Self::OutputFormatNotSupported => 415,
            Self::RangeNotSatisfiable => 416,
            Self::StoredObjectUnreadable => 500,
        }
    }

    /// A code that stays the same from release to release.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BadUrlSyntax => "MPE_BAD_URL_SYNTAX",
            Self::ResourceNotFound => "MPE_RESOURCE_NOT_FOUND",
            Self::TrackNotFound => "MPE_EGRESS_TRACK_NOT_FOUND",
            Self::FilterNotFound => "MPE_EGRESS_FILTER_NOT_FOUND",
            Self::NoLiveEntries => "MPE_LIVE_MEDIA_ENTRIES_NOT_FOUND",
            Self::FragmentTimestampNotFound => "MPE_FRAGMENT_TIMESTAMP_NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::FragmentNotReady => "MPE_FRAGMENT_NOT_READY",
            Self::OutputFormatNotSupported => "MPE_OUTPUT_FORMAT_NOT_SUPPORTED",
            Self::RangeNotSatisfiable => "RANGE_NOT_SATISFIABLE",
            Self::StoredObjectUnreadable => "STORED_OBJECT_UNREADABLE",
        }
    }

    /// The number of the code; zero for those that A27 has none for.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::BadUrlSyntax => 0x8089_0201,
            Self::ResourceNotFound => 0x8089_01F9,
            Self::TrackNotFound => 0x8089_0209,
            Self::FilterNotFound => 0x8089_020C,
            Self::NoLiveEntries => 0x8089_0254,
            Self::FragmentTimestampNotFound => 0x8089_0255,
            Self::FragmentNotReady => 0x8089_0200,
            Self::OutputFormatNotSupported => 0x8089_020D,
            Self::MethodNotAllowed | Self::RangeNotSatisfiable | Self::StoredObjectUnreadable => 0,
        }
    }
}
