//! Programs: windows over a channel that are created, started, stopped and deleted (A17).

use std::time::Duration;

use headend::{
    archive::{AssetName, TimelineChange},
    channel::{Channel, CommandError, Operation, ProgramConfig, ProgramId, ProgramState},
    time::MediaDuration,
};

use crate::{
    rig::{Rig, small_config, toy_codecs::ToyCodecs},
    timeline::assert_seamless,
};

fn rig() -> Rig {
    let mut rig = Rig::new(small_config(), std::sync::Arc::new(ToyCodecs::default()));
    rig.start();
    rig
}

fn program(asset: &str) -> ProgramConfig {
    ProgramConfig::new(AssetName::new(asset).unwrap())
}

fn stop(rig: &mut Rig, id: ProgramId) {
    rig.channel.stop_program(id).unwrap();
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.channel.program_state(id), Some(ProgramState::Stopped));
}

fn changes(rig: &Rig, asset: &str) -> Vec<TimelineChange> {
    let of = rig.updates.iter().filter(|update| update.asset.as_str() == asset);
    of.map(|update| update.change.clone()).collect()
}

#[test]
fn the_life_of_a_program_a17_12() {
    let mut rig = rig();
    let channel = &mut rig.channel;
    let id = channel.create_program(program("a")).unwrap();
    assert_eq!(channel.program_state(id), Some(ProgramState::Stopped));
    let state = ProgramState::Stopped;
    assert_eq!(channel.stop_program(id), Err(CommandError::ProgramState { id, state }), "stop before start");
    let window = Some(MediaDuration::from_secs(600));
    channel.update_program(id, ProgramConfig { window, ..program("b") }).unwrap();
    channel.start_program(id).unwrap();
    assert_eq!(channel.program_state(id), Some(ProgramState::Running));
    let refused = CommandError::ProgramState { id, state: ProgramState::Running };
    assert_eq!(channel.start_program(id), Err(refused.clone()));
    assert_eq!(channel.update_program(id, program("c")), Err(refused.clone()));
    assert_eq!(channel.delete_program(id), Err(refused));
    rig.pass(Duration::from_millis(3300));
    rig.channel.stop_program(id).unwrap();
    assert_eq!(rig.channel.program_state(id), Some(ProgramState::Stopping));
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.channel.program_state(id), Some(ProgramState::Stopped));
    let changes = changes(&rig, "b");
    assert!(matches!(changes[0], TimelineChange::Opened { window: Some(_), .. }));
    assert!(matches!(changes.last().unwrap(), TimelineChange::Ended));
    // A17.7: what was on air once does not come back.
    assert_eq!(rig.channel.start_program(id), Err(CommandError::ProgramUsed(id)));
    assert_eq!(rig.channel.update_program(id, program("d")), Err(CommandError::ProgramUsed(id)));
    let taken = AssetName::new("b").unwrap();
    assert_eq!(rig.channel.create_program(program("b")), Err(CommandError::AssetInUse(taken)));
    rig.channel.delete_program(id).unwrap();
    assert_eq!(rig.channel.delete_program(id), Err(CommandError::NoProgram(id)));
    assert_eq!(rig.channel.start_program(id), Err(CommandError::NoProgram(id)));
    assert_seamless(&rig);
}

#[test]
fn three_run_and_fifty_are_kept_a17_5_a25_2() {
    let mut rig = rig();
    let all: Vec<ProgramId> = (0..50).map(|n| rig.channel.create_program(program(&format!("p{n}"))).unwrap()).collect();
    assert_eq!(rig.channel.create_program(program("more")), Err(CommandError::TooManyStoppedPrograms(50)));
    for id in &all[..3] {
        rig.channel.start_program(*id).unwrap();
    }
    assert_eq!(rig.channel.start_program(all[3]), Err(CommandError::TooManyPrograms(Channel::MAX_PROGRAMS)));
    assert_eq!(rig.channel.program_state(all[3]), Some(ProgramState::Stopped), "a refusal changes nothing");
    let more = rig.channel.create_program(program("more")).unwrap();
    let refused = rig.channel.run_program(program("none")).unwrap_err();
    assert_eq!(refused.code(), "PROGRAM_QUOTA");
    assert_eq!(rig.channel.programs().count(), 51, "what cannot run is not kept");
    rig.pass(Duration::from_secs(5));
    stop(&mut rig, all[1]);
    rig.channel.start_program(more).unwrap();
    let running: Vec<ProgramId> = rig.channel.running_programs().map(|(id, _)| id).collect();
    assert_eq!(running, [all[0], all[2], more]);
    let refused = rig.channel.stop(rig.now).unwrap_err();
    assert_eq!(refused, CommandError::ProgramsRunning { operation: Operation::Stop, running: 3 });
}

/// A17.14 and A17.2: what a program may be asked to keep and to show.
#[test]
fn windows_out_of_range_are_refused() {
    let mut rig = rig();
    let secs = |secs| Some(MediaDuration::from_secs(secs));
    let code = |rig: &mut Rig, window, rewind| {
        let config = ProgramConfig { window, rewind, ..program("a") };
        rig.channel.create_program(config).map_err(|error| error.code()).err()
    };
    for (window, rewind, expected) in [
        (secs(299), None, "PROGRAM_WINDOW"),
        (secs(25 * 3600 + 1), None, "PROGRAM_WINDOW"),
        (secs(300), secs(59), "PROGRAM_REWIND_WINDOW"),
        (secs(300), secs(301), "PROGRAM_REWIND_WINDOW"),
        (None, secs(25 * 3600 + 1), "PROGRAM_REWIND_WINDOW"),
    ] {
        assert_eq!(code(&mut rig, window, rewind), Some(expected), "{window:?} {rewind:?}");
    }
    assert_eq!(code(&mut rig, secs(25 * 3600), secs(60)), None);
}

/// FAULTS row 62: programs start and stop where they are told to, inside of segments and of each other, and each sees whole
/// segments from its first frame to its last.
#[test]
fn programs_that_overlap_are_cut_where_each_of_them_starts_and_stops() {
    let mut rig = rig();
    let outer = rig.channel.run_program(program("outer")).unwrap();
    rig.pass(Duration::from_millis(2700));
    let inner = rig.channel.run_program(program("inner")).unwrap();
    rig.pass(Duration::from_millis(3100));
    stop(&mut rig, inner);
    rig.pass(Duration::from_millis(2300));
    stop(&mut rig, outer);
    let segments = |asset: &str| {
        let all = changes(&rig, asset).into_iter();
        let added =
            all.filter_map(|change| if let TimelineChange::Added(segment) = change { Some(segment) } else { None });
        added.collect::<Vec<_>>()
    };
    let (whole, part) = (segments("outer"), segments("inner"));
    let at = |span: MediaDuration| span.flicks();
    let since = |end: headend::time::MediaTime, start: headend::time::MediaTime| at(end.since(start));
    let frame = MediaDuration::from_millis(34);
    let near = |found: i64, millis: i64| (found - at(MediaDuration::from_millis(millis))).abs() <= at(frame);
    let (start, end) = (part[0].start, part.last().unwrap().end());
    assert!(near(since(start, whole[0].start), 2700), "{:?}", start.since(whole[0].start));
    assert!(near(since(end, start), 3100), "{:?}", end.since(start));
    // The same segments, stored under each name; the outer one is cut there, too.
    let shared: Vec<_> = whole.iter().filter(|one| one.start >= start && one.end() <= end).cloned().collect();
    assert_eq!(shared.len(), part.len());
    for (one, other) in shared.iter().zip(&part) {
        assert_eq!((one.start, one.duration, &one.spans), (other.start, other.duration, &other.spans));
    }
    for pair in whole.windows(2) {
        assert_eq!((pair[0].end(), pair[1].is_discontinuous), (pair[1].start, false));
    }
}
