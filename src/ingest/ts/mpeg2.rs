//! MPEG-2 video as [`Pictures`](super::pictures::Pictures) reads it (ISO/IEC 13818-2 clauses 6.1.1 and 6.2.2).
//!
//! An access unit is a picture with the headers before it, or the two fields of a frame. A decoder starts at an I picture right
//! after a sequence header; later a group header will do, too. B pictures that follow such a picture and show before it are
//! passed on: they need the group before. Streams that never send an I picture do not start.

use super::picture_syntax::{Field, Picture, PictureSyntax, Role, Unit};
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
    /// Display order of the group's first picture, of the last picture, and of the latest one shown.
    order: Order,
}

#[derive(Debug, Default)]
struct Order {
    base: i64,
    last: i64,
    latest: i64,
}

impl Mpeg2 {
    fn picture(&mut self, start: &[u8]) -> Role {
        if std::mem::take(&mut self.has_sequence) {
            self.take_sequence();
            self.has_group = true;
        }
        let may_start = std::mem::take(&mut self.has_group);
        let Ok(picture) = mpeg2::Picture::parse(start) else { return Role::Picture(Picture::default()) };
        let order = self.order.of(picture.temporal_reference);
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

impl Order {
    /// The display order of a picture by its temporal_reference, which begins anew with a group and wraps at 1 024.
    const fn of(&mut self, temporal_reference: u16) -> i64 {
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

    const fn begin_group(&mut self) {
        self.base = self.latest + 1;
        self.last = self.base;
    }
}

impl PictureSyntax for Mpeg2 {
    const TAKES_ZERO: bool = false;
    const STAMP_LEEWAY: u64 = 0;
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
                self.order.begin_group();
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
        let mut order = Order::default();
        assert_eq!([order.of(2), order.of(0), order.of(1), order.of(3)], [2, 0, 1, 3]);
        order.begin_group();
        assert_eq!([order.of(2), order.of(0), order.of(1)], [6, 4, 5]);
        let mut order = Order::default();
        for frame in 0..3000 {
            assert_eq!(order.of((frame % 1024) as u16), frame);
        }
    }
}
