//! The task that owns the channel and turns its wheel.

use std::collections::BTreeMap;

use bytes::Bytes;
use headend::{
    access::StreamKey,
    channel::{Channel, ChannelState, CommandError, Event, IngestId, Input, Output},
    ladder::Done,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    clock::Clock,
    director::Director,
    endpoint::Filing,
    events::Note,
    feeds::Feeds,
    handle::{Candidate, Handle, Turn, View, Visitor},
    workers::Workers,
};

/// A channel and everything that it is driven by.
pub(crate) struct Wheel {
    channel: Channel,
    director: Director,
    feeds: Feeds,
    clock: Clock,
    workers: Workers,
    filings: mpsc::Sender<Filing>,
    turns: mpsc::Receiver<Turn>,
    done: mpsc::UnboundedReceiver<Done>,
    wants_input: watch::Sender<bool>,
    /// Where replies to a session's peer go; dropping one closes the socket.
    peers: BTreeMap<IngestId, mpsc::Sender<Bytes>>,
    /// What the host itself has to tell.
    notes: Vec<Note>,
    is_finishing: bool,
}

/// What a wheel needs from outside.
pub(crate) struct Parts {
    pub(crate) channel: Channel,
    pub(crate) director: Director,
    pub(crate) clock: Clock,
    pub(crate) workers: Workers,
    pub(crate) done: mpsc::UnboundedReceiver<Done>,
    pub(crate) filings: mpsc::Sender<Filing>,
}

impl Wheel {
    pub(crate) fn new(parts: Parts) -> (Self, Handle) {
        let Parts { channel, director, clock, workers, done, filings } = parts;
        let (turn_sender, turns) = mpsc::channel(256);
        let (wants_input, wants) = watch::channel(true);
        let handle = Handle { clock, turns: turn_sender, wants_input: wants };
        let wheel = Self {
            channel,
            director,
            feeds: Feeds::default(),
            clock,
            workers,
            filings,
            turns,
            done,
            wants_input,
            peers: BTreeMap::new(),
            notes: Vec::new(),
            is_finishing: false,
        };
        (wheel, handle)
    }

    /// Turns until [`Turn::Finish`] was asked for and the channel is off air with everything handed to the store.
    pub(crate) async fn run(mut self) {
        loop {
            self.settle().await;
            if self.is_finishing && self.channel.state() == ChannelState::Stopped {
                return;
            }
            let deadline = self.channel.poll_timeout().map(|deadline| self.clock.instant(deadline));
            tokio::select! {
                biased;
                Some(done) = self.done.recv() => {
                    // Only input of a session that is gone is refused.
                    let _ = self.channel.handle_input(Input::Done(done), self.clock.now());
                }
                () = sleep_until(deadline) => self.channel.handle_timeout(self.clock.now()),
                turn = self.turns.recv() => match turn {
                    Some(turn) => self.turn(turn),
                    None => return,
                },
            }
        }
    }

    fn turn(&mut self, turn: Turn) {
        let now = self.clock.now();
        match turn {
            Turn::Admit(visitor, answer) => {
                let _ = answer.send(self.admit(&visitor));
            }
            Turn::Attach(visitor, candidate, peer, answer) => {
                // The door may have gone, and then the session goes with the next bytes.
                let _ = answer.send(self.attach(visitor, candidate, peer));
            }
            Turn::Bytes(id, bytes) => {
                if self.channel.handle_input(Input::Bytes(id, bytes), now).is_err() {
                    self.peers.remove(&id);
                }
            }
            Turn::Offer(id, bytes, answer) => {
                let is_taken = self.channel.handle_input(Input::Bytes(id, bytes), now).is_ok();
                if !is_taken {
                    self.peers.remove(&id);
                }
                // The door may have gone.
                let _ = answer.send(is_taken);
            }
            Turn::Closed(id, answer) => self.end(Input::Closed(id), id, answer),
            Turn::Finished(id, answer) => self.end(Input::Finished(id), id, answer),
            Turn::Command(command, answer) => {
                let _ = answer.send(self.director.command(&mut self.channel, command, now));
            }
            Turn::Program(command, answer) => {
                let _ = answer.send(self.director.command_program(&mut self.channel, command, now));
            }
            Turn::Lost(names) => {
                let count = self.channel.lose_objects(&names);
                if count > 0 {
                    eprintln!("live: {count} fragments could not be written and are lost; players are told of a gap");
                }
            }
            Turn::Look(look) => {
                let Self { channel, director, feeds, .. } = self;
                (look.0)(&View { channel, director, feeds, now });
            }
            Turn::Finish => {
                self.is_finishing = true;
                self.director.finish();
            }
        }
    }

    fn end(&mut self, end: Input, id: IngestId, answer: oneshot::Sender<bool>) {
        self.peers.remove(&id);
        // It may have been detached before its socket was closed, and the door may have gone.
        let _ = answer.send(self.channel.handle_input(end, self.clock.now()).is_ok());
    }

    fn admit(&mut self, visitor: &Visitor) -> Result<(), CommandError> {
        let now = self.clock.now();
        let Visitor { session, from, key } = visitor;
        let admitted = self.channel.admit(*from, key.as_ref().map(StreamKey::expose), session, now);
        admitted.inspect_err(|why| self.channel.reject(*from, session.protocol, why, now))
    }

    fn attach(
        &mut self,
        visitor: Visitor,
        candidate: Candidate,
        peer: mpsc::Sender<Bytes>,
    ) -> Result<IngestId, CommandError> {
        self.admit(&visitor)?;
        let now = self.clock.now();
        let Visitor { session, from, .. } = visitor;
        let has_reply = candidate.has_reply();
        let id = self.channel.attach_as(session, candidate.into_demuxer(), now)?;
        self.feeds.came_from(id, from);
        self.peers.insert(id, peer);
        if has_reply {
            // Nothing new: it only brings out what the session has to say already.
            let _ = self.channel.handle_input(Input::Bytes(id, Bytes::new()), now);
        }
        Ok(id)
    }

    /// Does everything that the channel asks for, and takes the operator's next steps, until nothing is left to do.
    async fn settle(&mut self) {
        loop {
            while let Some(output) = self.channel.poll_output() {
                self.execute(output).await;
            }
            if !self.director.step(&mut self.channel, self.clock.now()) {
                break;
            }
        }
        for note in std::mem::take(&mut self.notes) {
            self.file(Filing::Note(note, self.clock.now())).await;
        }
        for outdated in self.director.take_outdated() {
            self.file(Filing::Forget(outdated)).await;
        }
        let wants = self.channel.wants_input();
        self.wants_input.send_if_modified(|wanted| std::mem::replace(wanted, wants) != wants);
    }

    async fn execute(&mut self, output: Output) {
        match output {
            Output::Work(work) => self.workers.push(work),
            Output::Grow(growth) => self.file(Filing::Grow(growth)).await,
            Output::Store(object) => self.file(Filing::Store(object)).await,
            Output::Append(append) => self.file(Filing::Append(append)).await,
            Output::Timeline(update) => self.file(Filing::Timeline(update)).await,
            Output::Discard(name) => self.file(Filing::Discard(name)).await,
            Output::Event(event) => {
                self.notes.extend(self.feeds.see(&event, self.clock.now()));
                let is_regular =
                    matches!(event, Event::Heartbeat { .. } | Event::ArchiveHeartbeat { .. } | Event::Thumbnail { .. });
                if !is_regular {
                    self.file(Filing::Event(event, self.clock.now())).await;
                }
            }
            Output::Reply(id, bytes) => {
                // A peer that reads none of 64 replies is gone, or not worth waiting for.
                if self.peers.get(&id).is_some_and(|peer| peer.try_send(bytes).is_err()) {
                    self.peers.remove(&id);
                }
            }
            Output::Close(id) => drop(self.peers.remove(&id)),
        }
    }

    async fn file(&mut self, filing: Filing) {
        // The task that files ends after this one: it always takes what comes.
        let _ = self.filings.send(filing).await;
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
