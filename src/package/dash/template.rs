//! The fixed text of an MPD, cut where what changes belongs.
//!
//! ```text
//! <MPD … publishTime=" ┆ " …> ┆ <Period …> … presentationTimeOffset=" ┆ " …> ┆ … ┆ </Period></MPD>
//!                 publish time    period, events                    offset   segments
//!                                └─ once for each period ──────────────────────────────┘
//! ```

use bytes::Bytes;

/// Shared pieces of text, and what belongs behind each.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    /// Up to the publish time, where there is one, and up to the first period.
    pub(super) head: Vec<Bytes>,
    /// One period, from behind its opening tag on.
    pub(super) period: Vec<(Bytes, Hole)>,
    /// From behind the last period on.
    pub(super) tail: Bytes,
}

/// What belongs between two pieces of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    /// The media time of the period's start, in ticks of the switching set that comes next.
    Offset,
    /// The content of the next switching set's `SegmentTimeline`.
    Segments,
    /// The period is over.
    End,
}

/// What stands where the publish time belongs: no channel gets that old.
pub(super) const PUBLISH_TIME: &str = "9999-01-01T00:00:00Z";

/// What stands where a presentation time offset belongs: no clock gets that far.
pub(super) const OFFSET: u64 = 9_999_999_999_999_999;

const EMPTY_TIMELINE: &str = "<SegmentTimeline/>";

impl Template {
    /// Cuts the text of an MPD with one period.
    pub(super) fn of(mpd: &str) -> Self {
        let (head, rest) = mpd.split_once("<Period").unwrap_or((mpd, ""));
        let body = rest.split_once('>').map_or("", |(_, body)| body);
        let (body, tail) = body.split_once("</Period>").unwrap_or((body, ""));
        let head = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{head}");
        Self {
            head: head.split(PUBLISH_TIME).map(|piece| Bytes::from(piece.to_owned())).collect(),
            period: period(body),
            tail: Bytes::from(tail.to_owned()),
        }
    }
}

fn period(body: &str) -> Vec<(Bytes, Hole)> {
    let (mut pieces, mut carry, offset) = (Vec::new(), String::new(), OFFSET.to_string());
    let mut texts = body.split(EMPTY_TIMELINE).peekable();
    while let Some(text) = texts.next() {
        let mut parts = text.split(offset.as_str()).peekable();
        while let Some(part) = parts.next() {
            carry.push_str(part);
            if parts.peek().is_some() {
                pieces.push((std::mem::take(&mut carry).into(), Hole::Offset));
            }
        }
        if texts.peek().is_some() {
            carry.push_str("<SegmentTimeline>");
            let piece = std::mem::replace(&mut carry, String::from("</SegmentTimeline>"));
            pieces.push((piece.into(), Hole::Segments));
        }
    }
    carry.push_str("</Period>");
    pieces.push((carry.into(), Hole::End));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_and_what_belongs_between_them_are_the_text() {
        let set = format!("<S o=\"{OFFSET}\">{EMPTY_TIMELINE}</S>");
        let text = format!("<MPD p=\"{PUBLISH_TIME}\"><Period id=\"0\" start=\"PT0S\">{set}{set}</Period></MPD>");
        let template = Template::of(&text);
        assert_eq!(template.head.concat(), b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD p=\"\">");
        let holes: Vec<Hole> = template.period.iter().map(|(_, hole)| *hole).collect();
        assert_eq!(holes, [Hole::Offset, Hole::Segments, Hole::Offset, Hole::Segments, Hole::End]);
        let pieces: Vec<u8> = template.period.iter().flat_map(|(piece, _)| piece.to_vec()).collect();
        let set = "<S o=\"\"><SegmentTimeline></SegmentTimeline></S>";
        assert_eq!(String::from_utf8(pieces).unwrap(), format!("{set}{set}</Period>"));
        assert_eq!(template.tail, "</MPD>");
    }
}
