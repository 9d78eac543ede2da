//! GOPs and orders of decoding that encoders make, through an encoding channel: long GOPs, pyramids of B pictures, pairs of
//! fields, negative composition times, decode times that stand still (FAULTS rows 37 to 40).

use headend::{channel::Event, error::Fault, splice::OnAir, time::MediaDuration};

use crate::{
    rig::{
        Rig,
        line::datagrams,
        rtmp_feed::RtmpFeed,
        script::Sent,
        toy_codecs::Seen,
        ts_feed::{PPS, TsFeed},
    },
    timeline::{assert_in_step, assert_seamless, count_faults, on_air, pictures},
    watch::{watch, watched},
};

/// Every picture of the feed is shown, in its order, once it is on air; nothing else happened.
fn assert_shown(rig: &Rig, marks: &[u8]) {
    assert_seamless(rig);
    assert_eq!(on_air(rig), [OnAir::Slate, OnAir::Live, OnAir::Slate], "{:?}", rig.events);
    let shown: Vec<u8> = pictures(rig).iter().map(|(_, luma)| *luma).collect();
    assert!(shown.windows(marks.len()).any(|window| window == marks), "{marks:?} in {shown:?}");
}

fn assert_forward(seen: &Seen) {
    assert!(seen.video.windows(2).all(|pair| pair[0].dts < pair[1].dts), "decode times go on");
}

#[test]
fn row_37_a_gop_of_thirty_seconds_is_cut_into_segments_of_two_by_the_ladder() {
    let mut feed = TsFeed::new(900_000);
    feed.script.gop = 900;
    let (rig, seen) = watch(&datagrams(&feed.pictures(950)));
    let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
    assert_shown(&rig, &marks);
    assert_eq!(seen.video.iter().filter(|unit| unit.is_random_access).count(), 2);
    let segments = rig.segments();
    assert!(segments.len() >= 16 && segments.iter().all(|s| s.duration <= MediaDuration::from_secs(2)));
    assert_in_step(&rig, 30);
    assert_eq!(count_faults(&rig, |_| 1), 0, "{:?}", rig.events);
}

/// Decode order of `count` pictures behind an IDR: the last, then halves of halves, as deep as it goes.
fn pyramid(count: usize) -> Vec<usize> {
    let mut order = vec![0, count];
    let mut spans = vec![(1, count)];
    while let Some((from, to)) = spans.pop() {
        if from < to {
            let middle = (from + to) / 2;
            order.push(middle);
            spans.extend([(middle + 1, to), (from, middle)]);
        }
    }
    order
}

#[test]
fn row_38_pyramids_of_b_pictures_without_timing_of_their_own_are_shown_in_order() {
    // Mini GOPs of 7, 15 and 29: the deepest shows a picture 28 places after it is decoded. The SPS has no VUI.
    for (depth, delay) in [(7, 4), (15, 5), (29, 6)] {
        let mut feed = TsFeed::new(900_000);
        feed.script.gop = depth as u64 + 1;
        feed.delay = delay * 3000;
        let mut packets: Vec<Sent> = Vec::new();
        for _ in 0..(360 / (depth + 1)) {
            packets.extend(feed.group(&pyramid(depth)));
        }
        let (rig, seen) = watch(&datagrams(&packets));
        assert_eq!(seen.video.len(), feed.script.pictures().count());
        let largest = seen.video.iter().map(|unit| unit.composition_offset()).max().unwrap();
        assert!(largest >= MediaDuration::from_millis(depth as i64 * 33), "{largest:?}");
        assert_forward(&seen);
        let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
        // At the end of the feed nothing tells when the last pictures, which are to show after it, have their turn.
        assert_shown(&rig, &marks[..marks.len() - delay as usize - 1]);
        assert_in_step(&rig, 10);
        assert_eq!(count_faults(&rig, |_| 1), 0, "{:?}", rig.events);
    }
}

/// Fields as bits, most significant first.
fn bits(fields: &[(u32, u32)]) -> Vec<u8> {
    let all: Vec<u8> =
        fields.iter().flat_map(|(value, count)| (0..*count).rev().map(move |n| (value >> n & 1) as u8)).collect();
    all.chunks(8).map(|byte| (0..8).fold(0, |sum, n| sum << 1 | byte.get(n).copied().unwrap_or(0))).collect()
}

/// Main profile, 320x288, field pictures allowed, `frame_num` of four bits, no VUI (ISO/IEC 14496-10 clause 7.3.2.1.1).
fn interlaced() -> Vec<u8> {
    let head = [(0x67, 8), (77, 8), (0, 8), (30, 8), (1, 1), (1, 1), (3, 3), (2, 3), (0, 1)];
    let size = [(20, 9), (9, 7), (0, 1), (1, 1), (1, 1), (0, 1), (0, 1), (1, 1)];
    bits(&[&head[..], &size[..]].concat())
}

#[test]
fn row_38_pairs_of_fields_are_pictures_and_their_decode_times_go_on() {
    let mut feed = TsFeed::new(900_000);
    feed.sps = interlaced().into();
    let mut packets = Vec::new();
    for n in 0..300u32 {
        let mark = 60 + (n % 100) as u8;
        let is_idr = n % 30 == 0;
        packets.extend(feed.picture(|data| {
            data.clear();
            data.extend(b"\0\0\0\x01\x09\xF0");
            if is_idr {
                data.extend(crate::rig::ts_feed::sets(&interlaced(), PPS));
            }
            // Both fields in one PES packet, each a slice of its own behind its delimiter (clause 7.3.3).
            for is_bottom in [0, 1] {
                if is_bottom == 1 {
                    data.extend(b"\0\0\0\x01\x09\xF0");
                }
                let kind = if is_idr && is_bottom == 0 { 0x65 } else { 0x41 };
                data.extend([0, 0, 1]);
                data.extend(bits(&[(kind, 8), (1, 1), (8, 7), (1, 1), (n % 16, 4), (1, 1), (is_bottom, 1), (1, 1)]));
                data.extend([0x55; 60]);
                data.push(mark);
            }
        }));
    }
    let (rig, seen) = watch(&datagrams(&packets));
    assert_eq!(seen.video.len(), 300, "a frame each");
    assert_forward(&seen);
    let marks: Vec<u8> = (0..300).map(|n| 60 + (n % 100) as u8).collect();
    assert_shown(&rig, &marks);
    assert_eq!(count_faults(&rig, |_| 1), 0, "{:?}", rig.events);
}

#[test]
fn row_39_negative_composition_times_are_shown_at_their_times() {
    let (mut rig, seen) = watched();
    let mut feed = RtmpFeed::new(1000);
    feed.script.gop = 8;
    let id = rig.attach_rtmp(&mut feed.publisher);
    rig.bytes(id, feed.headers());
    let start = rig.now.monotonic;
    for _ in 0..40 {
        rig.play(id, start, &feed.group(&pyramid(7), 0));
    }
    rig.close(id);
    rig.pass(std::time::Duration::from_secs(4));
    let seen = seen.lock().unwrap();
    assert!(seen.video.iter().any(|unit| unit.pts < unit.dts));
    let mut given: Vec<i64> = seen.video.iter().map(|unit| unit.pts.ticks(headend::time::Timescale::MILLIS)).collect();
    given.sort_unstable();
    let sent: Vec<i64> = feed.script.pictures().map(|unit| feed.millis(unit.at).into()).collect();
    assert_eq!(given, sent);
    assert_seamless(&rig);
    assert_in_step(&rig, 9);
}

#[test]
fn row_40_level_and_backward_decode_times_in_a_transport_stream_are_moved_on_and_counted() {
    let run = |backs: &[i64]| {
        let mut feed = TsFeed::new(900_000);
        feed.delay = 6000;
        let mut packets = feed.pictures(150);
        for back in backs {
            // The decode time of the picture before, or a tick less; its own presentation time.
            let units = feed.script.step();
            let index = units.end - 1;
            let picture = feed.script.units[index].clone();
            let data = feed.annex_b(&picture);
            let mut sent = Vec::new();
            for sound in units.start..index {
                sent.extend(feed.sound_again(sound..sound + 1));
            }
            let dts = if *back < 0 { picture.at } else { picture.at - 3000 - back };
            feed.pes(&mut sent, 0x100, index, (picture.at + 6000, dts), &data);
            let at = feed.script.sent_at();
            sent.iter_mut().for_each(|packet| packet.at = at);
            packets.extend(sent);
            packets.extend(feed.pictures(9));
        }
        packets.extend(feed.pictures(100));
        let (rig, seen) = watch(&datagrams(&packets));
        let marks: Vec<u8> = feed.script.pictures().map(|unit| unit.mark).collect();
        assert_shown(&rig, &marks);
        assert_forward(&seen);
        let bumped = |fault: &Fault| if let Fault::Bumped { count } = fault { *count } else { 0 };
        let bumps = count_faults(&rig, bumped);
        assert_eq!(rig.count_events(|event| matches!(event, Event::Fault { fault, .. } if bumped(fault) == 0)), 0);
        (rig, seen, bumps)
    };
    let (plain, seen, none) = run(&[-1, -1, -1, -1]);
    let (bumped, moved, four) = run(&[0, 1, 0, 1]);
    assert_eq!((none, four), (0, 4));
    let times = |seen: &Seen| seen.video.iter().map(|unit| unit.pts).collect::<Vec<_>>();
    assert_eq!(times(&seen), times(&moved), "presentation times are untouched");
    crate::timeline::assert_same_output(&plain, &bumped);
}
