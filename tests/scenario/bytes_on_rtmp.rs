//! RTMP cut anywhere, with time stamps of every size, and publishers that say goodbye in their own ways (FAULTS rows 63 to 65).

use std::time::Duration;

use headend::{
    channel::{CommandError, DetachReason, Event, IngestId, Input},
    error::Fault,
    splice::OnAir,
};

use crate::{
    rig::{Rig, line::recut, rtmp_feed::RtmpFeed, script::Sent},
    timeline::{assert_in_step, assert_same, assert_same_output, assert_seamless, on_air, pictures},
    watch::watched,
};

/// A publisher on air, with its sequence headers sent.
fn publish(rig: &mut Rig, feed: &mut RtmpFeed) -> IngestId {
    let id = rig.attach_rtmp(&mut feed.publisher);
    rig.bytes(id, feed.headers());
    assert!(feed.publisher.is_accepted() || rig.replies.iter().any(|(of, _)| *of == id));
    id
}

/// A whole publication of `count` pictures, cut by `line`.
fn watch(mut feed: RtmpFeed, count: usize, line: impl Fn(Vec<Sent>) -> Vec<Sent>) -> Rig {
    let (mut rig, seen) = watched();
    let id = publish(&mut rig, &mut feed);
    let start = rig.now.monotonic;
    rig.play(id, start, &line(feed.pictures(count)));
    rig.close(id);
    rig.pass(Duration::from_secs(4));
    assert_seamless(&rig);
    assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 0, "{:?}", rig.events);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.video.len(), count);
    let sounds = feed.script.units.len() - count;
    assert_eq!(seen.audio.len(), sounds);
    rig
}

#[test]
fn row_63_reads_of_one_byte_and_pauses_inside_chunk_headers_change_not_one_byte() {
    let feed = || {
        let mut feed = RtmpFeed::new(0);
        feed.script.size = 300;
        feed
    };
    let plain = watch(feed(), 300, |sent| sent);
    assert_in_step(&plain, 8);
    assert_eq!(on_air(&plain), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
    assert_same(&plain, &watch(feed(), 300, |sent| recut(&sent, || 1)));
    // From three seconds on, five bytes of each picture's first message header come in time and the rest a picture later.
    let paused = |sent: Vec<Sent>| {
        let late = |piece: &Sent| {
            let (head, rest) = (piece.bytes.slice(..5), piece.bytes.slice(5..));
            let pause = if piece.at > Duration::from_secs(3) { 30 } else { 0 };
            [(head, 0), (rest, pause)].map(|(bytes, by)| Sent {
                at: piece.at + Duration::from_millis(by),
                bytes,
                units: vec![],
            })
        };
        sent.iter().flat_map(late).collect()
    };
    assert_same_output(&plain, &watch(feed(), 300, paused));
}

#[test]
fn row_63_a_whole_session_in_one_read_shows_every_picture_in_order() {
    let mut feed = RtmpFeed::new(0);
    let (mut rig, seen) = watched();
    let id = publish(&mut rig, &mut feed);
    let sent = feed.pictures(180);
    let all: Vec<u8> = sent.iter().flat_map(|piece| piece.bytes.iter().copied()).collect();
    rig.bytes(id, all);
    rig.pass(Duration::from_secs(12));
    assert_seamless(&rig);
    assert_in_step(&rig, 5);
    assert_eq!(seen.lock().unwrap().video.len(), 180);
    let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
    let shown: Vec<u8> = pictures(&rig).iter().map(|(_, luma)| *luma).collect();
    assert!(shown.windows(marks.len()).any(|window| window == marks));
}

#[test]
fn row_64_extended_time_stamps_that_start_cross_and_wrap_change_not_one_byte() {
    let run = |offset, repeats, compresses| {
        let mut feed = RtmpFeed::new(offset);
        // Larger than the chunk size of 4 096: messages go on in chunks without a header of their own.
        feed.script.size = 8_000;
        (feed.publisher.repeats_extended, feed.publisher.is_compressing) = (repeats, compresses);
        watch(feed, 240, |sent| sent)
    };
    let plain = run(0, true, false);
    // Headers of types 1 to 3; from a sequence header at 0 on, the first delta may be an extended one.
    assert_same(&plain, &run(0, true, true));
    assert_in_step(&plain, 6);
    for offset in [0xFF_FFFF, 0xFF_FFFF - 4_000, 0x7FFF_FFFF - 4_000, 0u32.wrapping_sub(4_000), 0xFFFF_FFFF] {
        for repeats in [true, false] {
            assert_same(&plain, &run(offset, repeats, false));
            assert_same(&plain, &run(offset, repeats, true));
        }
    }
}

fn detached(rig: &Rig) -> Vec<DetachReason> {
    let reason = |event: &Event| if let Event::Detached { reason, .. } = event { Some(reason.clone()) } else { None };
    rig.events.iter().filter_map(|(_, event)| reason(event)).collect()
}

/// Publishes for four seconds, says goodbye with `farewell` or by hanging up alone, and comes back on another connection.
fn go_and_come_back(farewell: impl Fn(&RtmpFeed) -> Vec<u8>, reason: DetachReason) {
    let (mut rig, _) = watched();
    for round in 0..2 {
        let mut feed = RtmpFeed::new(round * 123_456);
        let id = publish(&mut rig, &mut feed);
        let start = rig.now.monotonic;
        rig.play(id, start, &feed.pictures(120));
        let bye = farewell(&feed);
        if bye.is_empty() {
            rig.close(id);
        } else {
            rig.bytes(id, bye);
        }
        // The session is over: what the connection still sends is for nobody.
        let more = Input::Bytes(id, feed.publisher.publish().into());
        assert_eq!(rig.channel.handle_input(more, rig.now), Err(CommandError::NoIngest(id)));
        rig.pass(Duration::from_secs(3));
    }
    assert_seamless(&rig);
    assert_in_step(&rig, 6);
    assert_eq!(detached(&rig), [reason.clone(), reason]);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate, OnAir::Live, OnAir::Slate]);
}

#[test]
fn row_65_with_and_without_a_goodbye_the_publisher_may_come_back() {
    go_and_come_back(|_| vec![], DetachReason::Closed);
    go_and_come_back(|feed| feed.publisher.delete_stream(), DetachReason::Ended);
    go_and_come_back(|feed| feed.publisher.unpublish(), DetachReason::Ended);
}

#[test]
fn row_65_a_second_publish_on_the_connection_goes_on_with_the_first() {
    let (mut rig, seen) = watched();
    let mut feed = RtmpFeed::new(0);
    let id = publish(&mut rig, &mut feed);
    let start = rig.now.monotonic;
    rig.play(id, start, &feed.pictures(120));
    rig.bytes(id, feed.publisher.publish());
    rig.play(id, start, &feed.pictures(60));
    // The same once more, on a message stream of its own.
    let again = [feed.publisher.create_stream(), feed.publisher.publish()].concat();
    rig.bytes(id, again);
    rig.play(id, start, &feed.pictures(120));
    // Another name is refused, and the first goes on.
    feed.publisher.rename("other");
    rig.bytes(id, feed.publisher.publish());
    rig.play(id, start, &feed.pictures(60));
    rig.close(id);
    rig.pass(Duration::from_secs(4));
    assert_seamless(&rig);
    assert_in_step(&rig, 10);
    assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate]);
    assert_eq!(detached(&rig), [DetachReason::Closed]);
    assert_eq!(seen.lock().unwrap().video.len(), 360);
    let refused = |event: &Event| matches!(event, Event::Fault { fault: Fault::PublishRefused { .. }, count: 1, .. });
    assert_eq!(rig.count_events(refused), 1);
    assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { .. })), 1, "{:?}", rig.events);
}
