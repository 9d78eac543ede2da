//! What the host's store has lost: fragments that were told of and that nobody can have any more (FAULTS row 59).

use std::sync::Arc;

use crate::media::{Part, PartSpan, Segment, Span};

/// A fragment that is in no store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// The sequence number of its segment.
    pub sequence: u64,
    /// The position of its track in the presentation.
    pub track: usize,
}

impl Loss {
    /// Notes in its segment that it is missing; whether that is news.
    pub(crate) fn mark(self, segment: &mut Segment) -> bool {
        let has_it = segment.spans.get(self.track).is_some_and(|span| !span.is_missing());
        let is_news = segment.sequence == self.sequence && has_it;
        if is_news {
            let spans = segment.spans.iter().enumerate();
            let marked = |(track, span): (usize, &Span)| Span {
                bytes: if track == self.track { 0 } else { span.bytes },
                ..*span
            };
            segment.spans = spans.map(marked).collect();
        }
        is_news
    }

    /// The same in the parts of its segment.
    pub(super) fn mark_parts(self, parts: &mut Arc<[Part]>) {
        if parts.first().is_none_or(|first| first.sequence != self.sequence) {
            return;
        }
        let mut marked = parts.to_vec();
        for part in &mut marked {
            let spans = part.spans.iter().enumerate();
            let mark = |(track, span): (usize, &PartSpan)| PartSpan {
                bytes: if track == self.track { 0 } else { span.bytes },
                ..*span
            };
            part.spans = spans.map(mark).collect();
        }
        *parts = marked.into();
    }
}
