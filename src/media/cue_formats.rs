//! How viewers are told of cues: which dialect of each protocol.

/// How manifests and fragments tell of cues (A14.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CueFormats {
    /// HLS: `EXT-X-DATERANGE` with `SCTE35-OUT`, `SCTE35-IN` and `SCTE35-CMD` (RFC 8216 clause 4.3.2.7); default `true`.
    pub date_ranges: bool,
    /// HLS: older tags beside them or in their place; default none.
    pub cue_tags: CueTags,
    /// DASH: an `EventStream` of scheme `urn:scte:scte35:2014:xml+bin` (SCTE 214-1 clause 6.7.4); default `true`.
    pub event_stream: bool,
    /// DASH: `emsg` boxes of scheme `urn:scte:scte35:2013:bin` in the fragments of every video rendition (SCTE 214-3 clause 8.3.3); default
    /// `true`. HLS players skip them.
    pub in_band: bool,
    /// DASH: every out point and in point begins a period; default `false`.
    pub periods: bool,
    /// Smooth Streaming: a sparse track of scheme `urn:scte:scte35:2013:bin`, whose fragments stand in the client manifest (MS-SSTR clauses
    /// 2.2.2.3 and 2.2.2.6.1); default `true`.
    pub sparse_track: bool,
}

/// Tags of HLS that are not in its standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CueTags {
    /// None of them.
    #[default]
    None,
    /// `EXT-X-CUE-OUT`, `EXT-X-CUE-OUT-CONT` and `EXT-X-CUE-IN`.
    CueOut,
    /// The same, with `EXT-OATCLS-SCTE35` and the message in it.
    Oatcls,
    /// `EXT-X-CUE` as Azure Media Services wrote it.
    Cue,
}

impl Default for CueFormats {
    fn default() -> Self {
        Self {
            date_ranges: true,
            cue_tags: CueTags::None,
            event_stream: true,
            in_band: true,
            periods: false,
            sparse_track: true,
        }
    }
}
