//! The lane that turns one output picture into one picture per rung.

use crate::{
    ladder::{
        Cascade, Preset,
        picture_watch::{Acting, PictureWatch, WatchStages},
    },
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
    /// Whether its pictures and its sound are worth anything.
    watch: PictureWatch,
}

enum Own {
    Still(Frame),
    Test(Frame),
}

/// What the next output picture is.
pub(crate) enum PictureOp {
    Live(Frame),
    /// The last one again of a contribution that went, or whatever was last before there was any.
    Hold,
    /// One of the contribution that is not there: what is seen stays.
    Missing,
    /// The contribution went: what is seen stays.
    Lost,
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
    /// Its last one again: this one is not there.
    Missing,
    /// Its last one again: the contribution went.
    Lost,
    /// Nothing: the contribution is gone.
    Nothing,
}

/// One output frame.
pub(crate) struct PictureStep {
    pub(crate) at: MediaTime,
    pub(crate) op: PictureOp,
    /// Since when the contribution is silent, as far as that is known.
    pub(crate) quiet: Option<MediaTime>,
}

pub(crate) struct PictureJob {
    pub(crate) lane: Box<PictureLane>,
    pub(crate) steps: Vec<PictureStep>,
}

pub(crate) struct PictureDone {
    pub(crate) lane: Box<PictureLane>,
    /// One picture per rung for each of the job's steps, step by step.
    pub(crate) pictures: Vec<Frame>,
    /// For each step what acts because the contribution is black, frozen or silent.
    pub(crate) acts: Vec<Option<Acting>>,
}

impl PictureLane {
    pub(crate) fn new(preset: &Preset, test: Box<dyn PictureSource>, watch: WatchStages) -> Self {
        let sizes: Vec<_> = preset.rungs.iter().map(|rung| (rung.width as usize, rung.height as usize)).collect();
        let source = sizes.first().copied().unwrap_or((2, 2));
        Self {
            cascade: Cascade::with_stretch(source, &sizes, preset.stretch),
            stills: Cascade::of_stills(source, &sizes),
            test,
            live: None,
            is_stale: false,
            own: None,
            watch: PictureWatch::new(watch),
        }
    }

    fn show(&mut self, at: MediaTime, live: Frame, own: Option<Own>) {
        self.watch.see(&live, at);
        (self.live, self.is_stale, self.own) = (Some(live), false, own);
    }

    fn make(&mut self, PictureStep { at, op, quiet }: PictureStep, pictures: &mut Vec<Frame>) {
        let mut still = None;
        match op {
            PictureOp::Live(frame) => self.show(at, frame, None),
            PictureOp::Hold => {
                self.watch.stop();
                self.is_stale = false;
            }
            PictureOp::Missing => {}
            PictureOp::Lost => self.watch.pause(),
            PictureOp::Still { picture, beneath } => {
                self.hide(at, beneath, picture.clone());
                still = Some(picture);
            }
            PictureOp::Test => {
                self.watch.stop();
                (self.live, self.own) = (None, Some(Own::Test(in_colour(self.test.picture(at)))));
            }
        }
        self.watch.decide(at, quiet);
        if let Some(still) = still.as_ref().or(self.watch.picture()) {
            return self.stills.scale(&still.at(at), pictures);
        }
        match (self.live.as_ref().filter(|_| !self.is_stale), &self.own) {
            (Some(frame), _) | (None, Some(Own::Test(frame))) => self.cascade.scale(&frame.at(at), pictures),
            (None, Some(Own::Still(frame))) => self.stills.scale(&frame.at(at), pictures),
            // The first frame of all is none that is held.
            (None, None) => self.cascade.scale(&in_colour(self.test.picture(at)), pictures),
        }
    }

    /// Takes what a still hides.
    fn hide(&mut self, at: MediaTime, beneath: Beneath, still: Frame) {
        let own = Some(Own::Still(still));
        match beneath {
            Beneath::Live(frame) => self.show(at, frame, own),
            Beneath::Missing => self.own = own,
            Beneath::Lost => {
                self.watch.pause();
                self.own = own;
            }
            Beneath::Nothing => {
                self.watch.stop();
                (self.is_stale, self.own) = (true, own);
            }
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
        let Self { mut lane, steps } = self;
        let mut pictures = Vec::with_capacity(steps.len() * lane.cascade.rungs());
        let mut acts = Vec::with_capacity(steps.len());
        for step in steps {
            lane.make(step, &mut pictures);
            acts.push(lane.watch.acts());
        }
        PictureDone { lane, pictures, acts }
    }
}
