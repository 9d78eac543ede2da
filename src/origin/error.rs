//! The refusals of an endpoint, with the codes of A27.

/// Why a request was refused. Its text is the body of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("{} (0x{:08X})", self.code(), self.number())]
pub enum OriginError {
    /// 400: the URL breaks the grammar of A20.
    BadUrlSyntax,
    /// 403: the endpoint's address list does not have the peer's address (A19.9).
    AddressNotAllowed,
    /// 403: no key of the endpoint signed the request, or not lately (A19.9).
    SignatureNotAccepted,
    /// 404: no such locator, name or asset.
    ResourceNotFound,
    /// 404: the asset has no such rendition.
    TrackNotFound,
    /// 404: no such filter.
    FilterNotFound,
    /// 404: nothing of the asset lies there, or not all that is asked for.
    TimestampNotFound,
    /// 404: the asset has no segment yet.
    NoLiveEntries,
    /// 404: no fragment starts at this time.
    FragmentTimestampNotFound,
    /// 404: no fragment has this number.
    FragmentIndexNotFound,
    /// 405: only GET, HEAD and OPTIONS.
    MethodNotAllowed,
    /// 410: where a forced end is to be has left the window, or is yet to come.
    FilterForceEndLeftWindow,
    /// 412: the fragment lies ahead of the live edge; ask again.
    FragmentNotReady,
    /// 415: a format that this endpoint does not deliver.
    OutputFormatNotSupported,
    /// 415: more filters than may be combined.
    FilterCountOverLimit,
    /// 415: two filters say which rung is the first.
    FilterFirstQualities,
    /// 415: nothing is left to list.
    FilterRemovedAllStreams,
    /// 415: the back-off is longer than what players can rewind to.
    FilterBackoffOverDvrWindow,
    /// 415: the back-off of one filter is longer than the window of another.
    FilterBackoffOverWindow,
    /// 415: a window or back-off must be longer than three segments.
    HlsSegmentTooLarge,
    /// 416: nothing of the object lies in the range.
    RangeNotSatisfiable,
    /// 500: what the host read from its store is not what was stored.
    StoredObjectUnreadable,
    /// 503: the playlist does not yet hold what was asked for, and has been waited for long enough (RFC 8216bis clause 6.2.5.2).
    PlaylistNotReady,
    /// 503: the streaming endpoint does not run (A19.2).
    EndpointNotRunning,
    /// 503: the scale units of the endpoint are used up for now (A19.5, A25.6).
    BandwidthExceeded,
}

impl OriginError {
    /// HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadUrlSyntax => 400,
            Self::AddressNotAllowed | Self::SignatureNotAccepted => 403,
            Self::ResourceNotFound
            | Self::TrackNotFound
            | Self::FilterNotFound
            | Self::TimestampNotFound
            | Self::NoLiveEntries
            | Self::FragmentTimestampNotFound
            | Self::FragmentIndexNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::FilterForceEndLeftWindow => 410,
            Self::FragmentNotReady => 412,
            Self::OutputFormatNotSupported
            | Self::FilterCountOverLimit
            | Self::FilterFirstQualities
            | Self::FilterRemovedAllStreams
            | Self::FilterBackoffOverDvrWindow
            | Self::FilterBackoffOverWindow
            | Self::HlsSegmentTooLarge => 415,
            Self::RangeNotSatisfiable => 416,
            Self::StoredObjectUnreadable => 500,
            Self::PlaylistNotReady | Self::EndpointNotRunning | Self::BandwidthExceeded => 503,
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
            Self::TimestampNotFound => "MPE_EGRESS_TIMESTAMP_NOT_FOUND",
            Self::FilterForceEndLeftWindow => "MPE_FILTER_FORCE_END_LEFT_EDGE_CROSSED_DVR_WINDOW",
            Self::FilterCountOverLimit => "MPE_FILTER_COMPOSITION_FILTER_COUNT_OVER_LIMIT",
            Self::FilterFirstQualities => "MPE_FILTER_COMPOSITION_MULTIPLE_FIRST_QUALITY_OPERATOR_NOT_ALLOWED",
            Self::FilterRemovedAllStreams => "MPE_FILTER_REMOVED_ALL_STREAMS",
            Self::FilterBackoffOverDvrWindow => "MPE_FILTER_LIVE_BACKOFF_OVER_DVRWINDOW",
            Self::FilterBackoffOverWindow => "MPE_FILTER_LIVE_BACKOFF_OVER_PRESENTATION_WINDOW",
            Self::HlsSegmentTooLarge => "MPE_HLS_SEGMENT_TOO_LARGE",
            Self::NoLiveEntries => "MPE_LIVE_MEDIA_ENTRIES_NOT_FOUND",
            Self::FragmentTimestampNotFound => "MPE_FRAGMENT_TIMESTAMP_NOT_FOUND",
            Self::FragmentIndexNotFound => "MPE_FRAGMENT_BY_INDEX_NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::FragmentNotReady => "MPE_FRAGMENT_NOT_READY",
            Self::OutputFormatNotSupported => "MPE_OUTPUT_FORMAT_NOT_SUPPORTED",
            Self::RangeNotSatisfiable => "RANGE_NOT_SATISFIABLE",
            Self::StoredObjectUnreadable => "STORED_OBJECT_UNREADABLE",
            Self::PlaylistNotReady => "PLAYLIST_NOT_READY",
            Self::AddressNotAllowed => "ADDRESS_NOT_ALLOWED",
            Self::SignatureNotAccepted => "SIGNATURE_NOT_ACCEPTED",
            Self::EndpointNotRunning => "ENDPOINT_NOT_RUNNING",
            Self::BandwidthExceeded => "BANDWIDTH_EXCEEDED",
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
            Self::TimestampNotFound => 0x8089_020A,
            Self::FilterForceEndLeftWindow => 0x8089_0263,
            Self::FilterCountOverLimit => 0x8089_0246,
            Self::FilterFirstQualities => 0x8089_0248,
            Self::FilterRemovedAllStreams => 0x8089_023E,
            Self::FilterBackoffOverDvrWindow => 0x8089_023F,
            Self::FilterBackoffOverWindow => 0x8089_0262,
            Self::HlsSegmentTooLarge => 0x8089_0243,
            Self::NoLiveEntries => 0x8089_0254,
            Self::FragmentTimestampNotFound => 0x8089_0255,
            Self::FragmentIndexNotFound => 0x8089_0252,
            Self::FragmentNotReady => 0x8089_0200,
            Self::OutputFormatNotSupported => 0x8089_020D,
            Self::MethodNotAllowed
            | Self::RangeNotSatisfiable
            | Self::StoredObjectUnreadable
            | Self::PlaylistNotReady
            | Self::AddressNotAllowed
            | Self::SignatureNotAccepted
            | Self::EndpointNotRunning
            | Self::BandwidthExceeded => 0,
        }
    }
}
