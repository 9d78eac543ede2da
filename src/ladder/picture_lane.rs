//! The lane that turns one output picture into one picture per rung.

use crate::{
    ladder::{Cascade, Rung},
    media::{Frame, PictureSource},
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
    /// One picture per rung, for each of the job's steps.
    pub(crate) pictures: Vec<Vec<Frame>>,
}

impl PictureLane {
    pub(crate) fn new(rungs: &[Rung], slate: Box<dyn PictureSource>, test: Box<dyn PictureSource>) -> Self {
        let sizes: Vec<_> = rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect();
        let source = sizes.first().copied().unwrap_or((2, 2));
        Self { cascade: Cascade::new(source, &sizes), slate, test, last: None }
    }

    fn scale(&mut self, at: MediaTime, op: PictureOp) -> Vec<Frame> {
        let source = match (op, self.last.take()) {
            (PictureOp::Live(frame), _) => frame,
            (PictureOp::Hold, Some(last)) => last,
            (PictureOp::Slate | PictureOp::Hold, _) => self.slate.picture(at),
            (PictureOp::Test, _) => self.test.picture(at),
        };
        let mut scaled = Vec::with_capacity(8);
        self.cascade.scale(&source.at(at), &mut scaled);
        self.last = Some(source);
        scaled
    }
}

impl PictureJob {
    pub(crate) fn run(self) -> PictureDone {
        let Self { mut lane, ops } = self;
        let pictures = ops.into_iter().map(|(at, op)| lane.scale(at, op)).collect();
        PictureDone { lane, pictures }
    }
}
