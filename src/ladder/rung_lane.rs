//! The lane that encodes one rung.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{
    codec::captions::{insert_av1, insert_h264},
    error::Fault,
    ladder::VideoEncoder,
    media::{AccessUnit, Frame, FrameRate, TrackFormat},
    time::MediaTime,
};

/// A rung's encoder, and the captions that wait for it to give their pictures out.
pub(crate) struct RungLane {
    encoder: Box<dyn VideoEncoder>,
    format: TrackFormat,
    captions: VecDeque<(MediaTime, Bytes)>,
}

/// One step for a rung's encoder.
pub(crate) enum RungOp {
    Encode {
        frame: Frame,
        force_idr: bool,
        /// What goes into its access unit: an ITU-T T.35 payload that all rungs share.
        captions: Option<Bytes>,
    },
    /// Pictures come at this rate from now on.
    FrameRate(FrameRate),
}

pub(crate) struct RungJob {
    pub(crate) lane: Box<RungLane>,
    pub(crate) ops: Vec<RungOp>,
}

pub(crate) struct RungDone {
    pub(crate) lane: Box<RungLane>,
    pub(crate) units: Vec<Result<AccessUnit, Fault>>,
}

impl RungLane {
    /// Captions that wait at most: more than any encoder looks ahead.
    const MOST_CAPTIONS: usize = 64;

    pub(crate) fn new(encoder: Box<dyn VideoEncoder>) -> Self {
        Self { format: encoder.format(), encoder, captions: VecDeque::new() }
    }

    fn encode(
        &mut self,
        (frame, force_idr): (&Frame, bool),
        captions: Option<Bytes>,
        units: &mut Vec<Result<AccessUnit, Fault>>,
    ) {
        self.captions.extend(captions.map(|captions| (frame.pts, captions)));
        match self.encoder.encode(frame, force_idr) {
            Ok(Some(unit)) => units.push(Ok(self.with_captions(unit))),
            Ok(None) => {}
            Err(fault) => units.push(Err(fault)),
        }
        if self.captions.len() > Self::MOST_CAPTIONS {
            self.captions.pop_front();
            let what = "a rung holds its pictures back for so long that captions are left out".into();
            units.push(Err(Fault::Output { what }));
        }
    }

    /// With what belongs to it, and to pictures before it that the encoder refused.
    fn with_captions(&mut self, mut unit: AccessUnit) -> AccessUnit {
        while let Some((_, captions)) = self.captions.pop_front_if(|(at, _)| *at <= unit.pts) {
            unit.data = match &self.format {
                TrackFormat::H264(_, config) => insert_h264(&unit.data, config.framing, &captions),
                TrackFormat::Av1(..) => insert_av1(&unit.data, &captions),
                _ => return unit,
            };
        }
        unit
    }
}

impl RungJob {
    pub(crate) fn run(self) -> RungDone {
        let Self { mut lane, ops } = self;
        let mut units = Vec::with_capacity(ops.len());
        for op in ops {
            match op {
                RungOp::Encode { frame, force_idr, captions } => lane.encode((&frame, force_idr), captions, &mut units),
                RungOp::FrameRate(rate) => lane.encoder.set_frame_rate(rate),
            }
        }
        RungDone { lane, units }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::{FramePool, H264Config, NalFraming, TrackId, VideoTrack},
        time::MediaDuration,
    };

    /// Holds one picture back, and refuses the third.
    #[derive(Default)]
    struct Late(Option<MediaTime>);

    impl VideoEncoder for Late {
        fn encode(&mut self, frame: &Frame, _: bool) -> Result<Option<AccessUnit>, Fault> {
            if frame.pts.flicks() == 3 {
                return Err(Fault::SourceChanged);
            }
            let Some(pts) = self.0.replace(frame.pts) else { return Ok(None) };
            let (track, duration, data) = (TrackId(0), MediaDuration::ZERO, Bytes::from_static(b"\0\0\0\x01\x41"));
            Ok(Some(AccessUnit { track, pts, dts: pts, duration, is_random_access: false, is_damaged: false, data }))
        }

        fn set_frame_rate(&mut self, _: FrameRate) {}

        fn format(&self) -> TrackFormat {
            let config = H264Config { framing: NalFraming::Length(4), sps: vec![], pps: vec![] };
            TrackFormat::H264(VideoTrack::new(2, 2), config)
        }
    }

    #[test]
    fn captions_go_with_their_picture_and_those_of_a_refused_one_with_the_next_row_50() {
        let (lane, pool) = (Box::new(RungLane::new(Box::new(Late::default()))), FramePool::new());
        let ops = (1..=5).map(|n| RungOp::Encode {
            frame: Frame::build(&pool, (2, 2), MediaTime::from_flicks(n), |_, _, _| {}),
            force_idr: false,
            captions: (n != 2).then(|| Bytes::from(vec![n as u8 * 16])),
        });
        let done = RungJob { lane, ops: ops.collect() }.run();
        let units: Vec<(i64, Vec<u8>)> =
            done.units.into_iter().flatten().map(|unit| (unit.pts.flicks(), unit.data.to_vec())).collect();
        let sei = |byte: u8| vec![0, 0, 0, 5, 6, 4, 1, byte, 0x80];
        let slice = vec![0, 0, 0, 1, 0x41];
        let expected =
            [(1, [sei(0x10), slice.clone()].concat()), (2, slice.clone()), (4, [sei(0x30), sei(0x40), slice].concat())];
        assert_eq!(units, expected);
        assert_eq!(done.lane.captions.len(), 1);
    }
}
