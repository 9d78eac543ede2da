//! What the doors and the API hold of the wheel: a way to ask it for a turn.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;
use headend::{
    access::StreamKey,
    archive::ObjectName,
    channel::{AdBreak, Channel, CommandError, IngestId, ProgramId, Session},
    ingest::{DatagramDemuxer, Demuxer, smooth::SmoothDemuxer},
    splice::SlateImage,
    time::Now,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    clock::Clock,
    director::Director,
    feeds::Feeds,
    programs::{ProgramCommand, Refused},
    publisher::Publisher,
};

/// Asks the wheel. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(crate) clock: Clock,
    pub(crate) turns: mpsc::Sender<Turn>,
    pub(crate) wants_input: watch::Receiver<bool>,
}

/// One thing for the wheel to do.
pub(crate) enum Turn {
    /// Whether a visitor would be taken in; one that would not is told of.
    Admit(Visitor, oneshot::Sender<Result<(), CommandError>>),
    Attach(Visitor, Candidate, mpsc::Sender<Bytes>, oneshot::Sender<Result<IngestId, CommandError>>),
    Bytes(IngestId, Bytes),
    /// Bytes that the door wants to know the fate of: whether the session was on still.
    Offer(IngestId, Bytes, oneshot::Sender<bool>),
    /// The peer's socket is closed; whether the session was on still.
    Closed(IngestId, oneshot::Sender<bool>),
    /// The peer has said all, as its protocol marks it; whether the session was on still.
    Finished(IngestId, oneshot::Sender<bool>),
    Command(Command, oneshot::Sender<Result<(), CommandError>>),
    /// A command about programs; the one that it is about.
    Program(ProgramCommand, oneshot::Sender<Result<ProgramId, Refused>>),
    /// The store had to give these objects up.
    Lost(Vec<ObjectName>),
    Look(Look),
    Finish,
}

/// Something to read where the channel is.
pub(crate) struct Look(pub(crate) Box<dyn FnOnce(&View<'_>) + Send>);

/// What there is to read.
pub(crate) struct View<'a> {
    pub(crate) channel: &'a Channel,
    pub(crate) director: &'a Director,
    pub(crate) feeds: &'a Feeds,
    pub(crate) now: Now,
}

/// What an operator may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Start,
    Stop,
    Reset,
    ShowSlate(Option<Duration>, Option<SlateImage>),
    HideSlate,
    StartAdBreak(AdBreak),
    EndAdBreak(u32),
}

/// Who knocks at a door, and for what.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) session: Session,
    /// The peer's address, where the door knows it.
    pub(crate) from: Option<IpAddr>,
    /// Its stream key or token, where its protocol has one.
    pub(crate) key: Option<StreamKey>,
}

/// A contribution session that wants to be taken in.
pub(crate) enum Candidate {
    /// Its publisher waits for an answer.
    Rtmp(Publisher),
    /// Its first datagram has come.
    Datagrams(Box<DatagramDemuxer>),
    /// Its header boxes have come.
    Smooth(Box<SmoothDemuxer>),
}

/// A contribution session that was taken in.
pub(crate) struct Taken {
    pub(crate) id: IngestId,
    /// What the channel wants sent to the peer; closed when the session is over.
    pub(crate) replies: mpsc::Receiver<Bytes>,
}

/// The wheel has ended, and the process is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

impl Handle {
    /// Asks whether a session would be taken in now; the refusal is for the door to tell its peer.
    pub(crate) async fn admit(&self, visitor: Visitor) -> Result<Result<(), CommandError>, Gone> {
        let (answer, answered) = oneshot::channel();
        self.turns.send(Turn::Admit(visitor, answer)).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// Has a session taken in; the refusal is for the door to tell its peer.
    pub(crate) async fn attach(
        &self,
        visitor: Visitor,
        candidate: Candidate,
    ) -> Result<Result<Taken, CommandError>, Gone> {
        let (peer, replies) = mpsc::channel(64);
        let (answer, answered) = oneshot::channel();
        self.turns.send(Turn::Attach(visitor, candidate, peer, answer)).await.map_err(|_| Gone)?;
        Ok(answered.await.map_err(|_| Gone)?.map(|id| Taken { id, replies }))
    }

    /// Hands in what a socket gave.
    pub(crate) async fn bytes(&self, id: IngestId, bytes: Bytes) -> Result<(), Gone> {
        self.turns.send(Turn::Bytes(id, bytes)).await.map_err(|_| Gone)
    }

    /// Hands in what a socket gave; `false` where the session is not on any more and the bytes are the door's.
    pub(crate) async fn offer(&self, id: IngestId, bytes: Bytes) -> Result<bool, Gone> {
        let (answer, answered) = oneshot::channel();
        self.turns.send(Turn::Offer(id, bytes, answer)).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// The peer's socket is closed; `false` where the session had ended before.
    pub(crate) async fn closed(&self, id: IngestId) -> Result<bool, Gone> {
        let (answer, answered) = oneshot::channel();
        self.turns.send(Turn::Closed(id, answer)).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// The peer has said all, as its protocol marks it; `false` where the session had ended before.
    pub(crate) async fn finished(&self, id: IngestId) -> Result<bool, Gone> {
        let (answer, answered) = oneshot::channel();
        self.turns.send(Turn::Finished(id, answer)).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    pub(crate) async fn command(&self, command: Command) -> Result<Result<(), CommandError>, Gone> {
        let (answer, answered) = oneshot::channel();
        self.turns.send(Turn::Command(command, answer)).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    pub(crate) async fn command_program(&self, command: ProgramCommand) -> Result<Result<ProgramId, Refused>, Gone> {
        let (answer, answered) = oneshot::channel();
        self.turns.send(Turn::Program(command, answer)).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// Runs `read` where the channel is.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Result<T, Gone> {
        let (answer, answered) = oneshot::channel();
        let look = Turn::Look(Look(Box::new(move |view| {
            // Whoever asked may have gone.
            let _ = answer.send(read(view));
        })));
        self.turns.send(look).await.map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }

    /// Waits while the channel has more to decode than it can.
    pub(crate) async fn wait_until_wanted(&mut self) -> Result<(), Gone> {
        self.wants_input.wait_for(|wants| *wants).await.map(drop).map_err(|_| Gone)
    }
}

impl Candidate {
    /// Whether it has something to say already: an answer to its peer, or its tracks.
    pub(crate) const fn has_reply(&self) -> bool {
        matches!(self, Self::Rtmp(_) | Self::Smooth(_))
    }

    /// Tells the publisher that it is on air, and hands its session over.
    pub(crate) fn into_demuxer(self) -> Box<dyn Demuxer> {
        match self {
            Self::Rtmp(publisher) => {
                // Nothing waits for an answer only where the peer has gone, and that comes out of the session itself.
                let _ = publisher.session().accept();
                Box::new(publisher)
            }
            Self::Datagrams(demuxer) => demuxer,
            Self::Smooth(demuxer) => demuxer,
        }
    }
}
