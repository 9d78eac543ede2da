//! A channel's whole life: the state matrix as it is met, failing starts, the meter and the idle shut-off (A2, A3, A4).

use std::{sync::Arc, time::Duration};

use headend::{
    archive::{AssetName, TimelineChange},
    channel::{
        ChannelState, CommandError, Event, MeterEnd, Operation, OperationState, PortalState, ProgramConfig,
        ProgramState,
    },
    media::FrameRate,
    splice::OnAir,
    time::{MediaDuration, MediaTime},
};

use crate::{
    rig::{Rig, feed::Encoder, small_config, toy_codecs::ToyCodecs},
    timeline::assert_seamless,
};

fn stopped() -> Rig {
    Rig::new(small_config(), ToyCodecs::shared())
}

fn program(asset: &str) -> ProgramConfig {
    ProgramConfig::new(AssetName::new(asset).unwrap())
}

#[test]
fn a_stopped_channel_refuses_what_needs_a_running_one_a2_15() {
    let mut rig = stopped();
    let state = ChannelState::Stopped;
    let refused = |operation| CommandError::State { operation, state };
    assert_eq!(rig.channel.stop(rig.now), Err(refused(Operation::Stop)));
    assert_eq!(rig.channel.reset(rig.now), Err(refused(Operation::Reset)));
    assert_eq!(rig.channel.show_slate(None, None), Err(refused(Operation::ShowSlate)));
    assert_eq!(rig.channel.hide_slate(), Err(refused(Operation::HideSlate)));
    assert_eq!(rig.channel.run_program(program("a")), Err(refused(Operation::StartProgram)));
    assert!(rig.channel.poll_output().is_none(), "a refusal changes nothing");
}

#[test]
fn a_running_channel_refuses_what_needs_a_stopped_one_and_counts_its_programs_a2_6() {
    let mut rig = stopped();
    rig.start();
    let state = ChannelState::Running;
    let config = rig.channel.config().clone();
    assert_eq!(rig.channel.portal_state(), PortalState::Ready);
    assert_eq!(rig.channel.start(rig.now), Err(CommandError::State { operation: Operation::Start, state }));
    assert_eq!(rig.channel.update(config), Err(CommandError::State { operation: Operation::Update, state }));
    assert_eq!(rig.channel.delete(rig.now), Err(CommandError::State { operation: Operation::Delete, state }));
    let id = rig.start_program("asset");
    assert_eq!(rig.channel.portal_state(), PortalState::Streaming);
    let operation = Operation::Stop;
    assert_eq!(rig.channel.stop(rig.now), Err(CommandError::ProgramsRunning { operation, running: 1 }));
    rig.pass(Duration::from_millis(3300));
    let stop = rig.channel.stop_program(id).unwrap();
    let refused = CommandError::ProgramState { id, state: ProgramState::Stopping };
    assert_eq!(rig.channel.stop_program(id), Err(refused));
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.channel.operation(stop), Some(&OperationState::Succeeded));
    // The open segment was closed where the program stopped, and stored.
    let end = rig.segments().last().unwrap().end();
    assert!(end.since(rig.segments()[0].start) >= MediaDuration::from_millis(3300));
    assert!(matches!(rig.updates.last().unwrap().change, TimelineChange::Ended));
    assert_seamless(&rig);
    let stop = rig.channel.stop(rig.now).unwrap();
    rig.drain();
    assert_eq!(rig.channel.operation(stop), Some(&OperationState::Succeeded));
    assert_eq!(rig.channel.state(), ChannelState::Stopped);
    rig.channel.delete(rig.now).unwrap();
    assert_eq!(rig.channel.state(), ChannelState::Deleting);
    assert!(rig.channel.start(rig.now).is_err(), "A2.3");
}

#[test]
fn starting_and_stopping_take_nothing_a2_3() {
    let mut rig = stopped();
    rig.channel.start(rig.now).unwrap();
    assert_eq!(rig.channel.state(), ChannelState::Starting);
    assert_takes_nothing(&mut rig);
    assert!(rig.channel.meter().spans().next().is_none(), "A3.1: Starting is not billed");
    rig.drain();
    // Work that is out when the stop comes keeps the channel Stopping until it is back.
    rig.advance_to(rig.now.monotonic + Duration::from_secs(1));
    rig.channel.handle_timeout(rig.now);
    let stop = rig.channel.stop(rig.now).unwrap();
    assert_eq!(rig.channel.state(), ChannelState::Stopping);
    assert_takes_nothing(&mut rig);
    let billed = rig.channel.meter().total(rig.now);
    rig.advance_to(rig.now.monotonic + Duration::from_secs(60));
    assert_eq!(rig.channel.meter().total(rig.now), billed, "A3.1: Stopping is not billed");
    rig.drain();
    assert_eq!(rig.channel.state(), ChannelState::Stopped);
    assert_eq!(rig.channel.operation(stop), Some(&OperationState::Succeeded));
}

fn assert_takes_nothing(rig: &mut Rig) {
    let config = rig.channel.config().clone();
    for refused in [
        rig.channel.start(rig.now).err(),
        rig.channel.stop(rig.now).err(),
        rig.channel.reset(rig.now).err(),
        rig.channel.update(config).err(),
        rig.channel.delete(rig.now).err(),
        rig.channel.show_slate(None, None).err(),
        rig.channel.run_program(program("a")).err(),
    ] {
        assert_eq!(refused.unwrap().code(), "CHANNEL_STATE");
    }
}

#[test]
fn a_start_that_fails_goes_back_to_stopped_and_says_why_a2_4() {
    let codecs = ToyCodecs { refuse_rung: Some(1_000), ..ToyCodecs::default() };
    let mut rig = Rig::new(small_config(), Arc::new(codecs));
    let id = rig.channel.start(rig.now).unwrap();
    rig.drain();
    assert_eq!(rig.channel.state(), ChannelState::Stopped);
    let Some(OperationState::Failed { code, message }) = rig.channel.operation(id) else { panic!("not failed") };
    assert_eq!(*code, "CODEC_REFUSED");
    assert!(message.contains("no encoder"), "{message}");
    assert_eq!(rig.channel.meter().total(rig.now), Duration::ZERO);
}

#[test]
fn an_idle_channel_stops_after_twelve_hours_and_bills_them_a4_1_a4_3() {
    let mut rig = stopped();
    rig.start();
    rig.pass(Duration::from_secs(12 * 3600 - 1));
    assert_eq!(rig.channel.state(), ChannelState::Running);
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.channel.state(), ChannelState::Stopped);
    assert_eq!(rig.channel.meter().total(rig.now), Duration::from_secs(12 * 3600));
    let span = rig.channel.meter().spans().next().unwrap();
    assert_eq!(span.ended_by, Some(MeterEnd::IdleShutoff));
}

#[test]
fn a_channel_may_be_told_never_to_shut_off_a4_1() {
    let mut config = small_config();
    (config.idle_shutoff, config.standby_after) = (Duration::MAX, Duration::MAX);
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig.pass(Duration::from_secs(60));
    assert_eq!(rig.channel.state(), ChannelState::Running);
}

#[test]
fn a_program_or_a_contribution_keeps_the_channel_up() {
    let mut config = small_config();
    config.idle_shutoff = Duration::from_secs(60);
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    let id = rig.start_program("asset");
    rig.pass(Duration::from_secs(90));
    rig.channel.stop_program(id).unwrap();
    rig.pass(Duration::from_secs(1));
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(70));
    assert_eq!(rig.channel.state(), ChannelState::Running);
    rig.close(encoder.id());
    rig.pass(Duration::from_secs(61));
    assert_eq!(rig.channel.state(), ChannelState::Stopped);
}

#[test]
fn a_reset_cuts_the_contribution_off_and_begins_anew_a2_8() {
    let mut rig = stopped();
    rig.start();
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_25, 48_000);
    encoder.send(&mut rig, Duration::from_secs(3));
    let id = rig.channel.reset(rig.now).unwrap();
    rig.drain();
    assert_eq!(rig.channel.operation(id), Some(&OperationState::Succeeded));
    assert_eq!(rig.channel.state(), ChannelState::Running);
    let is_reset = |event: &Event| matches!(event, Event::Detached { reason, .. } if reason.code() == "MPI_REST_API_CHANNEL_RESET");
    assert_eq!(rig.count_events(is_reset), 1);
    rig.start_program("asset");
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(6));
    assert_seamless(&rig);
}

#[test]
fn the_slate_is_shown_and_hidden_on_demand_a15_1_a15_3() {
    let mut rig = stopped();
    rig.start();
    rig.start_program("asset");
    let mut encoder = Encoder::attach(&mut rig, MediaTime::ZERO, FrameRate::FPS_30, 48_000);
    encoder.send(&mut rig, Duration::from_secs(3));
    assert_eq!(rig.channel.hide_slate(), Err(CommandError::NoSlate));
    assert_eq!(rig.channel.show_slate(Some(Duration::ZERO), None), Err(CommandError::SlateDuration(Duration::ZERO)));
    rig.channel.show_slate(Some(Duration::from_secs(2)), None).unwrap();
    encoder.send(&mut rig, Duration::from_secs(4));
    rig.channel.show_slate(None, None).unwrap();
    encoder.send(&mut rig, Duration::from_secs(4));
    assert_eq!(rig.channel.on_air(), Some(OnAir::OperatorSlate));
    rig.channel.hide_slate().unwrap();
    encoder.send(&mut rig, Duration::from_secs(2));
    assert_eq!(rig.channel.on_air(), Some(OnAir::Live));
    let slates = rig.count_events(|event| matches!(event, Event::OnAir { source: OnAir::OperatorSlate, .. }));
    assert_eq!(slates, 2);
    assert_seamless(&rig);
}
