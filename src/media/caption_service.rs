//! How a caption service is named.

use std::fmt;

/// A caption service inside the pictures of a rendition, as manifests name it. Sorted as they list it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaptionService {
    /// CEA-608, CC1 to CC4 by their number.
    Cea608(u8),
    /// CEA-708, service 1 to 63 by its number.
    Cea708(u8),
}

/// The `INSTREAM-ID` of HLS (RFC 8216 clause 4.3.4.1): `CC1`, `SERVICE1`.
impl fmt::Display for CaptionService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cea608(number) => write!(f, "CC{number}"),
            Self::Cea708(number) => write!(f, "SERVICE{number}"),
        }
    }
}
