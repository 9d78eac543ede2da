//! How a refused POST is answered (DASH-IF live media ingest, "HTTP response codes"; A27.1).

use crate::error::{ParseError, ParseErrorKind};

/// Status and code of the answer to a POST that cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status: 412 header boxes missing or incorrect, 415 nothing here reads its tracks, 400 anything else.
    pub status: u16,
    /// A code that stays the same from release to release.
    pub code: &'static str,
}

impl From<&ParseError> for Refusal {
    fn from(error: &ParseError) -> Self {
        match (&error.kind, error.at.format) {
            (ParseErrorKind::Unsupported { what: "sample entry", .. }, _) => {
                Self { status: 415, code: "MPE_INGEST_CODEC_NOT_SUPPORTED" }
            }
            (ParseErrorKind::Missing { what: "moov" }, _) | (_, HEADER | "smil") => {
                Self { status: 412, code: "MPE_INGEST_DESCRIPTION_INFO_NOT_RECEIVED" }
            }
            _ => Self { status: 400, code: error.code() },
        }
    }
}

/// The format that errors in header boxes name.
pub(super) const HEADER: &str = "moov";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_status() {
        let status = |kind, format| Refusal::from(&ParseError::new(kind, format, None, 0)).status;
        assert_eq!(status(ParseErrorKind::Missing { what: "moov" }, "mp4"), 412);
        assert_eq!(status(ParseErrorKind::Truncated { what: "stsd" }, HEADER), 412);
        assert_eq!(status(ParseErrorKind::Unsupported { what: "DOCTYPE", value: 0 }, "smil"), 412);
        assert_eq!(status(ParseErrorKind::Unsupported { what: "sample entry", value: 0 }, HEADER), 415);
        assert_eq!(status(ParseErrorKind::Truncated { what: "box" }, "mp4"), 400);
    }
}
