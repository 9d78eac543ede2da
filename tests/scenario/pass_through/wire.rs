//! Pass-through channels on the bytes of RTMP and Smooth Streaming: what reaches a player has the times and the bytes that
//! were sent, whatever is wrong with them (FAULTS rows 9, 10, 16, 35, 37 to 40 and 66).

use std::time::Duration;

use bytes::Bytes;
use headend::{
    archive::TimelineChange,
    channel::{DetachReason, Event, IngestId, Takeover},
    error::Fault,
    ingest::smooth::{SmoothConfig, SmoothDemuxer, SmoothStreams},
    time::{MediaDuration, MediaTime},
};

use super::config;
use crate::{
    manifests::assert_manifests,
    rig::{
        Rig,
        fragment::Stored,
        hevc,
        rtmp_feed::RtmpFeed,
        rtmp_publisher::with_length,
        script::{Random, Sent, Unit},
        smooth_feed::{Gop, SmoothFeed},
        toy_codecs::ToyCodecs,
        ts_feed::SPS_720,
    },
    timeline::count_faults,
};

pub(super) fn on_air() -> Rig {
    let mut config = config(2000);
    config.takeover = Takeover::Always;
    let mut rig = Rig::new(config, ToyCodecs::shared());
    rig.start();
    rig.start_program("asset");
    rig
}

/// A feed with GOPs of two seconds.
pub(super) fn rtmp(rig: &mut Rig, offset: u32) -> (RtmpFeed, IngestId) {
    let mut feed = RtmpFeed::new(offset);
    feed.script.gop = 60;
    let id = rig.attach_rtmp(&mut feed.publisher);
    rig.bytes(id, feed.headers());
    (feed, id)
}

/// Closes the session and stops the program.
pub(super) fn end(rig: &mut Rig, id: IngestId) {
    let program = rig.channel.running_programs().next().unwrap().0;
    rig.close(id);
    rig.channel.stop_program(program).unwrap();
    rig.pass(Duration::from_secs(3));
    assert_manifests(rig);
}

/// Decode times go on by at least a tick, over all fragments.
fn assert_decodable(stored: &[Stored]) {
    for pair in stored.windows(2) {
        assert!(pair[0].dts + pair[0].duration <= pair[1].dts && pair[0].duration > 0, "{pair:?}");
    }
    assert!(stored.iter().filter(|sample| sample.is_first).all(|sample| sample.is_sync));
}

/// Every picture of `sent` up to the last that is stored, in order, with the bytes and the presentation time that it had.
fn assert_exact<'a>(stored: &[Stored], sent: impl Iterator<Item = &'a Unit>, pts: impl Fn(&Unit) -> i64) {
    let mut shown: Vec<&Stored> = stored.iter().collect();
    shown.sort_by_key(|sample| sample.pts);
    for (sample, unit) in shown.iter().zip(sent) {
        assert!(sample.data.ends_with(&unit.data), "at {}", sample.pts);
        assert_eq!(sample.pts, pts(unit));
    }
}

fn faults(rig: &Rig, code: &str) -> usize {
    rig.count_events(|event| matches!(event, Event::Fault { fault, .. } if fault.code() == code))
}

/// Decode order of eight pictures whose B pictures form a pyramid: I P B b b B b b.
const PYRAMID: [usize; 8] = [0, 7, 4, 2, 1, 3, 6, 5];

/// Decode order of a GOP of 60 in which pictures are shown up to 15 after they are decoded.
fn deep() -> Vec<usize> {
    let mut order = vec![0];
    for group in 0..3 {
        let first = 1 + group * 16;
        order.push(first + 15);
        // Halves of halves.
        let mut spans = std::collections::VecDeque::from([(first, first + 15)]);
        while let Some((from, to)) = spans.pop_front() {
            if from < to {
                let middle = (from + to) / 2;
                order.push(middle);
                spans.push_front((middle + 1, to));
                spans.push_front((from, middle));
            }
        }
    }
    order.extend(49..60);
    order
}

#[test]
fn row_9_a_jump_of_300_ms_is_a_longer_segment_and_no_discontinuity() {
    let mut rig = on_air();
    let (mut feed, id) = rtmp(&mut rig, 1000);
    let start = rig.now.monotonic;
    rig.play(id, start, &feed.pictures(200));
    feed.offset += 300;
    rig.play(id, start, &feed.pictures(220));
    end(&mut rig, id);
    let segments = rig.segments();
    assert!(segments.iter().all(|segment| !segment.is_discontinuous));
    let longer: Vec<_> = segments.iter().filter(|s| s.duration == MediaDuration::from_millis(2300)).collect();
    assert_eq!((longer.len(), segments.len()), (1, 7), "{segments:?}");
    // All that is told is that one segment is longer than the others.
    assert_eq!((count_faults(&rig, |_| 1), faults(&rig, "MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE")), (1, 1));
    assert_eq!(rig.stored("asset", 0).len(), 420);
}

#[test]
fn row_10_twenty_jumps_in_ten_seconds_are_an_event_a_second_and_a_bounded_playlist() {
    for seed in 0..3 {
        let mut rig = on_air();
        let mut random = Random(seed);
        let (mut feed, id) = rtmp(&mut rig, 1_000_000_000);
        let start = rig.now.monotonic;
        rig.play(id, start, &feed.pictures(240));
        for n in 0..20 {
            // A minute and more: a step ahead of less is a gap to a channel that keeps the source's clock.
            let by = 100_000 + random.below(3_600_000) as u32;
            feed.offset = if n % 2 == 0 { feed.offset + by } else { feed.offset - by };
            feed.script.restart();
            rig.play(id, start, &feed.pictures(15));
        }
        rig.play(id, start, &feed.pictures(240));
        end(&mut rig, id);
        let segments = rig.segments();
        // Eight seconds, twenty pieces at most, eight or nine seconds.
        assert!((8..=4 + 20 + 5).contains(&segments.len()), "{}", segments.len());
        let told = faults(&rig, "INGEST_TIME_JUMP");
        assert!((1..=12).contains(&told), "{told}: {:?}", rig.events);
        // The clock of the output went on by the time that it took, and no further.
        let span = segments.last().unwrap().end().since(segments[0].start);
        assert!(span < MediaDuration::from_secs(29), "{span:?}");
        let tail = &segments[segments.len() - 3..];
        assert!(tail.iter().all(|segment| !segment.is_discontinuous || segment.sequence == tail[0].sequence));
    }
}

#[test]
fn row_16_a_publisher_that_takes_over_with_another_clock_goes_on_behind_what_is_stored() {
    let mut rig = on_air();
    let (mut feed, old) = rtmp(&mut rig, 500_000);
    let start = rig.now.monotonic;
    rig.play(old, start, &feed.pictures(270));
    rig.pass(Duration::from_secs(2));
    // Its connection is half open; its encoder comes back on another and counts from zero.
    let (mut feed, new) = rtmp(&mut rig, 0);
    let start = rig.now.monotonic;
    rig.play(new, start, &feed.pictures(270));
    end(&mut rig, new);
    let gone =
        |event: &Event| matches!(event, Event::Detached { ingest, reason: DetachReason::Replaced } if *ingest == old);
    assert_eq!((rig.count_events(gone), rig.closed.first()), (1, Some(&old)));
    let segments = rig.segments();
    assert_eq!(segments.iter().filter(|segment| segment.is_discontinuous).count(), 1, "{segments:?}");
    assert_decodable(&rig.stored("asset", 0));
    assert!(rig.stored("asset", 0).len() >= 500);
}

#[test]
fn row_35_another_codec_or_size_is_left_out_until_what_was_published_is_back() {
    for is_hevc in [true, false] {
        let mut rig = on_air();
        let (mut feed, id) = rtmp(&mut rig, 1000);
        let start = rig.now.monotonic;
        rig.play(id, start, &feed.pictures(240));
        let (sps, publisher) = (feed.sps.clone(), &feed.publisher);
        if is_hevc {
            rig.bytes(id, hevc::config(publisher, 9000));
            for n in 0..60u32 {
                rig.bytes(id, hevc::picture(publisher, 9000 + n * 33, n == 0));
                feed.script.step();
            }
        } else {
            feed.sps = Bytes::from_static(SPS_720);
            rig.bytes(id, feed.headers());
            rig.play(id, start, &feed.pictures(60));
        }
        let others = 240..300;
        feed.sps = sps;
        rig.bytes(id, feed.headers());
        feed.script.restart();
        rig.play(id, start, &feed.pictures(240));
        end(&mut rig, id);
        assert_eq!(faults(&rig, "INGEST_TRACK_LEFT_OUT"), 1, "{:?}", rig.events);
        assert!(faults(&rig, "INGEST_DROPPED") > 0);
        let segments = rig.segments();
        assert_eq!(segments.iter().filter(|segment| segment.is_discontinuous).count(), 1, "{segments:?}");
        // Nothing of the other is mixed in.
        let stored = rig.stored("asset", 0);
        assert_decodable(&stored);
        let sent: Vec<&Unit> = feed.script.pictures().collect();
        let of_other = |sample: &Stored| sent[others.clone()].iter().any(|unit| sample.data.ends_with(&unit.data));
        assert!(!stored.iter().any(of_other));
        assert_eq!(stored.len(), 480, "all that was published");
    }
}

#[test]
fn row_37_over_rtmp_a_gop_that_grows_extends_its_segment_and_the_target_duration_stays() {
    let mut rig = on_air();
    let (mut feed, id) = rtmp(&mut rig, 1000);
    let start = rig.now.monotonic;
    rig.play(id, start, &feed.pictures(240));
    feed.script.gop = 150;
    rig.play(id, start, &feed.pictures(660));
    end(&mut rig, id);
    let segments = rig.segments();
    assert!(segments.iter().any(|segment| segment.duration == MediaDuration::from_secs(5)), "{segments:?}");
    assert!(segments.iter().all(|segment| !segment.is_discontinuous));
    assert_eq!(faults(&rig, "MPE_INGEST_KEY_FRAME_INTERVAL_TOO_LARGE"), 1);
    assert_eq!(assert_manifests(&rig)[0].playlists[0].target, 6);
    assert_eq!(rig.stored("asset", 0).len(), 900);
}

#[test]
fn row_38_pyramids_of_b_pictures_keep_their_times_and_decode_times_go_on() {
    let shallow: Vec<usize> = (0..60).map(|n| if n < 56 { n / 8 * 8 + PYRAMID[n % 8] } else { n }).collect();
    let mut sorted = deep();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..60).collect::<Vec<_>>());
    let reorder = deep().iter().enumerate().map(|(n, shown)| *shown as i64 - n as i64).max().unwrap();
    assert!(reorder >= 11, "{reorder}");
    for (order, delay) in [(shallow, 7), (deep(), 16)] {
        let mut rig = on_air();
        let (mut feed, id) = rtmp(&mut rig, 1000);
        let start = rig.now.monotonic;
        for _ in 0..6 {
            rig.play(id, start, &feed.group(&order, delay));
        }
        end(&mut rig, id);
        let stored = rig.stored("asset", 0);
        assert_eq!(stored.len(), 360);
        assert_decodable(&stored);
        assert_exact(&stored, feed.script.pictures(), |unit| i64::from(feed.millis(unit.at + delay * 3000)) * 90);
        assert_eq!(count_faults(&rig, |_| 1), 0, "{:?}", rig.events);
        assert!(rig.segments().iter().all(|segment| !segment.is_discontinuous));
    }
}

#[test]
fn row_39_negative_composition_times_of_rtmp_and_smooth_give_the_exact_presentation_times() {
    let order: Vec<usize> = (0..60).map(|n| if n < 56 { n / 8 * 8 + PYRAMID[n % 8] } else { n }).collect();
    let mut rig = on_air();
    let (mut feed, id) = rtmp(&mut rig, 1000);
    let start = rig.now.monotonic;
    for _ in 0..6 {
        rig.play(id, start, &feed.group(&order, 0));
    }
    end(&mut rig, id);
    let stored = rig.stored("asset", 0);
    assert_eq!(stored.len(), 360);
    assert_exact(&stored, feed.script.pictures(), |unit| i64::from(feed.millis(unit.at)) * 90);
    assert_decodable(&stored);

    let mut feed = SmoothFeed::new(600_000_000);
    (feed.order, feed.script.gop) = (order, 60);
    let gops = feed.gops(6);
    let rig = smooth(&feed, |_| vec![SmoothFeed::sent(&gops)]);
    let stored = rig.stored("asset", 0);
    assert_eq!(stored.len(), 360);
    assert_exact(&stored, feed.script.pictures(), |unit| unit.at * 1000 / 9 + 600_000_000);
    assert_decodable(&stored);
}

#[test]
fn row_40_decode_times_that_stand_still_or_go_back_by_a_tick_are_moved_on_and_counted() {
    let mut rig = on_air();
    let (mut feed, id) = rtmp(&mut rig, 1000);
    let start = rig.now.monotonic;
    rig.play(id, start, &feed.pictures(100));
    for back in [0, 1, 0, 1, 1] {
        // The decode time of the picture before, or a millisecond less; the presentation time is its own.
        let units = feed.script.step();
        let picture = &feed.script.units[units.end - 1];
        let (before, own) = (feed.millis(picture.at - 3000) - back, feed.millis(picture.at));
        let data = with_length(&picture.data);
        let bytes = feed.publisher.video(before, (own - before) as i32, picture.is_idr, &data);
        rig.bytes(id, bytes);
        rig.play(id, start, &feed.pictures(9));
    }
    rig.play(id, start, &feed.pictures(200));
    end(&mut rig, id);
    let bumped = count_faults(&rig, |fault| if let Fault::Bumped { count } = fault { *count } else { 0 });
    assert_eq!(bumped, 5);
    let stored = rig.stored("asset", 0);
    assert_decodable(&stored);
    assert_exact(&stored, feed.script.pictures(), |unit| i64::from(feed.millis(unit.at)) * 90);
    assert_eq!(stored.len(), 350);
}

/// A pass-through channel that is sent POSTs one after the other, each begun by the header boxes; the pieces of one that are
/// no whole fragment are a connection that breaks.
fn smooth(feed: &SmoothFeed, posts: impl Fn(&[u8]) -> Vec<Vec<Sent>>) -> Rig {
    let mut rig = on_air();
    let streams = SmoothStreams::new();
    let start = rig.now.monotonic;
    let posts = posts(&feed.header());
    let last = posts.len() - 1;
    for (n, sent) in posts.into_iter().enumerate() {
        let mut session = SmoothDemuxer::new(SmoothConfig::default(), streams.clone(), rig.now);
        let (header, sent) = match sent.split_first() {
            Some((first, rest)) if first.bytes.windows(4).any(|kind| kind == b"moov") => {
                (first.bytes.clone(), rest.to_vec())
            }
            _ => (feed.header().into(), sent),
        };
        headend::ingest::Demuxer::push(&mut session, header, rig.now).unwrap();
        let id = rig.attach("smooth", Box::new(session));
        rig.play(id, start, &sent);
        if n == last {
            end(&mut rig, id);
        } else {
            rig.close(id);
        }
    }
    rig
}

/// Stored pictures are those of the GOPs in `whole`, untouched and in order.
fn assert_gops(rig: &Rig, feed: &SmoothFeed, whole: &[usize]) {
    let sent: Vec<&Unit> = feed.script.pictures().collect();
    let expected = whole.iter().flat_map(|gop| sent[gop * 60..(gop + 1) * 60].iter());
    let stored = rig.stored("asset", 0);
    assert_eq!(stored.len(), whole.len() * 60);
    for (sample, unit) in stored.iter().zip(expected) {
        assert!(sample.data.ends_with(&unit.data) && sample.pts == unit.at * 1000 / 9, "{}", sample.pts);
    }
    assert_decodable(&stored);
}

fn eight() -> (SmoothFeed, Vec<Gop>) {
    let mut feed = SmoothFeed::new(0);
    feed.script.gop = 60;
    let gops = feed.gops(8);
    (feed, gops)
}

fn discontinuities(rig: &Rig) -> usize {
    rig.segments().iter().filter(|segment| segment.is_discontinuous).count()
}

#[test]
fn row_66_duplicates_and_fragments_out_of_order_change_no_stored_byte() {
    let (feed, gops) = eight();
    let plain = smooth(&feed, |_| vec![SmoothFeed::sent(&gops)]);
    assert_gops(&plain, &feed, &[0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((discontinuities(&plain), count_faults(&plain, |_| 1)), (0, 0), "{:?}", plain.events);
    for order in [vec![0, 1, 2, 2, 3, 4, 3, 5, 6, 7], vec![0, 1, 2, 4, 3, 5, 6, 7]] {
        let mixed: Vec<Gop> = order.iter().map(|n| gops[*n].clone()).collect();
        // Each at the time at which its place in the row comes.
        let mixed = mixed.iter().zip(0..).map(|(gop, n)| Gop {
            at: Duration::from_millis(2000 * (n + 1) - if n == 4 { 1500 } else { 0 }),
            ..gop.clone()
        });
        let mixed: Vec<Gop> = mixed.collect();
        let rig = smooth(&feed, |_| vec![SmoothFeed::sent(&mixed)]);
        assert_gops(&rig, &feed, &[0, 1, 2, 3, 4, 5, 6, 7]);
        // What comes twice comes later, and manifests say so.
        let listed = |rig: &Rig| {
            rig.updates.iter().filter(|update| !matches!(update.change, TimelineChange::Drifted(_))).count()
        };
        assert_eq!(listed(&rig), listed(&plain));
        assert_eq!(discontinuities(&rig), 0);
        let told = faults(&rig, "FragmentDrop_OverlapTimestamp");
        assert_eq!(told > 0, order.len() > 8, "{:?}", rig.events);
    }
}

#[test]
fn row_66_a_missing_fragment_is_a_marked_gap_in_every_format() {
    let (feed, gops) = eight();
    let without: Vec<Gop> = [0, 1, 2, 4, 5, 6, 7].map(|n| gops[n].clone()).to_vec();
    let rig = smooth(&feed, |_| vec![SmoothFeed::sent(&without)]);
    assert_gops(&rig, &feed, &[0, 1, 2, 4, 5, 6, 7]);
    assert_eq!(discontinuities(&rig), 1);
    assert!(faults(&rig, "MPE_INGEST_DISCONTINUITY") > 0, "{:?}", rig.events);
    // Of one rung's pictures only: the sound of the gap has no segment to be in.
    let mut no_picture = SmoothFeed::sent(&gops);
    no_picture.remove(6);
    let rig = smooth(&feed, |_| vec![no_picture.clone()]);
    assert_gops(&rig, &feed, &[0, 1, 2, 4, 5, 6, 7]);
    assert_eq!(discontinuities(&rig), 1);
}

#[test]
fn row_66_a_post_cut_inside_a_moof_goes_on_with_nothing_lost_and_a_restart_with_another_init_is_left_out() {
    let (feed, gops) = eight();
    let sent = SmoothFeed::sent(&gops);
    let cut = |at: usize| {
        let mut first = sent[..9].to_vec();
        first[8].bytes = first[8].bytes.slice(..at);
        smooth(&feed, |_| vec![first.clone(), sent[6..].to_vec()])
    };
    for at in [3, 60, sent[8].bytes.len() - 1] {
        let rig = cut(at);
        assert_gops(&rig, &feed, &[0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(discontinuities(&rig), 0, "{at}: {:?}", rig.events);
    }
    // The second POST states another size; the third the first one's again.
    let mut big = SmoothFeed::new(0);
    big.sps = Bytes::from_static(SPS_720);
    let other = big.header();
    let head = |bytes: Vec<u8>| Sent { at: sent[8].at, bytes: bytes.into(), units: vec![] };
    let second: Vec<Sent> = std::iter::once(head(other)).chain(sent[8..12].iter().cloned()).collect();
    let rig = smooth(&feed, |_| vec![sent[..8].to_vec(), second.clone(), sent[12..].to_vec()]);
    assert_eq!(faults(&rig, "INGEST_TRACK_LEFT_OUT"), 1, "{:?}", rig.events);
    assert_gops(&rig, &feed, &[0, 1, 2, 3, 6, 7]);
    assert_eq!(discontinuities(&rig), 1);
    assert_eq!(rig.segments().first().map(|segment| segment.start), Some(MediaTime::ZERO));
}
