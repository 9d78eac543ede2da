//! One PID of the program: continuity, PES packets, and the reader of its codec.

use super::{
    audio::Audio,
    out::{Out, Stamp},
    video::Video,
};
use crate::{
    error::Fault,
    media::{Language, TrackId},
    wire::ts::{Arrival, Continuity, Packet, PesReader, Stream, StreamType},
};

/// One elementary stream of the program.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) stream: Stream,
    pub(super) track: TrackId,
    continuity: Continuity,
    pes: PesReader,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Video(Box<Video>),
    Audio(Box<Audio>),
    /// Only its clock is read.
    Nothing,
}

impl Reader {
    pub(super) fn new(stream: Stream, track: TrackId) -> Self {
        let body = Body::new(&stream, track);
        Self { stream, track, continuity: Continuity::default(), pes: PesReader::new(), body }
    }

    /// The next packet on its PID.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, out: &mut Out) {
        if matches!(self.body, Body::Nothing) {
            return;
        }
        match self.continuity.check(packet) {
            Arrival::Duplicate => return,
            Arrival::Next => {}
            Arrival::Jump => self.gap(out),
            Arrival::Lost(lost) => {
                out.fault(Fault::Loss { lost: lost.into(), stream: Some(self.stream.pid.into()) });
                self.gap(out);
            }
        }
        let Some(payload) = packet.payload else { return };
        if packet.is_scrambled {
            return out.ignore("scrambled");
        }
        let step = match self.pes.push(payload, packet.is_start) {
            Ok(step) => step,
            Err(kind) => return out.unreadable(kind, self.stream.pid),
        };
        if let Some(header) = step.header {
            if header.is_scrambled {
                self.pes = PesReader::new();
                return out.ignore("scrambled");
            }
            let stamp = header
                .dts
                .zip(header.pts)
                .map(|(dts, pts)| Stamp { dts: out.clock.advance_to(dts), pts: out.clock.place(pts) });
            match &mut self.body {
                Body::Video(video) => video.start(stamp),
                Body::Audio(audio) => audio.start(stamp.map(|stamp| stamp.pts)),
                Body::Nothing => {}
            }
        }
        match &mut self.body {
            Body::Video(video) => {
                video.push(step.data, out);
                if step.is_end {
                    video.end(out);
                }
            }
            Body::Audio(audio) => audio.push(step.data, out),
            Body::Nothing => {}
        }
    }

    /// The packet that came last may be broken.
    pub(super) fn damage(&mut self, out: &mut Out) {
        match &mut self.body {
            Body::Video(video) => video.damage(out),
            Body::Audio(audio) => audio.gap(out),
            Body::Nothing => {}
        }
    }

    /// The source changed: its counter may jump.
    pub(super) const fn forgive(&mut self) {
        self.continuity.forgive();
    }

    /// The stream ends here, or goes on elsewhere.
    pub(super) fn finish(&mut self, out: &mut Out) {
        match &mut self.body {
            Body::Video(video) => video.finish(out),
            Body::Audio(audio) => audio.finish(out),
            Body::Nothing => {}
        }
    }

    fn gap(&mut self, out: &mut Out) {
        match &mut self.body {
            Body::Video(video) => video.gap(self.pes.is_whole(), out),
            Body::Audio(audio) => audio.gap(out),
            Body::Nothing => {}
        }
        self.pes.gap();
    }
}

impl Body {
    fn new(stream: &Stream, track: TrackId) -> Self {
        let language = stream.language.unwrap_or(Language::UND);
        match stream.stream_type {
            StreamType::H264 => Self::Video(Box::new(Video::new(stream.pid, track, language))),
            StreamType::AAC_ADTS => Self::Audio(Box::new(Audio::new(track, language))),
            _ => Self::Nothing,
        }
    }
}
