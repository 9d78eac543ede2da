//! The fixed text of an MPD, cut where what changes belongs.
//!
//! ```text
//! <MPD … publishTime=" ┆ " …> ┆ <Period …> … presentationTimeOffset=" ┆ " …> ┆ … ┆ </Period></MPD>
//!                 publish time    period, events                    offset   segments
//!                                └─ once for each period ──────────────────────────────┘
//! ```
//!
//! By numbers, the attributes that say which ones stand in the place of the segments.

use std::time::Duration;

use bytes::Bytes;

/// Shared pieces of text, and what belongs behind each.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    /// Up to the publish time and the version, where there are such, and up to the first period.
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
    /// The attributes of a `SegmentTemplate` that say which numbers stand for which times.
    Numbers,
    /// When the media of the period's start was made, by the wall clock.
    WallClock,
    /// The period is over.
    End,
}

/// What stands where the publish time belongs: no channel gets that old.
pub(super) const PUBLISH_TIME: &str = "9999-01-01T00:00:00Z";

/// What stands where the version belongs from which patches lead on.
pub(super) const VERSION: &str = "9999-9999-9999";

/// What stands where the depth of the window belongs, and how it is written: no window is as long.
pub(super) const DEPTH: (Duration, &str) = (Duration::from_hours(999_999), "PT999999H");

/// What stands where a presentation time offset belongs: no clock gets that far.
pub(super) const OFFSET: u64 = 9_999_999_999_999_999;

/// What stands where a period's numbers belong: no channel comes that far.
pub(super) const START_NUMBER: u64 = 9_999_999_999_999_998;

const MARKS: [(&str, Hole); 4] = [
    ("<SegmentTimeline/>", Hole::Segments),
    ("9999999999999999", Hole::Offset),
    ("startNumber=\"9999999999999998\"", Hole::Numbers),
    (PUBLISH_TIME, Hole::WallClock),
];

impl Template {
    /// Cuts the text of an MPD with one period.
    pub(super) fn of(mpd: &str) -> Self {
        let (head, rest) = mpd.split_once("<Period").unwrap_or((mpd, ""));
        let body = rest.split_once('>').map_or("", |(_, body)| body);
        let (body, tail) = body.split_once("</Period>").unwrap_or((body, ""));
        let head = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{head}");
        Self {
            head: head
                .split(PUBLISH_TIME)
                .flat_map(|text| text.split(VERSION))
                .flat_map(|text| text.split(DEPTH.1))
                .map(|piece| piece.to_owned().into())
                .collect(),
            period: period(body),
            tail: Bytes::from(tail.to_owned()),
        }
    }
}

fn period(body: &str) -> Vec<(Bytes, Hole)> {
    let (mut pieces, mut carry, mut rest) = (Vec::new(), String::new(), body);
    while let Some(((before, after), hole)) = next_hole(rest) {
        carry.push_str(before);
        let mut behind = String::new();
        if hole == Hole::Segments {
            carry.push_str("<SegmentTimeline>");
            behind.push_str("</SegmentTimeline>");
        }
        pieces.push((std::mem::replace(&mut carry, behind).into(), hole));
        rest = after;
    }
    carry.push_str(rest);
    carry.push_str("</Period>");
    pieces.push((carry.into(), Hole::End));
    pieces
}

/// What stands before and behind the first mark in a text.
fn next_hole(text: &str) -> Option<((&str, &str), Hole)> {
    let found = MARKS.iter().filter_map(|(mark, hole)| Some((text.split_once(mark)?, *hole)));
    found.min_by_key(|((before, _), _)| before.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_and_what_belongs_between_them_are_the_text() {
        let set = format!("<S o=\"{OFFSET}\"><SegmentTimeline/></S>");
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
    #[test]
    fn numbers_and_the_wall_clock_have_places_of_their_own() {
        let set = format!("<P w=\"{PUBLISH_TIME}\" p=\"{OFFSET}\"/><T startNumber=\"{START_NUMBER}\"/>");
        let template = Template::of(&format!("<MPD><Period id=\"0\">{set}</Period></MPD>"));
        let holes: Vec<Hole> = template.period.iter().map(|(_, hole)| *hole).collect();
        assert_eq!(holes, [Hole::WallClock, Hole::Offset, Hole::Numbers, Hole::End]);
        let pieces: Vec<u8> = template.period.iter().flat_map(|(piece, _)| piece.to_vec()).collect();
        assert_eq!(String::from_utf8(pieces).unwrap(), "<P w=\"\" p=\"\"/><T /></Period>");
    }
}
