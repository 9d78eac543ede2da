use std::time::Duration;

use clap::Parser;
use headend::{ladder::BuiltinCodecs, time::Utc};

use super::*;
use crate::{gate::Gate, options::Options, store::Store};

/// A channel that passes through and has nothing to pass: its programs wait for tracks, and all else is as ever.
struct Rig {
    channel: Channel,
    director: Director,
    endpoint: Arc<Endpoint>,
    now: Now,
}

const EVERYTHING: Windows = Windows { window: None, rewind: None };

impl Rig {
    fn new(flags: &[&str]) -> Self {
        let options = Options::parse_from([&["live", "--encoding", "none"], flags].concat());
        let now = Now::new(Duration::from_secs(100), Utc::from_unix_secs(1_795_176_000));
        let mut channel = Channel::new(options.channel(now.utc).unwrap(), Arc::new(BuiltinCodecs::new())).unwrap();
        let gate = Gate::open(&options.viewers).unwrap();
        let endpoint = Arc::new(Endpoint::new(gate, Store::open(&options.place()).unwrap()));
        let program = (options.rewind_window(), !options.no_program);
        let director =
            Director::new(&mut channel, Arc::clone(&endpoint), program, Publishing::default(), Vec::new(), now);
        let mut rig = Self { channel, director, endpoint, now };
        rig.command(Command::Start).unwrap();
        rig
    }

    fn command(&mut self, command: Command) -> Result<(), CommandError> {
        let done = self.director.command(&mut self.channel, command, self.now);
        self.settle();
        done
    }

    fn program(&mut self, command: ProgramCommand) -> Result<ProgramId, Refused> {
        let done = self.director.command_program(&mut self.channel, command, self.now);
        self.settle();
        done
    }

    fn act(&mut self, id: ProgramId, act: Act) -> Result<ProgramId, Refused> {
        self.program(ProgramCommand::Act(id, act))
    }

    fn settle(&mut self) {
        while self.channel.poll_output().is_some() || self.director.step(&mut self.channel, self.now) {}
    }

    /// Long enough for programs that are being stopped.
    fn pass(&mut self) {
        self.now = Now::new(self.now.monotonic + Duration::from_secs(30), self.now.utc);
        self.channel.handle_timeout(self.now);
        self.settle();
    }

    fn programs(&self) -> Vec<(u64, ProgramState)> {
        self.channel.programs().map(|(id, _, state)| (id.0, state)).collect()
    }

    fn locator(&self, id: ProgramId) -> String {
        self.director.program(id).unwrap().published.locator.clone()
    }
}

#[test]
fn a_channel_starts_a_program_unless_it_is_told_not_to() {
    let rig = Rig::new(&[]);
    assert_eq!(rig.programs(), [(1, ProgramState::Starting)]);
    assert_eq!(rig.director.published(&rig.channel).unwrap().locator, rig.locator(ProgramId(1)));
    let rig = Rig::new(&["--no-program"]);
    assert_eq!((rig.channel.state(), rig.programs()), (ChannelState::Running, vec![]));
    assert_eq!(rig.director.published(&rig.channel), None);
}

#[test]
fn a_program_that_the_operator_stops_is_not_begun_again() {
    let mut rig = Rig::new(&[]);
    rig.act(ProgramId(1), Act::Stop).unwrap();
    rig.pass();
    assert_eq!(rig.programs(), [(1, ProgramState::Stopped)]);
    assert!(rig.director.program(ProgramId(1)).unwrap().stopped.is_some());
    let second = rig.program(ProgramCommand::Create { windows: EVERYTHING, starts: true }).unwrap();
    assert_eq!(rig.director.published(&rig.channel).unwrap().locator, rig.locator(second), "what runs is on air");
    rig.act(ProgramId(1), Act::Delete).unwrap();
    assert_eq!(rig.director.take_outdated().len(), 1);
    assert_eq!(rig.programs(), [(2, ProgramState::Starting)]);
}

#[test]
fn every_program_stops_before_the_channel_does_and_none_starts_meanwhile() {
    let mut rig = Rig::new(&[]);
    let create = |starts| ProgramCommand::Create { windows: EVERYTHING, starts };
    rig.program(create(true)).unwrap();
    let waiting = rig.program(create(false)).unwrap();
    rig.command(Command::Stop).unwrap();
    assert_eq!(rig.channel.state(), ChannelState::Running);
    let refused = rig.act(waiting, Act::Start).unwrap_err();
    assert!(matches!(refused, Refused::Command(CommandError::State { .. })), "{refused}");
    assert!(rig.program(create(true)).is_err());
    rig.pass();
    assert_eq!(rig.channel.state(), ChannelState::Stopped);
    let stopped = |id| (id, ProgramState::Stopped);
    assert_eq!(rig.programs(), [stopped(1), stopped(2), stopped(3)]);
    // A new event, a new program; the channel's own of before is given back, the operator's is not.
    rig.command(Command::Start).unwrap();
    assert_eq!(rig.programs(), [stopped(2), stopped(3), (4, ProgramState::Starting)]);
    assert_eq!(rig.director.take_outdated().len(), 1);
}

#[test]
fn a_locator_is_taken_away_and_given_back_a18() {
    let mut rig = Rig::new(&[]);
    let (id, locator) = (ProgramId(1), rig.locator(ProgramId(1)));
    let is_published = |rig: &Rig| rig.endpoint.is_published(&locator);
    assert!(is_published(&rig));
    for _ in 0..2 {
        rig.act(id, Act::Unpublish).unwrap();
        assert!(!is_published(&rig));
    }
    for _ in 0..2 {
        rig.act(id, Act::Publish).unwrap();
        assert!(is_published(&rig));
    }
    let none = rig.act(ProgramId(9), Act::Publish).unwrap_err();
    assert_eq!(none, Refused::Command(CommandError::NoProgram(ProgramId(9))));
}
