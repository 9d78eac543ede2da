//! The lane that encodes one rung.

use crate::{
    error::Fault,
    ladder::VideoEncoder,
    media::{AccessUnit, Frame, FrameRate},
};

/// One step for a rung's encoder.
pub(crate) enum RungOp {
    Encode {
        frame: Frame,
        force_idr: bool,
    },
    /// Pictures come at this rate from now on.
    FrameRate(FrameRate),
}

pub(crate) struct RungJob {
    pub(crate) encoder: Box<dyn VideoEncoder>,
    pub(crate) ops: Vec<RungOp>,
}

pub(crate) struct RungDone {
    pub(crate) encoder: Box<dyn VideoEncoder>,
    pub(crate) units: Vec<Result<AccessUnit, Fault>>,
}

impl RungJob {
    pub(crate) fn run(self) -> RungDone {
        let Self { mut encoder, ops } = self;
        let mut units = Vec::with_capacity(ops.len());
        for op in ops {
            match op {
                RungOp::Encode { frame, force_idr } => units.extend(encoder.encode(&frame, force_idr).transpose()),
                RungOp::FrameRate(rate) => encoder.set_frame_rate(rate),
            }
        }
        RungDone { encoder, units }
    }
}
