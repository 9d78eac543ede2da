//! The bytes of a stored object or of an answer, as a shared list of slices.

use std::{fmt, ops::Range, sync::Arc};

use bytes::{Bytes, BytesMut};

/// Bytes in one or several slices, to be written one after the other (`writev`); cloning copies nothing.
#[derive(Clone, Default)]
pub struct Body(Parts);

impl Body {
    /// No bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self(Parts::One(Bytes::new()))
    }

    /// The slices in order; none of several is empty.
    #[must_use]
    pub fn parts(&self) -> &[Bytes] {
        match &self.0 {
            Parts::One(part) if part.is_empty() => &[],
            Parts::One(part) => std::slice::from_ref(part),
            Parts::Many { parts, .. } => parts,
        }
    }

    /// Bytes in all.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Parts::One(part) => part.len(),
            Parts::Many { len, .. } => *len,
        }
    }

    /// Whether there is no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes from `range.start` up to `range.end`, cut to what there is; shares the memory.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let mut at = 0usize;
        let mut cut = Vec::new();
        for part in self.parts() {
            let from = range.start.saturating_sub(at).min(part.len());
            let to = range.end.saturating_sub(at).min(part.len());
            if from < to {
                cut.push(part.slice(from..to));
            }
            at = at.saturating_add(part.len());
        }
        Self::from(cut)
    }

    /// The bytes from `range.start` up to `range.end` in one piece: shared where they lie in one slice, else copied; `None`
    /// where there are not as many.
    #[must_use]
    pub fn cut(&self, range: Range<usize>) -> Option<Bytes> {
        let (mut from, mut left) = (range.start, range.end.checked_sub(range.start)?);
        if range.end > self.len() {
            return None;
        }
        let mut joined = BytesMut::new();
        for part in self.parts() {
            let held = part.get(from..).unwrap_or_default();
            let len = held.len().min(left);
            if len == left && joined.is_empty() && from < part.len() {
                return Some(part.slice(from..from.saturating_add(len)));
            }
            if joined.is_empty() && len > 0 {
                joined.reserve(left);
            }
            joined.extend_from_slice(held.get(..len).unwrap_or_default());
            left = left.saturating_sub(len);
            from = from.saturating_sub(part.len());
            if left == 0 {
                break;
            }
        }
        Some(joined.freeze())
    }

    /// All bytes in one piece: shared where there is one slice, copied where there are several.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Parts::One(part) => part.clone(),
            Parts::Many { parts, len } => {
                let mut whole = BytesMut::with_capacity(*len);
                parts.iter().for_each(|part| whole.extend_from_slice(part));
                whole.freeze()
            }
        }
    }
}

impl From<Bytes> for Body {
    fn from(part: Bytes) -> Self {
        Self(Parts::One(part))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(Parts::One(text.into()))
    }
}

impl From<Vec<Bytes>> for Body {
    fn from(mut parts: Vec<Bytes>) -> Self {
        parts.retain(|part| !part.is_empty());
        match (parts.pop(), parts.is_empty()) {
            (None, _) => Self::new(),
            (Some(only), true) => Self::from(only),
            (Some(last), false) => {
                parts.push(last);
                let len = parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.len()));
                Self(Parts::Many { parts: parts.into(), len })
            }
        }
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        let bytes = |body: &Self| body.parts().to_vec().into_iter().flatten();
        self.len() == other.len() && bytes(self).eq(bytes(other))
    }
}

impl Eq for Body {}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes in {} slices)", self.len(), self.parts().len())
    }
}

#[derive(Clone)]
enum Parts {
    One(Bytes),
    Many { parts: Arc<[Bytes]>, len: usize },
}

impl Default for Parts {
    fn default() -> Self {
        Self::One(Bytes::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cross_the_parts_and_stop_at_the_end() {
        let body = Body::from(vec![Bytes::from_static(b"abc"), Bytes::new(), Bytes::from_static(b"defg")]);
        assert_eq!((body.len(), body.parts().len()), (7, 2));
        assert_eq!(body.slice(2..5).to_bytes(), "cde");
        assert_eq!(body.slice(3..3), Body::new());
        assert_eq!(body.slice(5..usize::MAX).to_bytes(), "fg");
        assert_eq!(body, Body::from(Bytes::from_static(b"abcdefg")));
    }

    #[test]
    fn what_lies_in_one_part_is_cut_without_a_copy() {
        let parts = [&b"abc"[..], b"defg", b"h"].map(Bytes::from_static);
        let body = Body::from(parts.to_vec());
        for (start, end) in (0..=8).flat_map(|start| (start..=8).map(move |end| (start, end))) {
            assert_eq!(body.cut(start..end).unwrap(), &b"abcdefgh"[start..end]);
        }
        assert_eq!(body.cut(4..7).unwrap().as_ptr(), parts[1][1..].as_ptr());
        assert_eq!((body.cut(7..9), body.cut(9..9)), (None, None));
        assert_eq!(body.cut(std::ops::Range { start: 3, end: 2 }), None);
    }
}
