//! What a coding of pictures has to say of the units behind its start codes, for [`Pictures`](super::pictures::Pictures).

use std::fmt::Debug;

use crate::{error::ParseError, media::TrackFormat, time::MediaDuration};

/// What the units behind the start codes of one coding mean.
pub(super) trait PictureSyntax: Debug + Default + Send {
    /// A zero byte before a start code belongs to the unit that begins there.
    const TAKES_ZERO: bool;
    /// Bytes from a picture's start code on in which a PES packet may begin whose time stamp is still the picture's.
    const STAMP_LEEWAY: u64;
    /// A time stamp is that of the first picture start code in its PES packet, and not of the first unit that begins an access
    /// unit (ISO/IEC 13818-1 clause 2.4.3.7).
    const IS_STAMPED_BY_PICTURE: bool;
    /// Why pictures before the first that a decoder can start with are dropped.
    const BEFORE_START: &'static str;
    /// Why pictures after new headers are dropped before one that these hold for.
    const BEFORE_NEW: &'static str;

    /// Bytes from the one after a start code's prefix on that [`unit`](Self::unit) wants to see, at least 1.
    fn look_ahead(&self) -> usize;

    /// What the unit means whose first bytes are these; there are fewer than the look-ahead only where it ends.
    fn unit(&mut self, start: &[u8]) -> Unit;

    /// The picture that [`unit`](Self::unit) told last is the first of an access unit.
    fn begin(&mut self) {}

    /// A whole unit that [`unit`](Self::unit) said to keep, with the zero bytes that follow it.
    fn keep(&mut self, unit: &[u8]);

    /// Whether a unit that begins so begins an access unit.
    fn begins(start: &[u8]) -> bool;

    /// The headers that came say something new.
    fn has_news(&self) -> bool;

    /// No picture may follow the new headers but one that a decoder can start with.
    fn waits(&self) -> bool;

    /// The format by all headers that came, which is no news from now on; `None` where some are missing.
    fn format(&mut self) -> Option<Result<TrackFormat, ParseError>>;

    /// How long a frame lasts where only the headers are to be believed in that.
    fn frame(&self) -> Option<MediaDuration>;
}

/// A unit behind a start code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) role: Role,
    /// It is wanted whole.
    pub(super) is_kept: bool,
}

/// What a unit is to its access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It begins one, if there is a picture before it.
    Begins,
    /// It begins a picture, and an access unit unless it is the other field of the frame before it.
    Picture(Picture),
    /// A part of a picture that is not its first.
    Part { is_random_access: bool },
    /// It follows what is before it.
    Follows,
}

/// A picture as it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) is_random_access: bool,
    pub(super) field: Option<Field>,
    /// Its place in display and in decode order, where the stream says so.
    pub(super) order: Option<Order>,
}

/// When a picture shows and when it decodes, counted in fields from any start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) shows: i64,
    pub(super) decodes: i64,
}

/// One field of a frame; the other has the same number and is the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) is_bottom: bool,
}

/// Whether two fields make a frame.
pub(super) fn is_pair(first: Option<Field>, second: Option<Field>) -> bool {
    first.zip(second).is_some_and(|(a, b)| a.number == b.number && a.is_bottom != b.is_bottom)
}
