//! The lane that turns one output picture into one picture per rung.

use crate::{
    ladder::{Cascade, Preset},
    media::{Colour, Frame, PictureSource},
    time::MediaTime,
};

/// The scaler, and the pictures that the library makes itself.
pub(crate) struct PictureLane {
    cascade: Cascade,
    slate: Box<dyn PictureSource>,
    test: Box<dyn PictureSource>,
    last: Option<Frame>,
}

/// What the next output picture is.
pub(crate) enum PictureOp {
    Live(Frame),
    /// The last one again; black before there was any.
    Hold,
    Slate,
    Test,
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
    pub(crate) fn new(preset: &Preset, slate: Box<dyn PictureSource>, test: Box<dyn PictureSource>) -> Self {
        let sizes: Vec<_> = preset.rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect();
        let source = sizes.first().copied().unwrap_or((2, 2));
        Self { cascade: Cascade::with_stretch(source, &sizes, preset.stretch), slate, test, last: None }
    }

    fn scale(&mut self, at: MediaTime, op: PictureOp, pictures: &mut Vec<Frame>) {
        let source = match (op, self.last.take()) {
            (PictureOp::Live(frame), _) => frame,
            (PictureOp::Hold, Some(last)) => last,
            (PictureOp::Slate | PictureOp::Hold, _) => own(self.slate.picture(at)),
            (PictureOp::Test, _) => own(self.test.picture(at)),
        };
        self.cascade.scale(&source.at(at), pictures);
        self.last = Some(source);
    }
}

/// A picture that the library or its host drew is in the ladder's colour where it does not say another.
fn own(mut picture: Frame) -> Frame {
    if picture.colour == Colour::UNKNOWN {
        picture.colour = Colour::BT709;
    }
    picture
}

impl PictureJob {
    pub(crate) fn run(self) -> PictureDone {
        let Self { mut lane, ops } = self;
        let mut pictures = Vec::with_capacity(ops.len() * lane.cascade.rungs());
        ops.into_iter().for_each(|(at, op)| lane.scale(at, op, &mut pictures));
        PictureDone { lane, pictures }
    }
}
