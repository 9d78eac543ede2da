//! MPEG-2 video as [`Pictures`](super::pictures::Pictures) reads it (ISO/IEC 13818-2 clauses 6.1.1 and 6.2.2).
//!
//! An access unit is a picture with the headers before it, or the two fields of a frame. A decoder starts at an I picture right
//! after a sequence header; later a group header will do, too. B pictures that follow such a picture and show before it are
//! passed on: they need the group before. Streams that never send an I picture do not start.

use super::picture_syntax::{Field, Order, Picture, PictureSyntax, Role, Unit};
use crate::{
    codec::mpeg2::{self, EXTENSION, GROUP, LAST_SLICE, PICTURE, PICTURE_LOOK_AHEAD, PictureKind, SEQUENCE, Sequence},
    error::ParseError,
    media::{TrackFormat, VideoTrack},
    time::MediaDuration,
};

/// The headers of one stream.
#[derive(Debug, Default)]
pub(super) struct Mpeg2 {
    /// As they come in, and as they were when the last picture began.
    coming: Sequence,
    current: Sequence,
    video: Option<Result<VideoTrack, ParseError>>,
    is_new: bool,
    has_sequence: bool,
    has_group: bool,
    /// The group is counted so that fields of two groups are never taken for one frame.
    group: u64,
    places: Places,
}

/// Where pictures stand in display and in decode order.
#[derive(Debug)]
struct Places {
    /// Display order, in frames, of the group's first picture, of the last picture in the group, and of the latest one shown.
    base: i64,
    last: i64,
    latest: i64,
    /// Display order of the last picture, and its place.
    at: Option<i64>,
    place: Order,
    /// Fields from when the last picture decodes to when the next one does.
    step: i64,
    /// Fields for which the last I or P picture shows: from when the next one decodes on.
    reference: i64,
    /// Fields for which the last picture of even and of odd display order shows. In film in 3:2, where every other picture
    /// shows for a field longer, so will those that are still to come.
    shown: (i64, i64),
}

impl Mpeg2 {
    fn picture(&mut self, start: &[u8]) -> Role {
        if std::mem::take(&mut self.has_sequence) {
            self.take_sequence();
            self.has_group = true;
        }
        let may_start = std::mem::take(&mut self.has_group);
        let Ok(picture) = mpeg2::Picture::parse(start) else { return Role::Picture(Picture::default()) };
        let is_progressive = matches!(&self.video, Some(Ok(video)) if !video.is_interlaced);
        let order = self.places.next(&picture, is_progressive);
        let number = self.group << 10 | u64::from(picture.temporal_reference);
        Role::Picture(Picture {
            is_random_access: picture.kind == PictureKind::I && may_start && self.video.is_some(),
            field: picture.is_bottom_field.map(|is_bottom| Field { number, is_bottom }),
            order: Some(order),
        })
    }

    /// The headers of a sequence are whole: the picture that begins now is the first that they hold for.
    fn take_sequence(&mut self) {
        if self.coming == self.current && self.video.is_some() {
            return;
        }
        self.current.clone_from(&self.coming);
        let video = Some(self.current.video_track());
        if video != self.video {
            (self.video, self.is_new) = (video, true);
        }
    }
}

impl Places {
    /// The place of the next picture in decode order. Both fields of a frame have one.
    fn next(&mut self, picture: &mpeg2::Picture, is_progressive: bool) -> Order {
        let order = self.order(picture.temporal_reference);
        if self.at == Some(order) {
            return self.place;
        }
        let fields = picture.fields(is_progressive).into();
        *if order & 1 == 0 { &mut self.shown.0 } else { &mut self.shown.1 } = fields;
        let before = self.at.replace(order).unwrap_or(order);
        self.place.shows += self.span(before, order);
        self.place.decodes += self.step;
        // A B picture shows when it decodes; any other when the next of its kind does (ISO/IEC 13818-2 clause C.9).
        let is_b = picture.kind == PictureKind::B;
        self.step = if is_b { fields } else { std::mem::replace(&mut self.reference, fields) };
        self.place
    }

    /// The display order of a picture by its temporal_reference, which begins anew with a group and wraps at 1 024.
    const fn order(&mut self, temporal_reference: u16) -> i64 {
        let mut order = self.base + temporal_reference as i64;
        if order + 512 < self.last {
            self.base += 1024;
            order += 1024;
        }
        self.last = order;
        if order > self.latest {
            self.latest = order;
        }
        order
    }

    /// Fields from when one picture shows to when another does; both by their display order.
    const fn span(&self, from: i64, to: i64) -> i64 {
        let (even, odd) = self.shown;
        let pictures = to - from;
        let rest = if pictures & 1 == 0 {
            0
        } else if from & 1 == 0 {
            even
        } else {
            odd
        };
        pictures.div_euclid(2) * (even + odd) + rest
    }

    const fn begin_group(&mut self) {
        self.base = self.latest + 1;
        self.last = self.base;
    }
}

impl Default for Places {
    fn default() -> Self {
        let (base, last, latest, at, place) = (0, 0, 0, None, Order::default());
        Self { base, last, latest, at, place, step: 2, reference: 2, shown: (2, 2) }
    }
}

impl PictureSyntax for Mpeg2 {
    const TAKES_ZERO: bool = false;
    const STAMP_LEEWAY: u64 = 0;
    const IS_STAMPED_BY_PICTURE: bool = true;
    const BEFORE_START: &'static str = "before the first I picture";
    const BEFORE_NEW: &'static str = "before the I picture of a new sequence";

    fn look_ahead(&self) -> usize {
        PICTURE_LOOK_AHEAD
    }

    fn unit(&mut self, start: &[u8]) -> Unit {
        let role = match start.first() {
            Some(&PICTURE) => self.picture(start),
            Some(1..=LAST_SLICE) => Role::Part { is_random_access: false },
            Some(&SEQUENCE) => {
                self.has_sequence = true;
                Role::Begins
            }
            Some(&GROUP) => {
                self.has_group = true;
                self.group += 1;
                self.places.begin_group();
                Role::Begins
            }
            _ => Role::Follows,
        };
        let is_kept =
            matches!(start, [SEQUENCE, ..]) || matches!(start, [EXTENSION, id, ..] if matches!(id >> 4, 1 | 2));
        Unit { role, is_kept }
    }

    fn keep(&mut self, unit: &[u8]) {
        self.coming.insert(unit);
    }

    fn begins(start: &[u8]) -> bool {
        matches!(start, [PICTURE | SEQUENCE | GROUP, ..])
    }

    fn has_news(&self) -> bool {
        self.is_new
    }

    fn waits(&self) -> bool {
        self.is_new
    }

    fn format(&mut self) -> Option<Result<TrackFormat, ParseError>> {
        self.is_new = false;
        Some(self.video.clone()?.map(TrackFormat::Mpeg2))
    }

    fn frame(&self) -> Option<MediaDuration> {
        let video = self.video.as_ref()?.as_ref().ok()?;
        video.frame_rate.map(|rate| rate.frame_duration())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_order_goes_on_over_groups_and_the_wrap() {
        let mut places = Places::default();
        assert_eq!([places.order(2), places.order(0), places.order(1), places.order(3)], [2, 0, 1, 3]);
        places.begin_group();
        assert_eq!([places.order(2), places.order(0), places.order(1)], [6, 4, 5]);
        let mut places = Places::default();
        for frame in 0..3000 {
            assert_eq!(places.order((frame % 1024) as u16), frame);
        }
    }

    #[test]
    fn film_in_three_two_is_counted_in_fields() {
        // I B B P B B, a group after the other, and film that begins with two fields and with three.
        for phase in 0..2 {
            let mut places = Places::default();
            let mut found = Vec::new();
            for n in 0..36 {
                let reference = [2, 0, 1, 5, 3, 4][n % 6];
                let kind = if n % 3 == 0 { PictureKind::P } else { PictureKind::B };
                if n % 6 == 0 && n > 0 {
                    places.begin_group();
                }
                let (is_bottom_field, is_top_first) = (None, false);
                let order = n as i64 / 6 * 6 + i64::from(reference);
                let repeats_first_field = (order + phase) % 2 == 0;
                let temporal_reference = reference as u16;
                let picture =
                    mpeg2::Picture { temporal_reference, kind, is_bottom_field, is_top_first, repeats_first_field };
                let place = places.next(&picture, false);
                assert_eq!(places.next(&picture, false), place, "its other field");
                found.push((order, kind, place));
            }
            // The first group tells what kind of film it is.
            let found = &found[6..];
            let start = |order: i64| (order * 5 + 1 - phase) / 2;
            let (first, _, from) = found[0];
            for (order, kind, place) in found {
                assert_eq!(place.shows - from.shows, start(*order) - start(first), "{order}");
                if *kind == PictureKind::B {
                    assert_eq!(
                        place.decodes - from.decodes,
                        place.shows - found[1].2.shows + found[1].2.decodes - from.decodes
                    );
                }
            }
        }
    }
}
