//! Dates of playlists (RFC 8216 clause 4.3.2.6): ISO 8601 in the form of RFC 3339, with a zone.

/// Microseconds since 1970.
pub fn instant(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_micros())
}
