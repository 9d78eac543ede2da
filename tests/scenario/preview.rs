//! The preview (A11.1): there whenever the channel is on air, whether or not a program runs.

use std::{sync::Arc, time::Duration};

use headend::{
    archive::{AssetName, Segment, TimelineChange},
    channel::{ChannelConfig, ChannelState, CommandError, Event, PortalState, ProgramConfig},
    origin::{Origin, OriginConfig, Reply, Request},
    time::MediaDuration,
};

use crate::{
    rig::{Rig, small_config, toy_codecs::ToyCodecs},
    timeline::assert_seamless,
};

/// Fragments and set-ups of one rung that may be stored at a time: a window of 60 s, 60 s and a segment of transport streams (6 s) more for
/// players that hold a playlist, and the newest segment of 2 s.
const MOST: usize = 64 + 1;

fn config() -> ChannelConfig {
    ChannelConfig { preview_window: Some(MediaDuration::from_secs(60)), ..small_config() }
}

fn rig() -> Rig {
    let mut rig = Rig::new(config(), Arc::new(ToyCodecs::default()));
    rig.start();
    rig
}

pub fn preview(rig: &Rig) -> AssetName {
    rig.channel.preview().unwrap().clone()
}

fn changes<'a>(rig: &'a Rig, asset: &AssetName) -> impl Iterator<Item = &'a TimelineChange> {
    let asset = asset.clone();
    rig.updates.iter().filter(move |update| update.asset == asset).map(|update| &update.change)
}

pub fn segments(rig: &Rig, asset: &AssetName) -> Vec<Segment> {
    let added = |change: &TimelineChange| match change {
        TimelineChange::Added(segment) => Some(segment.clone()),
        _ => None,
    };
    changes(rig, asset).filter_map(added).collect()
}

pub fn is_ended(rig: &Rig, asset: &AssetName) -> bool {
    changes(rig, asset).any(|change| matches!(change, TimelineChange::Ended))
}

fn media(rig: &Rig, asset: &AssetName, rung: &str) -> usize {
    let folder = format!("{asset}/{rung}/");
    rig.store.keys().filter(|name| name.starts_with(&folder)).count()
}

pub fn assert_gapless(segments: &[Segment]) {
    let follows = |pair: &[Segment]| pair[0].end() == pair[1].start && pair[0].sequence + 1 == pair[1].sequence;
    assert!(segments.windows(2).all(follows), "{segments:?}");
}

/// What an origin that follows the rig answers.
fn answer(rig: &Rig, asset: &AssetName, form: &str) -> Reply {
    let mut origin = Origin::new(OriginConfig::default());
    rig.updates.iter().for_each(|update| origin.apply(update).unwrap());
    origin.publish("look", asset, "one").unwrap();
    origin.handle(&Request::get(&format!("/look/one.ism/{form}")), rig.now)
}

fn manifest(rig: &Rig, asset: &AssetName, form: &str) -> String {
    let Reply::Response(response) = answer(rig, asset, form) else { panic!("no manifest") };
    assert_eq!(response.status, 200, "{form}");
    String::from_utf8(response.body.parts().concat()).unwrap()
}

#[test]
fn it_is_there_before_any_program_in_smooth_and_in_hls_a11_1_a11_2() {
    let mut rig = rig();
    let asset = preview(&rig);
    assert!(matches!(answer(&rig, &asset, "Manifest"), Reply::Wait(_)), "before the first segment a manifest waits");
    rig.pass(Duration::from_secs(30));
    assert!(rig.channel.programs().next().is_none());
    assert_eq!(rig.channel.portal_state(), PortalState::Ready, "a preview is no program");
    assert_gapless(&segments(&rig, &asset));
    assert!(segments(&rig, &asset).len() >= 13);
    let smooth = manifest(&rig, &asset, "Manifest");
    // Two rungs, their sound, and the track of breaks.
    assert!(smooth.contains(r#"IsLive="TRUE""#) && smooth.matches("<QualityLevel ").count() == 4, "{smooth}");
    let hls = manifest(&rig, &asset, "Manifest(format=m3u8-cmaf).m3u8");
    assert_eq!(hls.matches("#EXT-X-STREAM-INF").count(), 2, "{hls}");
    let started = |event: &Event| *event == Event::PreviewStarted { asset: asset.clone() };
    assert_eq!(rig.count_events(started), 1);
}

#[test]
fn without_a_window_there_is_none() {
    let mut rig = Rig::new(small_config(), Arc::new(ToyCodecs::default()));
    rig.start();
    rig.pass(Duration::from_secs(10));
    assert!(rig.channel.preview().is_none() && rig.store.is_empty() && rig.updates.is_empty());
}

#[test]
fn its_window_slides_and_what_is_stored_of_it_stays_bounded() {
    let mut rig = rig();
    let (asset, mut most) = (preview(&rig), 0);
    for _ in 0..60 {
        rig.pass(Duration::from_secs(10));
        most = most.max(media(&rig, &asset, "wide"));
    }
    assert!((60..=MOST).contains(&most), "{most} objects of a rung");
    let index = rig.store.iter().filter(|(name, _)| name.contains("/index/"));
    let bytes: usize = index.map(|(_, page)| page.len()).sum();
    assert!(bytes < 1 << 20, "{bytes} bytes of index");
    let listed = manifest(&rig, &asset, "QualityLevels(2000)/Manifest(video,format=m3u8-cmaf)");
    assert_eq!(listed.matches("#EXTINF").count(), 30, "a minute of 2 s: {listed}");
}

#[test]
fn programs_come_and_go_and_neither_sees_the_other() {
    let mut both = rig();
    let mut alone = Rig::new(small_config(), Arc::new(ToyCodecs::default()));
    alone.start();
    for rig in [&mut both, &mut alone] {
        rig.pass(Duration::from_millis(5300));
        let program = rig.start_program("asset");
        rig.pass(Duration::from_millis(9100));
        rig.channel.stop_program(program).unwrap();
        rig.pass(Duration::from_secs(9));
    }
    let asset = preview(&both);
    // What a program holds is byte for byte what it would be without a preview, and the preview has the same fragments.
    let program = AssetName::new("asset").unwrap();
    assert!(changes(&both, &program).eq(changes(&alone, &program)));
    let of_program = both.store.keys().filter(|name| name.starts_with("asset/")).cloned().collect::<Vec<_>>();
    assert!(of_program.len() > 12);
    for name in &of_program {
        assert_eq!(both.object(name), alone.object(name), "{name}");
        let twin = name.replacen("asset", asset.as_str(), 1);
        if name.ends_with(".m4s") {
            assert_eq!(both.object(name), both.object(&twin), "{name}");
            let shared = |name: &str| both.store[name].parts().iter().map(|part| part.as_ptr()).collect::<Vec<_>>();
            assert_eq!(shared(name), shared(&twin), "{name} is copied");
        }
    }
    let segments = segments(&both, &asset);
    assert_gapless(&segments);
    let span = segments.last().unwrap().end().since(segments[0].start);
    assert!(span >= MediaDuration::from_secs(20), "{span:?}");
    assert!(!is_ended(&both, &asset));
    assert_seamless(&alone);
}

#[test]
fn it_ends_with_a_stop_and_a_reset_and_begins_anew_under_another_name() {
    let mut rig = rig();
    let first = preview(&rig);
    rig.pass(Duration::from_secs(5));
    rig.channel.reset(rig.now).unwrap();
    assert!(rig.channel.preview().is_none());
    rig.drain();
    assert!(is_ended(&rig, &first));
    let second = preview(&rig);
    assert_ne!(first, second);
    rig.pass(Duration::from_secs(5));
    assert!(segments(&rig, &second).len() >= 2);
    rig.channel.stop(rig.now).unwrap();
    rig.drain();
    assert_eq!(rig.channel.state(), ChannelState::Stopped, "it holds up no stop");
    assert!(is_ended(&rig, &second) && rig.channel.preview().is_none());
    rig.start();
    let third = preview(&rig);
    assert!(third != first && third != second);
    let told = |event: &Event| match event {
        Event::PreviewStarted { asset } => Some((true, asset.clone())),
        Event::PreviewStopped { asset } => Some((false, asset.clone())),
        _ => None,
    };
    let told: Vec<_> = rig.events.iter().filter_map(|(_, event)| told(event)).collect();
    let [a, b, c] = [first, second, third];
    assert_eq!(told, [(true, a.clone()), (false, a), (true, b.clone()), (false, b), (true, c)]);
}

#[test]
fn it_counts_for_no_quota_and_keeps_no_channel_from_its_idle_shut_off_a4_1_a25_2() {
    let mut rig =
        Rig::new(ChannelConfig { idle_shutoff: Duration::from_secs(20), ..config() }, Arc::new(ToyCodecs::default()));
    rig.start();
    for n in 0..3 {
        rig.start_program(&format!("p{n}"));
    }
    let taken = ProgramConfig::new(preview(&rig));
    let in_use = CommandError::AssetInUse(taken.asset.clone());
    assert_eq!(rig.channel.create_program(taken), Err(in_use));
    let running: Vec<_> = rig.channel.running_programs().map(|(id, _)| id).collect();
    for id in running {
        rig.channel.stop_program(id).unwrap();
    }
    let asset = preview(&rig);
    rig.pass_until(Duration::from_secs(30), |rig| rig.channel.state() == ChannelState::Stopped);
    assert!(is_ended(&rig, &asset));
}

#[test]
fn windows_out_of_range_are_refused() {
    for (secs, is_good) in [(59, false), (60, true), (600, true), (601, false)] {
        let config = ChannelConfig { preview_window: Some(MediaDuration::from_secs(secs)), ..small_config() };
        assert_eq!(config.check().is_ok(), is_good, "{secs} s");
    }
}
