//! The lane that turns one output picture into one picture per rung.

use crate::{
    ladder::{Cascade, Preset},
    media::{Colour, Frame, PictureSource},
    time::MediaTime,
};

/// The scalers, and the pictures that the library makes itself.
pub(crate) struct PictureLane {
    cascade: Cascade,
    /// Stills are stretched to the display (A14.5), each scaled once however long it stays.
    stills: Cascade,
    test: Box<dyn PictureSource>,
    /// The contribution's newest picture, shown or hidden.
    live: Option<Frame>,
    /// Something else has taken its place since: it stays away unless the loss policy asks for it.
    is_stale: bool,
    /// What was shown last, where that was none of the contribution's.
    own: Option<Own>,
}

enum Own {
    Still(Frame),
    Test(Frame),
}

/// What the next output picture is.
pub(crate) enum PictureOp {
    Live(Frame),
    /// The contribution's last one again, or whatever was last before there was any.
    Hold,
    /// One of the contribution that is not there: what is seen stays.
    Missing,
    Still {
        picture: Frame,
        beneath: Beneath,
    },
    Test,
}

/// What a still hides.
pub(crate) enum Beneath {
    /// The contribution's next picture.
    Live(Frame),
    /// Its last one again.
    Hold,
    /// Nothing: the contribution is gone.
    Nothing,
}

pub(crate) struct PictureJob {
    pub(crate) lane: Box<PictureLane>,
    pub(crate) ops: Vec<(MediaTime, PictureOp)>,
}

pub(crate) struct PictureDone {
    pub(crate) lane: Box<PictureLane>,
    /// One picture per rung for each of the job's steps, step by step.
    pub(crate) pictures: Vec<Frame>,
}

impl PictureLane {
    pub(crate) fn new(preset: &Preset, test: Box<dyn PictureSource>) -> Self {
        let sizes: Vec<_> = preset.rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect();
        let source = sizes.first().copied().unwrap_or((2, 2));
        let cascade = Cascade::with_stretch(source, &sizes, preset.stretch);
        Self { cascade, stills: Cascade::of_stills(source, &sizes), test, live: None, is_stale: false, own: None }
    }

    fn show(&mut self, live: Frame, own: Option<Own>) {
        (self.live, self.is_stale, self.own) = (Some(live), false, own);
    }

    fn make(&mut self, at: MediaTime, op: PictureOp, pictures: &mut Vec<Frame>) {
        match op {
            PictureOp::Live(frame) => self.show(frame, None),
            PictureOp::Hold => self.is_stale = false,
            PictureOp::Missing => {}
            PictureOp::Still { picture, beneath } => {
                let own = Some(Own::Still(picture.clone()));
                match beneath {
                    Beneath::Live(frame) => self.show(frame, own),
                    Beneath::Hold => self.own = own,
                    Beneath::Nothing => (self.is_stale, self.own) = (true, own),
                }
                return self.stills.scale(&picture.at(at), pictures);
            }
            PictureOp::Test => (self.live, self.own) = (None, Some(Own::Test(in_colour(self.test.picture(at))))),
        }
        match (self.live.as_ref().filter(|_| !self.is_stale), &self.own) {
            (Some(frame), _) | (None, Some(Own::Test(frame))) => self.cascade.scale(&frame.at(at), pictures),
            (None, Some(Own::Still(frame))) => self.stills.scale(&frame.at(at), pictures),
            // The first frame of all is none that is held.
            (None, None) => self.cascade.scale(&in_colour(self.test.picture(at)), pictures),
        }
    }
}

/// A picture that the library drew is in the ladder's colour where it does not say another.
fn in_colour(mut picture: Frame) -> Frame {
    if picture.colour == Colour::UNKNOWN {
        picture.colour = Colour::BT709;
    }
    picture
}

impl PictureJob {
    pub(crate) fn run(self) -> PictureDone {
        let Self { mut lane, ops } = self;
        let mut pictures = Vec::with_capacity(ops.len() * lane.cascade.rungs());
        ops.into_iter().for_each(|(at, op)| lane.make(at, op, &mut pictures));
        PictureDone { lane, pictures }
    }
}
