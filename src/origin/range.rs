//! The `Range` header (RFC 9110 clause 14.2): one range of bytes.

use std::ops::Range;

/// The bytes that `header` asks for out of `len`.
///
/// `None` where the header is to be ignored: another unit, several ranges, or no sense in it. `Some(Err(()))` where nothing
/// of the object lies in the range.
pub(super) fn requested(header: &str, len: usize) -> Option<Result<Range<usize>, ()>> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(len),
        (Some(first), None) if last.is_empty() => first..len,
        (None, Some(suffix)) if first.is_empty() => len.saturating_sub(suffix)..len,
        _ => return None,
    };
    Some(if range.start < range.end { Ok(range) } else { Err(()) })
}

/// Digits only; a number too large for memory is beyond every object.
fn number(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_in_the_rfc() {
        assert_eq!(requested("bytes=0-499", 1000), Some(Ok(0..500)));
        assert_eq!(requested("bytes=999-2000", 1000), Some(Ok(999..1000)));
        assert_eq!(requested("bytes=500-", 1000), Some(Ok(500..1000)));
        assert_eq!(requested("bytes=-1", 1000), Some(Ok(999..1000)));
        assert_eq!(requested("bytes=-5000", 1000), Some(Ok(0..1000)));
        for nothing in ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(requested(nothing, 1000), Some(Err(())), "{nothing}");
        }
        for ignored in ["", "bytes", "bytes=", "bytes=-", "bytes=2-1", "lines=0-1", "bytes=0-1,5-6", "bytes=+1-2"] {
            assert_eq!(requested(ignored, 1000), None, "{ignored}");
        }
    }
}
