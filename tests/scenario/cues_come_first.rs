//! Cues that come before the pictures that they belong to: a sparse track in a POST of its own, and whatever comes while the
//! first pictures are looked at. They wait until the contribution has its place on the channel's clock (A14.10, FAULTS row 48).

use std::time::Duration;

use headend::{
    channel::{AdMarkers, Event, Session, Slot},
    error::Fault,
    ingest::Demuxed,
    media::{CueCarriage, CueSignal, FrameRate},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    ad_breaks::{assert_exact, insert, on_air, picture_at, reports},
    rig::{
        Rig,
        feed::{Encoder, Feed},
    },
    timeline::assert_seamless,
};

fn session(name: &str, slot: Slot) -> Session {
    Session { name: name.into(), slot, ..Session::new("smooth") }
}

fn start() -> MediaTime {
    MediaTime::from_ticks(9_000_000, Timescale::MPEG)
}

/// A break of two seconds at the `n`th picture of 30 fps, in a sparse track.
fn cue(id: u32, n: i64) -> CueSignal {
    let due = start().plus(FrameRate::FPS_30.frame_duration().times(n));
    let section = insert(id, Some(due), Some(MediaDuration::from_secs(2)), true).to_bytes().unwrap();
    let payload = [&[0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0][..], &section].concat().into();
    CueSignal { carriage: CueCarriage::SparseTrack, at: due, due: Some(due), payload }
}

/// Cues in a POST that ends at once.
fn post(rig: &mut Rig, slot: Slot, cues: impl IntoIterator<Item = CueSignal>) {
    let feed = Feed::default();
    cues.into_iter().for_each(|cue| feed.push(Demuxed::Cue(cue)));
    let id = rig.channel.attach_as(session("Streams(cues)", slot), feed.demuxer(), rig.now).unwrap();
    rig.bytes(id, vec![0]);
    rig.close(id);
}

fn video(rig: &mut Rig) -> Encoder {
    Encoder::attach_as(rig, session("Streams(video)", Slot::Primary), start(), FrameRate::FPS_30, 48_000)
}

fn refusals(rig: &Rig) -> Vec<&'static str> {
    let code = |event: &Event| match event {
        Event::Fault { fault: fault @ Fault::CueRefused { .. }, .. } => Some(fault.code()),
        _ => None,
    };
    rig.events.iter().filter_map(|(_, event)| code(event)).collect()
}

/// The mark of the `n`th picture.
fn mark(n: u8) -> u8 {
    if n.is_multiple_of(30) { 250 } else { 60 + n % 100 }
}

#[test]
fn a_sparse_track_that_comes_first_splices_at_its_picture() {
    // Within what the frame rate is measured by, and after it; some time before, and while the first pictures come.
    for n in [0, 1, 5, 7, 8, 45] {
        for wait in [0, 3_000] {
            for shown in [None, Some(3)] {
                let mut rig = on_air(AdMarkers::Scte35, false);
                let mut encoder = shown.map(|_| video(&mut rig));
                if let Some((encoder, count)) = encoder.as_mut().zip(shown) {
                    (0..count).for_each(|_| {
                        encoder.send_frame(&mut rig);
                        rig.pass(encoder.frame.to_std());
                    });
                }
                // Each message is sent three times.
                post(&mut rig, Slot::Primary, vec![cue(5, n); 3]);
                rig.pass(Duration::from_millis(if shown.is_none() { wait } else { 0 }));
                let mut encoder = encoder.unwrap_or_else(|| video(&mut rig));
                encoder.send(&mut rig, Duration::from_secs(8));
                assert_seamless(&rig);
                let what = format!("picture {n}, {shown:?} shown, {wait} ms before");
                let [out, back] = &reports(&rig)[..] else { panic!("{what}: {:?}", reports(&rig)) };
                assert_eq!(picture_at(&rig, out.splice.achieved), mark(n as u8), "{what}");
                assert_eq!(out.splice.asked, out.splice.achieved, "{what}");
                assert_eq!(back.splice.achieved, out.splice.achieved.plus(MediaDuration::from_secs(2)), "{what}");
                assert_exact(&rig, out);
                assert_eq!(refusals(&rig), Vec::<&str>::new(), "{what}");
            }
        }
    }
}

#[test]
fn what_the_other_slot_said_first_is_not_acted_on() {
    let mut rig = on_air(AdMarkers::Scte35, false);
    post(&mut rig, Slot::Secondary, [cue(5, 45)]);
    let mut encoder = video(&mut rig);
    encoder.send(&mut rig, Duration::from_secs(6));
    assert_eq!((reports(&rig).len(), refusals(&rig)), (0, vec![]));
}

#[test]
fn a_contribution_that_comes_when_the_break_is_over_has_none_of_it_and_none_waits_for_ever() {
    let mut rig = on_air(AdMarkers::Scte35, false);
    post(&mut rig, Slot::Primary, [cue(5, -61)]);
    post(&mut rig, Slot::Primary, [cue(6, -30)]);
    let mut encoder = video(&mut rig);
    encoder.send(&mut rig, Duration::from_secs(4));
    assert_eq!(refusals(&rig), ["CUE_OVER"]);
    assert_eq!(reports(&rig).first().map(|report| report.splice.id), Some(6));
    // More than a minute before.
    let mut rig = on_air(AdMarkers::Scte35, false);
    post(&mut rig, Slot::Primary, [cue(5, 45)]);
    rig.pass(Duration::from_secs(61));
    let mut encoder = video(&mut rig);
    encoder.send(&mut rig, Duration::from_secs(4));
    assert_eq!((refusals(&rig), reports(&rig).len()), (vec!["CUE_NOT_ON_AIR"], 0));
}

#[test]
fn a_flood_of_them_has_an_end() {
    let mut rig = on_air(AdMarkers::Scte35, false);
    post(&mut rig, Slot::Primary, (0..500).map(|n| cue(n, 300 * i64::from(n))));
    let mut encoder = video(&mut rig);
    encoder.send(&mut rig, Duration::from_secs(4));
    assert!(refusals(&rig).contains(&"CUE_LIMIT"), "{:?}", refusals(&rig));
    assert_seamless(&rig);
}
