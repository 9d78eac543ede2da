//! One PID of the program: continuity, PES packets or sections, and the reader of its coding.

use super::{
    audio::Audio,
    cues::Cues,
    elementary::{Elementary, Identity},
    frames::{Ac3, Adts, Latm, Mpa},
    h264::H264,
    layout::Coding,
    mpeg2::Mpeg2,
    out::Out,
    pictures::Pictures,
};
use crate::{
    error::Fault,
    wire::ts::{Arrival, Continuity, Packet, PesReader, Stream},
};

/// One stream of the program.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) stream: Stream,
    pub(super) coding: Coding,
    pub(super) identity: Identity,
    continuity: Continuity,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Pes(Box<PesReader>, Box<dyn Elementary>),
    Cues(Cues),
    /// Only its clock is read.
    Nothing,
}

impl Reader {
    pub(super) fn new(stream: Stream, coding: Coding, identity: Identity) -> Self {
        Self { stream, coding, identity, continuity: Continuity::default(), body: Body::new(coding, identity) }
    }

    /// The next packet on its PID.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, out: &mut Out) {
        let (pes, elementary) = match &mut self.body {
            Body::Pes(pes, elementary) => (pes, elementary),
            Body::Cues(cues) => return cues.packet(packet, &mut self.continuity, out),
            Body::Nothing => return,
        };
        match self.continuity.check(packet) {
            Arrival::Duplicate => return,
            Arrival::Next => {}
            jump => {
                if let Arrival::Lost(lost) = jump {
                    out.fault(Fault::Loss { lost: lost.into(), stream: Some(self.stream.pid.into()) });
                }
                elementary.gap(pes.is_whole(), out);
                pes.gap();
            }
        }
        let Some(payload) = packet.payload else { return };
        if packet.is_scrambled {
            // What it carries is missing as if the packet were.
            elementary.gap(pes.is_whole(), out);
            pes.gap();
            return out.ignore("scrambled");
        }
        if packet.is_start && pes.is_cut() {
            elementary.gap(false, out);
        }
        let was_whole = pes.is_whole();
        let step = match pes.push(payload, packet.is_start) {
            Ok(step) => step,
            Err(kind) => {
                elementary.gap(was_whole, out);
                return out.unreadable(kind, self.stream.pid);
            }
        };
        if let Some(header) = step.header {
            if header.is_scrambled {
                elementary.gap(was_whole, out);
                **pes = PesReader::new();
                return out.ignore("scrambled");
            }
            let times = header.pts.zip(header.dts);
            elementary.start(times.map(|(pts, dts)| out.stamp(pts, dts, elementary.is_video())));
        }
        elementary.push(step.data, out);
        if step.is_end {
            elementary.end(out);
        }
    }

    /// The program map says other things of the stream now.
    pub(super) fn identify(&mut self, stream: Stream, identity: Identity, out: &mut Out) {
        self.stream = stream;
        if self.identity != identity {
            self.identity = identity;
            if let Body::Pes(_, elementary) = &mut self.body {
                elementary.identify(identity, out);
            }
        }
    }

    /// The packet that came last may be broken.
    pub(super) fn damage(&mut self, out: &mut Out) {
        match &mut self.body {
            Body::Pes(_, elementary) => elementary.damage(out),
            Body::Cues(cues) => cues.reset(),
            Body::Nothing => {}
        }
    }

    /// The source changed: its counter may jump.
    pub(super) const fn forgive(&mut self) {
        self.continuity.forgive();
    }

    /// So much was lost that its counter may have gone round.
    pub(super) const fn doubt(&mut self) {
        self.continuity.doubt();
    }

    /// The stream ends here, or goes on elsewhere.
    pub(super) fn finish(&mut self, out: &mut Out) {
        if let Body::Pes(pes, elementary) = &mut self.body {
            if pes.is_cut() {
                elementary.damage(out);
            }
            elementary.finish(out);
        }
    }
}

impl Body {
    fn new(coding: Coding, identity: Identity) -> Self {
        let elementary: Box<dyn Elementary> = match coding {
            Coding::H264 => Box::new(Pictures::<H264>::new(identity)),
            Coding::Mpeg2 => Box::new(Pictures::<Mpeg2>::new(identity)),
            Coding::Adts => Box::new(Audio::<Adts>::new(identity)),
            Coding::Latm => Box::new(Audio::<Latm>::new(identity)),
            Coding::Ac3 => Box::new(Audio::<Ac3>::new(identity)),
            Coding::Mpa => Box::new(Audio::<Mpa>::new(identity)),
            Coding::Cues { is_sure } => return Self::Cues(Cues::new(identity.pid, is_sure)),
            Coding::Clock => return Self::Nothing,
        };
        Self::Pes(Box::new(PesReader::new()), elementary)
    }
}
