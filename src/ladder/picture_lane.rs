//! The lane that turns one output picture into one picture per rung.

use crate::{
    ladder::{Cascade, Rung},
    media::{Frame, PictureSource},
    time::MediaTime,
};

/// The scaler, and the pictures that the library makes itself.
pub(crate) struct PictureLane {
    rungs: Vec<(usize, usize)>,
    cascade: Option<Cascade>,
    slate: Box<dyn PictureSource>,
    test: Box<dyn PictureSource>,
    /// The last source picture and what it was scaled to: a picture that stays is scaled once.
    last: Option<(Frame, Vec<Frame>)>,
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
    pub(crate) lane: PictureLane,
    pub(crate) ops: Vec<(MediaTime, PictureOp)>,
}

pub(crate) struct PictureDone {
    pub(crate) lane: PictureLane,
    /// One picture per rung, for each of the job's steps.
    pub(crate) pictures: Vec<Vec<Frame>>,
}

impl PictureLane {
    pub(crate) fn new(rungs: &[Rung], slate: Box<dyn PictureSource>, test: Box<dyn PictureSource>) -> Self {
        let rungs = rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect();
        Self { rungs, cascade: None, slate, test, last: None }
    }

    fn scale(&mut self, at: MediaTime, op: PictureOp) -> Vec<Frame> {
        let source = match (op, &self.last) {
            (PictureOp::Live(frame), _) => frame,
            (PictureOp::Hold, Some((last, _))) => last.clone(),
            (PictureOp::Slate | PictureOp::Hold, _) => self.slate.picture(at),
            (PictureOp::Test, _) => self.test.picture(at),
        };
        if let Some((last, scaled)) = &self.last {
            if last.is_same_picture(&source) {
                return scaled.iter().map(|frame| frame.at(at)).collect();
            }
        }
        let cascade = match self.cascade.take() {
            Some(cascade) if cascade.source() == (source.width, source.height) => self.cascade.insert(cascade),
            _ => self.cascade.insert(Cascade::new((source.width, source.height), &self.rungs)),
        };
        let scaled: Vec<Frame> = cascade.scale(&source.at(at));
        self.last = Some((source, scaled.clone()));
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
