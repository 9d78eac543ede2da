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
}
